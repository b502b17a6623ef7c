"""No test, and no process that a test starts, can leave this machine."""

from __future__ import annotations

import multiprocessing
import socket
import subprocess
import sys
import textwrap

import pytest

# An address from RFC 5737, for documentation: the guard must refuse it before a packet is sent.
ELSEWHERE = "192.0.2.1"


def in_child(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("call", ["connect", "connect_ex"])
def test_a_child_cannot_connect_elsewhere(call: str) -> None:
    assert (
        in_child(f"""
            import socket
            with socket.socket() as sock:
                sock.settimeout(1)
                try:
                    sock.{call}(("{ELSEWHERE}", 80))
                except RuntimeError as error:
                    print(type(error).__name__, error)
        """)
        == f"NetworkRefused no test may reach {ELSEWHERE}:80"
    )


def test_a_child_cannot_send_datagrams_elsewhere() -> None:
    assert (
        in_child(f"""
            import socket
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                try:
                    sock.sendto(b"?", ("{ELSEWHERE}", 53))
                except RuntimeError as error:
                    print(type(error).__name__)
        """)
        == "NetworkRefused"
    )


def test_a_child_cannot_leave_by_asyncio() -> None:
    assert (
        in_child(f"""
            import asyncio
            async def leave():
                await asyncio.open_connection("{ELSEWHERE}", 80)
            try:
                asyncio.run(leave())
            except RuntimeError as error:
                print(type(error).__name__)
        """)
        == "NetworkRefused"
    )


def test_a_child_finds_no_names() -> None:
    assert (
        in_child("""
            import socket
            try:
                socket.getaddrinfo("news.example", 80)
            except socket.gaierror as error:
                print(error.errno == socket.EAI_NONAME)
        """)
        == "True"
    )


def test_a_child_reaches_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert in_child(f'import socket; socket.create_connection(("127.0.0.1", {port})).close(); print("there")')


def test_worker_processes_are_guarded() -> None:
    context = multiprocessing.get_context("forkserver")
    with context.Pool(1) as pool:
        # A function of the standard library, so that the worker needs to import nothing of ours.
        assert pool.apply(eval, ("__import__('socket').socket.connect.__name__",)) == "guarded_connect"
        pool.close()
        pool.join()


def test_this_process_finds_no_names_either() -> None:
    with pytest.raises(socket.gaierror, match="refused by the network guard"):
        socket.getaddrinfo("news.example", 80)
