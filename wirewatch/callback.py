"""The listener that hubs call: `GET` asks whether a subscription is meant, `POST` pushes what a feed brings.

    {websub.listen}/…/{token}

It stands behind the public address `websub.callback`, most often a reverse proxy with TLS; the last part of the path
says whose call it is, whatever stands before it. Bodies are bounded while they are read. Needs the extra `websub`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingest.content_coding import BodyReader
from ingest.errors import Permanent, Transient
from wirewatch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

    from wirewatch.websub import Hubs

log = logging.getLogger(__name__)

#: Calls at a time; a hub whose call is refused comes again.
MAX_CALLS = 50
#: Seconds in which the body of a push must have come.
BODY_S = 30.0


def make_listener(hubs: Hubs, *, max_bytes: int, body_s: float = BODY_S) -> Starlette:
    """The application. *max_bytes* is the largest body, decoded; it must have come within *body_s* seconds."""

    async def ask(request: Request) -> Response:
        answer = await hubs.verified(request.path_params["token"], request.query_params)
        # Text, so that no browser takes for markup what came with the question.
        return PlainTextResponse(answer.body, status_code=answer.status, headers={"X-Content-Type-Options": "nosniff"})

    async def push(request: Request) -> Response:
        token = request.path_params["token"]
        if not hubs.knows(token):
            return Response(status_code=410)
        try:
            async with asyncio.timeout(body_s):
                body = await _read(request, max_bytes)
        except TimeoutError:
            return Response(status_code=408)
        except (Permanent, Transient) as error:
            log.warning("a push was not taken: %s", error.detail)
            return Response(status_code=413)
        return Response(status_code=hubs.pushed(token, request.headers, body))

    path = "/{before:path}/{token}"
    return Starlette(
        routes=[
            Route(route, endpoint, methods=[method])
            for route in ("/{token}", path)
            for method, endpoint in (("GET", ask), ("POST", push))
        ]
    )


@asynccontextmanager
async def hub_service(hubs: Hubs, *, at: str, max_bytes: int) -> AsyncIterator[None]:
    """Keep the subscriptions and listen for hubs while the body runs; *at* is `websub.listen`.

    Raises ConfigError when that cannot be listened on.
    """
    with _bound(at) as bound:
        await hubs.load()
        async with listening(make_listener(hubs, max_bytes=max_bytes), bound):
            tasks = [
                asyncio.create_task(hubs.work(), name="websub pushes"),
                asyncio.create_task(hubs.keep(), name="websub subscriptions"),
            ]
            log.info("listening for hubs on %s", at)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _bound(at: str) -> socket.socket:
    parts = urlsplit(f"//{at}")
    host = parts.hostname or ""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, parts.port or 0))
        bound.listen()
    except OSError as error:
        bound.close()
        raise ConfigError(f"websub.listen: {at} cannot be listened on: {error.strerror or error}") from error
    return bound


@asynccontextmanager
async def listening(application: Starlette, at: socket.socket) -> AsyncIterator[None]:
    """Serve *application* on the bound socket *at* while the body runs; calls at hand may end within 3 s."""
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MAX_CALLS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([at]), name="websub listener")
    try:
        yield
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the daemon's."""
        yield


async def _read(request: Request, max_bytes: int) -> bytes:
    reader = BodyReader(request.headers.get("content-encoding", ""), max_bytes=max_bytes, subject="a push")
    async for chunk in request.stream():
        if chunk:
            reader.add(chunk)
    return reader.finish()
