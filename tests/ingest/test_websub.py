"""What is asked of hubs and when, how they are answered, and whose pushes are believed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.subscription import HubFeed, Subscription, SubscriptionState
from ingest.websub import (
    ASK_AGAIN_AFTER,
    ASK_DENIED_AFTER,
    LEASE,
    LEAST_LEASE,
    MOST_LEASE,
    choose_hub,
    is_due,
    is_safe_hub,
    is_signed,
    plan_subscriptions,
    subscribe_fields,
    verify,
)

#: of `wirewatch.websub`, which needs more than this package
RENEW_EVERY_S = 20.0

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HUB = "https://hub.example/"
TOPIC = "https://news.example/feed"
ASKED = Subscription(
    feed_id=1,
    hub=HUB,
    topic=TOPIC,
    token="token",
    secret="secret",
    state=SubscriptionState.PENDING,
    lease_until=None,
    asked_at=NOW,
)
ACTIVE = replace(ASKED, state=SubscriptionState.ACTIVE, lease_until=NOW + LEASE)
FEED = HubFeed(feed_id=1, hub=HUB, topic=TOPIC)


def plan(feeds, subscriptions, now=NOW):
    numbers = count()
    return plan_subscriptions(feeds, subscriptions, now=now, draw=lambda: f"drawn {next(numbers)}")


def test_a_feed_with_a_hub_is_subscribed_to():
    asked = plan([FEED], [])
    (new,) = asked.ask
    assert (new.feed_id, new.hub, new.topic, new.state, new.asked_at) == (1, HUB, TOPIC, "pending", NOW)
    assert (new.token, new.secret) == ("drawn 0", "drawn 1")
    assert asked.drop == ()
    assert "drawn" not in repr(new)


def test_what_is_asked_for_or_active_is_left_alone():
    assert plan([FEED], [ASKED]) == plan([FEED], [ACTIVE]) == plan([], [])


def test_a_feed_that_is_gone_is_dropped_and_one_with_another_hub_begins_anew():
    assert plan([], [ACTIVE]).drop == (1,)
    other = [replace(FEED, hub="https://other.example/")]
    assert plan(other, [ACTIVE], NOW + ASK_AGAIN_AFTER - timedelta(seconds=1)).ask == ()
    (new,) = plan(other, [ACTIVE], NOW + ASK_AGAIN_AFTER).ask
    assert (new.token, new.state) == ("drawn 0", "pending")


def test_a_lease_is_renewed_a_day_before_its_end_with_the_same_address():
    assert plan([FEED], [ACTIVE], NOW + LEASE - timedelta(hours=25)).ask == ()
    (again,) = plan([FEED], [ACTIVE], NOW + LEASE - timedelta(hours=23)).ask
    assert (again.token, again.secret, again.state) == ("token", "secret", "active")
    # Asked for, but the hub says nothing: not at every look, but again before it ends.
    assert not is_due(again, again.asked_at + timedelta(hours=1))
    assert is_due(again, again.asked_at + timedelta(hours=12))


def test_a_lease_that_has_run_out_is_asked_for_anew_and_no_more_often_than_a_hub_that_says_nothing():
    (late,) = plan([FEED], [ACTIVE], NOW + LEASE + timedelta(days=1)).ask
    assert (late.token, late.state) == ("token", "pending"), "the program was away, and it does not hold"
    assert not is_due(late, late.asked_at + timedelta(hours=5))
    assert is_due(late, late.asked_at + ASK_AGAIN_AFTER)
    # Asked just before the end, and it ran out.
    last = replace(ACTIVE, asked_at=NOW + LEASE - timedelta(minutes=1))
    assert not is_due(last, NOW + LEASE + timedelta(hours=1))


@given(st.integers(60, 90 * 86_400))
def test_a_hub_that_falls_silent_is_not_pestered(lease_s):
    lease = timedelta(seconds=lease_s)
    held = replace(ACTIVE, lease_until=NOW + lease)
    asked = []
    now = NOW + lease / 4
    while now < NOW + lease + timedelta(days=2):
        for again in plan([FEED], [held], now).ask:
            held = again
            asked += [now]
        # A look a minute, but for the time in which nothing can be due.
        now += timedelta(minutes=1) if now > NOW + lease - timedelta(hours=30) else min(lease / 10, timedelta(hours=6))
    before, after = ([at for at in asked if (at < NOW + lease) is is_before] for is_before in (True, False))
    assert len(before) <= 15
    assert 1 <= len(after) <= 8


@given(st.integers(0, 90 * 86_400), st.floats(0, 1))
def test_a_lease_is_asked_for_anew_before_it_ends_however_short(lease_s, first):
    answer = verify(ASKED, QUESTION | {"hub.lease_seconds": str(lease_s)}, now=NOW)
    held = answer.subscription
    look = NOW + timedelta(seconds=RENEW_EVERY_S * first)
    # The looks before that change nothing.
    look += max(0, (held.lease_until - LEAST_LEASE - timedelta(days=2) - look) // timedelta(seconds=RENEW_EVERY_S)) * (
        timedelta(seconds=RENEW_EVERY_S)
    )
    while not plan([FEED], [held], look).ask:
        look += timedelta(seconds=RENEW_EVERY_S) if lease_s < 9000 else timedelta(minutes=10)
    assert look < held.lease_until
    (again,) = plan([FEED], [held], look).ask
    assert again.state is SubscriptionState.ACTIVE


def test_hubs_that_say_nothing_or_no_are_asked_again_later():
    assert not is_due(ASKED, NOW + ASK_AGAIN_AFTER - timedelta(seconds=1))
    assert is_due(ASKED, NOW + ASK_AGAIN_AFTER)
    denied = replace(ASKED, state=SubscriptionState.DENIED)
    assert not is_due(denied, NOW + ASK_DENIED_AFTER - timedelta(seconds=1))
    assert is_due(denied, NOW + ASK_DENIED_AFTER)


def test_no_secret_is_sent_in_the_clear():
    assert plan([replace(FEED, hub="http://hub.example/")], []).ask == ()
    assert [is_safe_hub(hub) for hub in ("http://8.8.8.8/", "http://[::1]/", "ftp://127.0.0.1/", "")] == [
        False,
        True,
        False,
        False,
    ]


def test_the_first_safe_hub_is_chosen():
    assert choose_hub(["http://hub.example/", HUB, "https://other.example/"]) == HUB
    assert choose_hub(["http://hub.example/"]) is None


def test_the_form_is_what_the_standard_asks_for():
    assert subscribe_fields(ASKED, "https://us.example/websub/") == {
        "hub.callback": "https://us.example/websub/token",
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.lease_seconds": "864000",
        "hub.secret": "secret",
    }


QUESTION = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "why?", "hub.lease_seconds": "3600"}


def test_a_question_for_what_we_meant_is_answered():
    answer = verify(ASKED, QUESTION, now=NOW)
    assert (answer.status, answer.body) == (200, "why?")
    assert (answer.subscription.state, answer.subscription.lease_until) == ("active", NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "change",
    [
        {"hub.topic": "https://other.example/"},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "x" * 5000},
    ],
)
def test_any_other_question_is_not(change):
    answer = verify(ASKED, QUESTION | change, now=NOW)
    assert (answer.status, answer.body, answer.subscription) == (404, "", None)


def test_nobodys_address_is_not_found():
    assert verify(None, QUESTION, now=NOW).status == 404


def test_a_refusal_is_kept_with_its_reason():
    answer = verify(ACTIVE, {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "no\x1b[1m way"}, now=NOW)
    assert (answer.subscription.state, answer.subscription.problem) == ("denied", "no[1m way")
    assert verify(ACTIVE, {"hub.mode": "denied", "hub.topic": TOPIC}, now=NOW).subscription.problem


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        ("3600", timedelta(hours=1)),
        ("1", LEAST_LEASE),
        ("999999999", MOST_LEASE),
        ("9999999999", LEASE),
        ("-5", LEASE),
        ("", LEASE),
    ],
)
def test_a_lease_is_as_long_as_the_hub_says_within_reason(seconds, lease):
    answer = verify(ASKED, QUESTION | {"hub.lease_seconds": seconds}, now=NOW)
    assert answer.subscription.lease_until == NOW + lease


@given(st.text(max_size=20))
def test_a_lease_is_within_bounds_whatever_the_hub_says(seconds):
    lease = verify(ASKED, QUESTION | {"hub.lease_seconds": seconds}, now=NOW).subscription.lease_until - NOW
    assert LEAST_LEASE <= lease <= MOST_LEASE


@given(
    st.binary(max_size=50), st.text(min_size=1, max_size=20), st.sampled_from(["sha1", "sha256", "sha384", "sha512"])
)
def test_a_signature_proves_the_secret_and_the_body(body, secret, method):
    digest = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    assert is_signed(f"{method}={digest}", secret, body)
    assert is_signed(f" {method.upper()}={digest.upper()} ", secret, body)
    assert not is_signed(f"{method}={digest}", secret + "x", body)
    assert not is_signed(f"{method}={digest}", secret, body + b"x")


@pytest.mark.parametrize("signature", ["", "sha256", "sha256=", "md5=" + "0" * 32, "=", "sha256=é", "none=x"])
def test_what_is_no_signature_proves_nothing(signature):
    assert not is_signed(signature, "secret", b"body")
