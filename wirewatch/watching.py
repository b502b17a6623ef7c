"""What is open around a service for those who watch it: the listener, and the signs of life for systemd."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from wirewatch.errors import ConfigError
from wirewatch.health import Health
from wirewatch.notify import Notifier, keep_watchdog
from wirewatch.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wirewatch.app import App


@asynccontextmanager
async def watched(app: App, role: str, *, every_s: float) -> AsyncIterator[tuple[Tally, Health]]:
    """What a service with a tick *every_s* seconds tells how it goes; who asks while the body runs is answered.

    Raises ConfigError where `metrics.listen` cannot be listened on, or what it needs is not installed.
    """
    tally, notifier = Tally(), Notifier.of()
    health = Health(role, every_s=every_s, notifier=notifier)
    async with AsyncExitStack() as stack:
        if app.settings.metrics.listen:
            await stack.enter_async_context(_listening(app, tally, health))
        dog = asyncio.create_task(
            keep_watchdog(
                notifier, is_turning=lambda: health.is_turning, write=lambda: health.write and health.write()
            ),
            name="watchdog of systemd",
        )
        try:
            yield tally, health
        finally:
            health.stopping()
            dog.cancel()
            await asyncio.gather(dog, return_exceptions=True)


@asynccontextmanager
async def _listening(app: App, tally: Tally, health: Health) -> AsyncIterator[None]:
    if find_spec("prometheus_client") is None:
        raise ConfigError(
            "metrics.listen is set, but what writes figures for Prometheus is not installed; "
            'install it with: pip install "wirewatch[metrics]"'
        )
    import logging

    from storage.address import SqliteFile
    from storage.lists.figures import Figures
    from storage.sqlite_file import wal_bytes
    from wirewatch.database_figures import Questions
    from wirewatch.listener import Listener, bind
    from wirewatch.metrics import Metrics
    from wirewatch.space import free_at

    wanted, database = app.settings.metrics, app.database
    with bind(wanted.listen, allow_remote=wanted.allow_remote) as at, Figures(app.settings.database.url) as figures:
        questions = Questions(
            figures,
            wal_bytes=lambda: wal_bytes(database.path) if isinstance(database, SqliteFile) else None,
            free_bytes=lambda: free_at(database),
        )
        metrics = Metrics(tally, health, version=version("wirewatch"), ask=questions.ask)
        async with Listener(health, metrics).listening(at):
            logging.getLogger(__name__).info("figures are told on http://%s/metrics", wanted.listen)
            yield
