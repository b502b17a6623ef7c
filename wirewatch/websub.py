"""Keeps the subscriptions at hubs, and takes in what they push (WebSub); the daemon's side of `ingest.websub`.

A push is answered at once and read afterwards, one after the other: hubs wait for seconds only. One that is lost by a
kill comes with the next poll.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.errors import IngestError, StoreError
from ingest.model import utc_now
from ingest.subscription import SubscriptionState
from ingest.web import Page
from ingest.websub import Verification, is_signed, plan_subscriptions, subscribe_fields, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from ingest.subscription import HubFeed, Subscription

    class SubscriptionStore(Protocol):
        """The part of `storage.store.Store` that this needs."""

        def hub_feeds(self) -> Sequence[HubFeed]:
            """Polled feeds that announce a hub."""
            ...

        def subscriptions(self) -> Sequence[Subscription]:
            """All that are stored."""
            ...

        def save_subscription(self, subscription: Subscription) -> None:
            """Store how one stands."""
            ...

        def drop_subscription(self, feed_id: int) -> None:
            """Forget one."""
            ...

    class Post(Protocol):
        """The part of `ingest.fetch.Fetcher` that this needs."""

        async def post_form(self, url: str, fields: Iterable[tuple[str, str]]) -> object:
            """Send a form; raises Transient or Permanent unless the answer is a 2xx."""
            ...

    class Accept(Protocol):
        """The part of `ingest.pipeline.Pipeline` that this needs."""

        async def accept_push(self, feed_id: int, page: Page) -> object:
            """Take in what a hub has pushed; raises Transient or Permanent."""
            ...


log = logging.getLogger(__name__)

#: Pushes that wait to be read, and their bytes; the hub of one more is told to come back.
MAX_WAITING = 64
MAX_WAITING_BYTES = 32 * 1024 * 1024
#: Seconds between two looks at what is to be asked for. A lease is renewed when half of it is left, so the shortest
#: (`ingest.websub.LEAST_LEASE`) needs more than one look in that time.
RENEW_EVERY_S = 20.0
#: Texts that nobody can guess; 32 characters.
_TOKEN_BYTES = 24


def _draw() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def _without_secrets(said: str, subscription: Subscription) -> str:
    """Take out of what a hub said what it repeats of the form that we sent."""
    return said.replace(subscription.secret, "…").replace(subscription.token, "…")


class Hubs:
    """Subscriptions at hubs. *callback* is our public address, below which each subscription has its own.

    *has_room* says whether anything new may be taken. Call `load` before anything else, and have `work` and `keep`
    running.
    """

    def __init__(
        self,
        *,
        store: SubscriptionStore,
        post: Post,
        pipeline: Accept,
        callback: str,
        has_room: Callable[[], bool] = lambda: True,
        clock: Callable[[], datetime] = utc_now,
        draw: Callable[[], str] = _draw,
    ) -> None:
        self._store = store
        self._post = post
        self._pipeline = pipeline
        self._callback = callback
        self._has_room = has_room
        self._clock = clock
        self._draw = draw
        self._by_token: dict[str, Subscription] = {}
        self._pushes: asyncio.Queue[tuple[Subscription, Page]] = asyncio.Queue(MAX_WAITING)
        self._waiting_bytes = 0
        #: held while a subscription is changed, for that is read, and stored in a thread
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read the subscriptions that are stored."""
        self._by_token = {each.token: each for each in await asyncio.to_thread(self._store.subscriptions)}

    async def renew(self) -> None:
        """Ask for the subscriptions that are missing or end soon, and forget those of feeds that are gone."""
        feeds = await asyncio.to_thread(self._store.hub_feeds)
        plan = plan_subscriptions(feeds, self._by_token.values(), now=self._clock(), draw=self._draw)
        async with self._changing:
            for feed_id in plan.drop:
                await asyncio.to_thread(self._store.drop_subscription, feed_id)
            self._by_token = {token: each for token, each in self._by_token.items() if each.feed_id not in plan.drop}
        for subscription in plan.ask:
            await self._ask(subscription)

    async def keep(self, *, every_s: float = RENEW_EVERY_S) -> None:
        """Renew now and then, until cancelled: hubs become known as feeds are polled."""
        while True:
            try:
                await self.renew()
            except StoreError as error:
                log.error("subscriptions are left for later: %s", error)
            except Exception:
                log.exception("a bug broke the look at subscriptions; it is tried again")
            await asyncio.sleep(every_s)

    async def verified(self, token: str, query: Mapping[str, str]) -> Verification:
        """Answer a hub that asks back; with 503, so that it asks again, when the database cannot keep the answer."""
        async with self._changing:
            answer = verify(self._by_token.get(token), query, now=self._clock())
            if answer.subscription is not None:
                try:
                    await self._keep(answer.subscription)
                except StoreError as error:
                    log.error("hub %s is not answered: %s", answer.subscription.hub, error)
                    return Verification(status=503)
        if answer.subscription is not None:
            if answer.subscription.state is SubscriptionState.DENIED:
                why = _without_secrets(answer.subscription.problem or "", answer.subscription)
                log.warning("hub %s refuses: %s", answer.subscription.hub, why)
            else:
                log.info("hub %s pushes %s", answer.subscription.hub, answer.subscription.topic)
        return answer

    def knows(self, token: str) -> bool:
        """Whether a push to this address is wanted at all."""
        return token in self._by_token

    def pushed(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a push; return the status to answer with. *headers* have names in lower case.

        410 for an address that is nobody's; 503, so that the hub comes back, when too many wait or the disk is nearly
        full; else 202, also where the signature is wrong:
        what is not signed is not read, and who sent it need not know.
        """
        subscription = self._by_token.get(token)
        if subscription is None:
            return 410
        if not is_signed(headers.get("x-hub-signature", ""), subscription.secret, body):
            log.warning("a push for %s is not signed as agreed and is ignored", subscription.topic)
            return 202
        page = Page(
            requested_url=subscription.topic,
            url=subscription.topic,
            moved_to=None,
            status=200,
            headers={name: headers[name] for name in ("content-type", "content-language", "link") if name in headers},
            body=body,
        )
        if not self._has_room():
            return 503
        if self._pushes.full() or (self._waiting_bytes and self._waiting_bytes + len(body) > MAX_WAITING_BYTES):
            return 503
        self._pushes.put_nowait((subscription, page))
        self._waiting_bytes += len(body)
        return 202

    async def work(self) -> None:
        """Read what is pushed, until cancelled."""
        while True:
            subscription, page = await self._pushes.get()
            try:
                await self._pipeline.accept_push(subscription.feed_id, page)
                async with self._changing:
                    current = self._by_token.get(subscription.token)
                    if current is not None:
                        await self._keep(replace(current, last_push_at=self._clock()))
            except (IngestError, StoreError, LookupError) as error:
                log.warning("a push for %s was not read: %s", subscription.topic, error)
            except Exception:
                log.exception("a bug broke a push for %s; it comes with the next poll", subscription.topic)
            finally:
                self._waiting_bytes -= len(page.body)
                self._pushes.task_done()

    async def settle(self) -> None:
        """Wait until all that was pushed is read."""
        await self._pushes.join()

    async def _ask(self, subscription: Subscription) -> None:
        # Stored before it is asked for: the hub may ask back before it answers.
        async with self._changing:
            await self._keep(subscription)
        try:
            await self._post.post_form(subscription.hub, subscribe_fields(subscription, self._callback).items())
        except IngestError as error:
            problem = _without_secrets(error.detail, subscription)
            log.warning("hub %s was not asked for %s: %s", subscription.hub, subscription.topic, problem)
            async with self._changing:
                current = self._by_token.get(subscription.token, subscription)
                await self._keep(replace(current, problem=problem))

    async def _keep(self, subscription: Subscription) -> None:
        # What could not be stored does not hold: it is asked for, or verified, again.
        await asyncio.to_thread(self._store.save_subscription, subscription)
        others = {t: each for t, each in self._by_token.items() if each.feed_id != subscription.feed_id}
        self._by_token = {**others, subscription.token: subscription}
