"""Logs: one JSON object an event, what it is about, and no secret in any format."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wirewatch import logs
from wirewatch.logs import bound, redact_text


@pytest.fixture
def written(capsys):
    """What the root logger writes once it is set up: `written("json")` gives a function that reads it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    named = {name: logging.getLogger(name).level for name in ("apscheduler", "httpx2", "httpcore2", "procrastinate")}

    def begin(how):
        # those of pytest, which come for each phase of a test
        root.handlers.clear()
        logs.log_as(how)
        return lambda: capsys.readouterr().err

    yield begin
    root.handlers[:] = before
    root.setLevel(level)
    for name, its in named.items():
        logging.getLogger(name).setLevel(its)
    logging.captureWarnings(capture=False)


def test_an_event_is_one_object_with_what_it_is_about(written):
    read = written("json")
    log = logging.getLogger("wirewatch.cycle")
    with bound(host="a.example", feed=3):
        with bound(entry=5):
            log.info("read %s", "it")
        log.warning("feed failed")
    log.info("after")
    first, second, third = map(json.loads, read().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "logger": "wirewatch.cycle",
        "event": "read it",
        "host": "a.example",
        "feed": 3,
        "entry": 5,
    }
    assert (second["feed"], "entry" in second, second["level"]) == (3, False, "warning")
    assert "feed" not in third


async def test_steps_side_by_side_do_not_mix_and_threads_know_what_they_are_for(written):
    read = written("json")
    log = logging.getLogger("x")

    async def step(entry):
        with bound(entry=entry):
            await asyncio.sleep(0)
            await asyncio.to_thread(log.info, "%d", entry)

    await asyncio.gather(*map(step, range(10)))
    events = [json.loads(line) for line in read().splitlines()]
    assert sorted(event["entry"] for event in events) == list(range(10))
    assert all(event["event"] == str(event["entry"]) for event in events)


def test_a_traceback_stands_on_the_same_line(written):
    read = written("json")
    try:
        int("https://me:s3cret@a.example/")
    except ValueError:
        logging.getLogger("x").exception("broke")
    (line,) = read().splitlines()
    event = json.loads(line)
    assert event["traceback"].startswith("Traceback (most recent call last):\n")
    assert event["traceback"].endswith("'https://a.example/'")
    assert "s3cret" not in line.replace('int(\\"https://a.example/', "")


def test_a_wrong_call_is_still_one_line(written):
    read = written("json")
    logging.getLogger("x").warning("so many: %d", "none")
    assert json.loads(read())["event"].startswith("so many: %d (('none',): ")


@given(st.text())
@example("\x1b[2J\u202e\x85\u2028\ud800\r\n\x00")
def test_whatever_is_logged_is_one_line_without_controls(text):
    record = logging.makeLogRecord({"msg": "%s", "args": (text,), "levelname": "INFO", "name": "x"})
    line = logs._json_formatter().format(record)
    assert isinstance(json.loads(line)["event"], str)
    assert len(line.splitlines()) == 1
    assert not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0x202A <= ord(sign) < 0x202F for sign in line)


def test_lines_for_people_are_as_they_were_without_secrets_and_controls(written):
    read = written("text")
    logging.getLogger("x").info("polled https://me:pw@a.example/\x1b[2J")
    line = read()
    stamp, text = line[:23], line[23:]
    assert stamp[4] == stamp[7] == "-"
    assert text == " INFO    polled https://a.example/[2J\n"


SECRET = "s3cr3tw0rd"


@pytest.mark.parametrize(
    "said",
    [
        "https://me:{}@a.example/feed",
        "https://me:p@{}@a.example/feed",
        "https://{}@a.example",
        "HTTPS:\\\\me:{}@a.example",
        "from //me:{}@a.example/x",
        "postgresql://me:{}@127.0.0.1/news",
        "postgresql://127.0.0.1/news?password={}",
        "host=a user=b password={} dbname=c",
        "password='two {}'",
        "Authorization: Basic {}==",
        "authorization: bearer {}",
        "{{'Authorization': 'Bearer {}', 'Accept': '*/*'}}",
        "[(b'authorization', b'Basic {}')]",
        "Proxy-Authorization: {}",
        "Cookie: a=b; sid={}",
        "Set-Cookie: sid={}; HttpOnly",
        "X-Api-Key: {}",
        "Bearer {}{}",
        "https://a.example/feed?token={}",
        "https://a.example/feed?a=b&api_key={}&c=d",
        'hub.secret="{}"',
    ],
)
def test_secrets_are_taken_out_by_their_form(said):
    assert SECRET not in redact_text(said.format(SECRET, SECRET))


@pytest.mark.parametrize(
    "said",
    [
        "feed https://a.example/@user/feed?page=2: put off",
        "http://127.0.0.1:8080/a@b, c",
        "wrote to me@a.example at 12:30",
        "rules/own.rules:3: a secret, they said",
        "the token of the tokenizer",
        "no password is set",
        "authorization failed",
        "keyword=1 https://a.example/?keyword=ferry&monkey=2",
    ],
)
def test_what_is_no_secret_stays(said):
    assert redact_text(said) == said


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_to_take_out_twice_changes_nothing(text):
    assert redact_text(redact_text(text)) == redact_text(text)
