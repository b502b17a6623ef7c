"""Which addresses may be connected to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.address_guard import AddressGuard, AddressRefused, is_public

INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "172.15.255.255", "172.32.0.0", "192.0.1.1", "223.255.255.255", "::ffff:8.8.8.8",
    "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00::1", "2001:200::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address):
    assert not is_public(address)
    with pytest.raises(AddressRefused):
        AddressGuard().check("name.example", 80, [address])


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address):
    assert is_public(address)
    AddressGuard().check("name.example", 80, [address])


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "8.8.8.8 ", "8.8.8.8:80", "[::1]", "0x7f000001", "८.8.8.8"])
def test_what_is_no_address_is_not_public(text):
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_never_wider_than_the_standard_library(address):
    """Whatever Python calls private, reserved or multicast is refused; IPv6's clothes change nothing."""
    assert is_public(str(address)) <= (address.is_global and not address.is_multicast)
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@given(st.ip_addresses(v=6))
def test_never_wider_than_the_standard_library_for_ipv6(address):
    if address.ipv4_mapped is None:
        assert is_public(str(address)) <= (address.is_global and not address.is_multicast)


@given(st.ip_addresses(v=4))
def test_addresses_that_carry_another_one_are_refused(address):
    number = int(address)
    for carrier in (
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x20010000 << 96) | (~number & 0xFFFFFFFF)),
        ipaddress.IPv6Address((0xFFFF << 48) | number),
    ):
        assert not is_public(str(carrier))


@given(st.lists(st.sampled_from(OUTSIDE)), st.sampled_from(INSIDE), st.lists(st.sampled_from(OUTSIDE)))
def test_one_address_inside_spoils_the_name(before, bad, after):
    with pytest.raises(AddressRefused, match=r"name\.example resolves to"):
        AddressGuard(["10.0.0.0/30:80"]).check("name.example", 443, [*before, bad, *after])


@pytest.mark.parametrize(
    ("item", "host", "port", "address", "allowed"),
    [
        ("127.0.0.0/8", "127.0.0.5", 9000, "127.0.0.5", True),
        ("127.0.0.0/8", "any.example", 80, "127.0.0.5", True),
        ("127.0.0.0/8", "any.example", 80, "10.0.0.5", False),
        ("127.0.0.0/8", "any.example", 80, "::ffff:127.0.0.5", True),
        ("::ffff:127.0.0.0/104", "any.example", 80, "127.0.0.5", True),
        ("127.0.0.1", "127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", 80, "127.0.0.2", False),
        ("127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1", True),
        ("127.0.0.1:8080", "127.0.0.1", 80, "127.0.0.1", False),
        ("10.0.0.0/8:443", "x.example", 443, "10.9.8.7", True),
        ("10.0.0.0/8:443", "x.example", 80, "10.9.8.7", False),
        (" Intranet.Example:443 ", "intranet.example", 443, "10.9.8.7", True),
        ("intranet.example:443", "intranet.example", 80, "10.9.8.7", False),
        ("intranet.example:443", "www.intranet.example", 443, "10.9.8.7", False),
        ("localhost:80", "localhost", 80, "::1", True),
        ("[::1]:8080", "::1", 8080, "::1", True),
        ("[::1]:8080", "::1", 80, "::1", False),
        ("[::1]", "::1", 80, "::1", True),
        ("::1", "::1", 80, "::1", True),
        ("fd00::/8", "::1", 80, "fd12::1", True),
        ("[fd00::/8]:80", "x.example", 80, "fd12::1", True),
        ("[fd00::/8]:80", "x.example", 81, "fd12::1", False),
    ],
)
def test_allowed_items(item, host, port, address, allowed):
    guard = AddressGuard(["192.0.2.0/24", item])
    if allowed:
        guard.check(host, port, [address, "8.8.8.8"])
    else:
        with pytest.raises(AddressRefused):
            guard.check(host, port, [address])


@pytest.mark.parametrize(
    "item",
    ["", "x", "localhost", "10.0.0.0/99", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:99999", "host:", "host:x", ":80",
     "http://host:80", "host:80/x", "a b:80", "[::1", "[::1]:", "[host]:80/1", "*.example:80", "-x:80",
     "1.2.3.4:80:90"],
)  # fmt: skip
def test_bad_items_are_named(item):
    with pytest.raises(ValueError, match=r"fetch\.allow") as caught:
        AddressGuard(["127.0.0.0/8", item])
    assert f'"{item}"' in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "address", "item"),
    [
        ("127.0.0.1", 8800, "127.0.0.1", "127.0.0.1:8800"),
        ("::1", 80, "::1", "[::1]:80"),
        ("intranet.example", 443, "10.0.0.1", "intranet.example:443"),
    ],
)
def test_refusal_names_the_setting_and_an_item_that_helps(host, port, address, item):
    with pytest.raises(AddressRefused) as caught:
        AddressGuard().check(host, port, [address])
    assert f'add "{item}" to the setting fetch.allow' in str(caught.value)
    AddressGuard([item]).check(host, port, [address])
