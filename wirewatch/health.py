"""How a service stands: does it turn, is it ready. The tick tells, and those who ask from outside are answered.

It *turns* while ticks end, well or with trouble, often enough; it is *ready* when it turns, the database answers, and
rules are in force. A database that is away makes it unready, and does not mean that it is stuck.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirewatch.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.store import Store

#: So many ticks may pass without the end of one.
TICKS = 3
#: A short tick can take longer than the time between two when there is much to do; less than this is never too long.
LEAST_S = 15.0
#: So long an answer of the database is awaited, in seconds, and so long it holds.
ANSWER_S = 2.0
HOLDS_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a service is ready, and what it lacks in words."""

    role: str
    rules: str
    #: since the last tick ended; None: none has
    tick_age_s: float | None
    faults: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Nothing is lacking."""
        return not self.faults


def longest_quiet_s(every_s: float) -> float:
    """How long no tick may end where there is one every so many seconds.

    >>> longest_quiet_s(10.0), longest_quiet_s(0.2)
    (30.0, 15.0)
    """
    return max(TICKS * every_s, LEAST_S)


class Health:
    """How this process stands; for one event loop.

    *role* is run, worker or scheduler, *every_s* the time between two ticks. *ask* is a short question to the database,
    which may raise and is awaited for *answer_s* seconds; *notifier* passes on to systemd what happens.
    """

    def __init__(
        self,
        role: str = "run",
        *,
        every_s: float = 10.0,
        notifier: Notifier | None = None,
        answer_s: float = ANSWER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer_s = answer_s
        self.role = role
        #: version of the rules in force; empty: none are yet, or this process needs none to do what it does
        self.rules: Callable[[], str] = str
        #: whether there must be rules in force for it to be ready
        self.needs_rules = True
        self.ask: Callable[[], object] | None = None
        #: what is tried to see whether the database can be written; see `notify.keep_watchdog`
        self.write: Callable[[], object] | None = None
        self.last_tick_at: float | None = None
        self._longest_s = longest_quiet_s(every_s)
        self._notifier = notifier or Notifier("")
        self._clock = clock
        self._began = clock()
        self._ticked: float | None = None
        self._trouble = ""
        self._is_up = False
        self._is_stopping = False
        self._loads = 0
        self._asking: asyncio.Task[str] | None = None
        self._answer: tuple[float, str] | None = None

    def use(self, store: Store, *, rules: Callable[[], str] = str) -> None:
        """From now on *store* is asked and tried, and *rules* says which version is in force."""
        self.ask, self.write, self.rules = store.last_topic_change, store.try_to_write, rules

    # --- what the service tells ---------------------------------------------------------------------

    def started(self) -> None:
        """All is set up, ticks begin."""
        self._is_up = True
        self._began = self._clock()
        self._notifier.ready()

    def ticked(self, trouble: str = "") -> None:
        """A tick has ended, with *trouble* that kept it from its work or without."""
        self._ticked, self.last_tick_at, self._trouble = self._clock(), time.time(), trouble

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Files are read or the like, while no tick can end; however long that takes, it is not stuck."""
        self._loads += 1
        try:
            yield
        finally:
            self._loads -= 1
            self._began = self._clock()

    def reloading(self) -> None:
        """It was asked to read its files again."""
        if self._is_up and not self._is_stopping:
            self._notifier.reloading()

    def reloaded(self) -> None:
        """It has done so."""
        if self._is_up and not self._is_stopping:
            self._notifier.ready()

    def stopping(self) -> None:
        """It was asked to end, or ends for a reason of its own; calling it again does nothing."""
        if not self._is_stopping:
            self._is_stopping = True
            self._notifier.stopping()

    # --- what others ask ----------------------------------------------------------------------------

    @property
    def tick_age_s(self) -> float | None:
        """Seconds since a tick ended; None: none has."""
        return None if self._ticked is None else self._clock() - self._ticked

    @property
    def is_turning(self) -> bool:
        """Whether a tick has ended lately, or cannot have."""
        if self._loads or not self._is_up or self._is_stopping:
            return True
        return self._clock() - max(self._began, self._ticked or self._began) <= self._longest_s

    async def judge(self) -> Verdict:
        """Whether it is ready; asks the database, unless that has answered just now."""
        faults = []
        if self._is_stopping:
            faults.append("it is stopping")
        elif not self._is_up or self._ticked is None:
            faults.append("it is starting")
        elif not self.is_turning:
            faults.append(f"no tick has ended for {self.tick_age_s:.0f} s")
        rules = self.rules()
        if self.needs_rules and not rules:
            faults.append("no rules are in force yet")
        if trouble := await self._ask() or self._trouble:
            faults.append(trouble)
        return Verdict(role=self.role, rules=rules, tick_age_s=self.tick_age_s, faults=tuple(faults))

    async def _ask(self) -> str:
        """What the database says to be the matter, empty when nothing is."""
        if self.ask is None:
            return ""
        if self._answer is not None and self._clock() - self._answer[0] < HOLDS_S:
            return self._answer[1]
        # One question at a time: each of them may hold a thread for as long as a connection takes to fail.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(_answer_of(self.ask), name="readiness")
        await asyncio.wait([self._asking], timeout=self._answer_s)
        said = self._asking.result() if self._asking.done() else "the database does not answer"
        self._answer = (self._clock(), said)
        return said


async def _answer_of(ask: Callable[[], object]) -> str:
    try:
        await asyncio.to_thread(ask)
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever asked is to hear of it
        return f"the database cannot be used: {error}"
    return ""
