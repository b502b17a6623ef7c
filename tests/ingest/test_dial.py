"""Resolving and checking, with a resolver that answers whatever it likes; only loopback is ever connected to."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address_guard import AddressGuard, AddressRefused, is_public
from ingest.dial import check_name, dial

PUBLIC = st.one_of(st.ip_addresses(v=4).map(str).filter(is_public), st.ip_addresses(v=6, network="2600::/8").map(str))
#: every address that an IPv4 one can hide in, and every range that is not public
INSIDE = st.one_of(
    *(
        st.ip_addresses(network=network).map(str)
        for network in (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "::ffff:10.0.0.0/104", "::ffff:127.0.0.0/104", "::ffff:0:0:0/96", "64:ff9b::/96",
            "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:10::/28", "2001:db8::/32", "2002::/16", "fc00::/7",
            "fe80::/10", "fec0::/10", "ff00::/8",
        )
    ),
    st.sampled_from(["fe80::1%eth0", "rubbish", "", "127.1", "0x7f000001"]),
)  # fmt: skip


class Names:
    """Answers with each list in turn, and counts."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host, _port):
        self.asked += 1
        return self.answers[self.asked - 1]


@given(st.lists(PUBLIC, max_size=6), INSIDE, st.lists(PUBLIC | INSIDE, max_size=6), st.sampled_from([80, 443, 8080]))
def test_one_address_inside_spoils_the_name_wherever_it_stands(before, bad, after, port):
    """The law: every address that the name resolves to is checked before the first connection, and it is asked once."""
    names = Names([*before, bad, *after])
    with pytest.raises(AddressRefused):
        asyncio.run(dial("wire.example", port, guard=AddressGuard(), resolve=names))
    assert names.asked == 1


@given(st.lists(PUBLIC, min_size=1, max_size=6))
def test_the_addresses_that_are_tried_are_those_that_were_checked(addresses):
    """Rebinding: a second answer is never asked for, so it cannot matter."""
    names = Names(addresses, ["10.0.0.1"])
    checked = asyncio.run(check_name("wire.example", 443, guard=AddressGuard(), resolve=names))
    assert checked == list(dict.fromkeys(addresses))
    assert names.asked == 1


async def test_addresses_are_not_looked_up():
    with pytest.raises(AddressRefused):
        await dial("10.0.0.1", 80, guard=AddressGuard(), resolve=Names())


async def test_a_name_without_addresses():
    with pytest.raises(socket.gaierror):
        await dial("wire.example", 80, guard=AddressGuard(), resolve=Names([]))


async def test_a_refused_connection_is_told_in_words():
    async with await asyncio.start_server(lambda *_: None, "127.0.0.2", 0) as server:
        port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as caught:
        await dial("127.0.0.2", port, guard=AddressGuard(["127.0.0.0/8"]), resolve=Names())
    assert caught.value.strerror == f"127.0.0.2 port {port}: Connection refused"


async def test_the_very_address_is_connected_to():
    async def greet(_reader, writer):
        writer.write(writer.get_extra_info("sockname")[0].encode())
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.2", 0) as server:
        port = server.sockets[0].getsockname()[1]
        names = Names(["127.0.0.9", "127.0.0.2"], ["127.0.0.3"])
        reader, writer = await dial("wire.example", port, guard=AddressGuard(["127.0.0.0/8"]), resolve=names)
        assert await reader.read() == b"127.0.0.2"
        writer.close()
        await writer.wait_closed()
    assert names.asked == 1
