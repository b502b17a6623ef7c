"""A small HTTP server on several loopback addresses at once, for the sample newsroom.

It knows nothing of news: a function is given each request and says what to answer.
"""

from __future__ import annotations

import errno
import socketserver
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

#: A kept-alive connection is closed after this long without a request.
IDLE_TIMEOUT_S = 15.0

#: How often each accept loop looks whether it should stop.
STOP_CHECK_S = 0.05

#: How often a free port is tried that turns out to be taken on one of the hosts.
BIND_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request as it came in, with the place in the list of hosts that it came to."""

    place: int
    method: str
    #: with the query, as sent
    target: str
    #: names as sent
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What to send. Content-Length is added."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: seconds to wait before the first byte
    delay_s: float = 0.0


class LoopbackServer:
    """Answers on all of *hosts*, at the same port, from threads of its own until `stop`.

    Port 0 takes one that is free on every host. Where the system has only 127.0.0.1 (macOS, Windows), or
    with *one_host*, every place in the list gets a port of its own there; `addresses` tells. Raises
    OSError when a port is taken.
    """

    def __init__(
        self,
        answer: Callable[[WebRequest], WebAnswer],
        hosts: Sequence[str],
        *,
        port: int = 0,
        one_host: bool = False,
    ) -> None:
        self._stopping = threading.Event()
        self._listeners = _listen(hosts, port, one_host=one_host)
        #: (host, port) of each place
        self.addresses = tuple(listener.address for listener in self._listeners)
        self._threads = [
            threading.Thread(target=listener.serve_forever, args=(STOP_CHECK_S,), name=f"newsroom-{place}")
            for place, listener in enumerate(self._listeners)
        ]
        for place, (listener, thread) in enumerate(zip(self._listeners, self._threads, strict=True)):
            listener.place, listener.answer, listener.stopping = place, answer, self._stopping
            # A program that forgets to stop us can end all the same.
            thread.daemon = True
            thread.start()

    def stop(self) -> None:
        """Close all sockets and end all threads; waits for answers that are being written."""
        self._stopping.set()
        stoppers = [threading.Thread(target=listener.stop) for listener in self._listeners]
        for thread in stoppers:
            thread.start()
        for thread in (*stoppers, *self._threads):
            thread.join()


class _Listener(ThreadingHTTPServer):
    """One listening socket and its open connections."""

    daemon_threads = True
    request_queue_size = 128
    place: int
    answer: Callable[[WebRequest], WebAnswer]
    stopping: threading.Event

    def __init__(self, host: str, port: int) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_empty = threading.Condition(self._lock)
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> tuple[str, int]:
        return str(self.server_address[0]), int(self.server_address[1])

    def server_bind(self) -> None:
        # The parent would look the host's name up, which can ask a DNS server.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.address

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._is_empty:
            self._open.discard(request)
            self._is_empty.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away is no fault of ours.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        with self._is_empty:
            for connection in self._open:
                try:
                    # Wakes a thread that waits for the next request; it then closes the socket itself.
                    connection.shutdown(0)
                except OSError as error:
                    if error.errno not in (errno.ENOTCONN, errno.EBADF):
                        raise
            self._is_empty.wait_for(lambda: not self._open)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes what `answer` says."""

    protocol_version = "HTTP/1.1"
    server_version = "newsroom"
    timeout = IDLE_TIMEOUT_S
    disable_nagle_algorithm = True
    server: _Listener

    def do_GET(self) -> None:
        self._respond(has_body=True)

    def do_HEAD(self) -> None:
        self._respond(has_body=False)

    def _respond(self, *, has_body: bool) -> None:
        request = WebRequest(
            place=self.server.place, method=self.command, target=self.path, headers=dict(self.headers.items())
        )
        answer = self.server.answer(request)
        if answer.delay_s:
            self.server.stopping.wait(answer.delay_s)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if has_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name
        """Say nothing: the newsroom keeps its own log."""


def _listen(hosts: Sequence[str], port: int, *, one_host: bool) -> list[_Listener]:
    if not one_host:
        try:
            return _listen_on_each(hosts, port)
        except OSError as error:
            # Only Linux answers on all of 127.0.0.0/8 without being told.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    return _bind_all([("127.0.0.1", 0 if place else port) for place in range(len(hosts))])


def _listen_on_each(hosts: Sequence[str], port: int) -> list[_Listener]:
    for attempt in range(1, BIND_ATTEMPTS + 1):
        first = _Listener(hosts[0], port)
        try:
            return [first, *_bind_all([(host, first.address[1]) for host in hosts[1:]])]
        except OSError as error:
            first.server_close()
            if port or attempt == BIND_ATTEMPTS or error.errno != errno.EADDRINUSE:
                raise
    raise AssertionError("unreachable")


def _bind_all(addresses: Sequence[tuple[str, int]]) -> list[_Listener]:
    """All of them or, with the error, none."""
    listeners: list[_Listener] = []
    try:
        for host, port in addresses:
            listeners.append(_Listener(host, port))
    except OSError:
        for listener in listeners:
            listener.server_close()
        raise
    return listeners
