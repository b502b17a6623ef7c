"""Addresses of databases: what is meant by them, and that no password in one is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import PostgresDatabase, SqliteFile, read_address, without_secrets
from storage.errors import DatabaseUrlInvalid


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_three_names_mean_one_driver(scheme):
    address = read_address(f"{scheme}://news:s3cret@db.example:5433/news?sslmode=require")
    assert address.shown == "postgresql://news@db.example:5433/news"
    assert address.url.drivername == "postgresql+psycopg"
    assert (address.url.password, address.url.query["sslmode"]) == ("s3cret", "require")
    assert address == PostgresDatabase(address.shown, address.url)
    assert "s3cret" not in repr(address)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql:///news", "postgresql:///news"),
        ("postgresql:///news?host=/run/postgresql", "postgresql:///run/postgresql/news"),
        ("postgresql://[::1]:5432/news", "postgresql://[::1]:5432/news"),
        ("postgresql://?service=news", "postgresql://news/"),
        ("postgresql://a@h/news?password=s3cret", "postgresql://a@h/news"),
    ],
)
def test_servers_are_shown_by_user_host_and_name(url, shown):
    assert read_address(url).shown == shown
    assert without_secrets(url) == shown


def test_a_path_is_taken_as_it_stands():
    assert read_address("sqlite:////a b%20?.db") == SqliteFile(Path("/a b%20?.db"))
    assert without_secrets("sqlite:////a@b.db") == "sqlite:////a@b.db"


SECRET = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/?#@:[]"), min_size=6).map(
    "s3cret{}".format
)


@given(
    scheme=st.sampled_from(["postgresql", "postgres", "mysql", "http", ""]),
    secret=SECRET,
    form=st.sampled_from(
        [
            "{}://a:{}@h/n",
            "{}://a:{}@h:port/n",
            "{}://a:{}@h",
            "{}://h/n?password={}",
            "{}://a:x@y:{}@h/n",
            "{}://a:b/{}@h/n",
        ]
    ),
)
def test_no_password_is_told(scheme, secret, form):
    url = form.format(scheme, secret)
    assert secret not in without_secrets(url)
    try:
        told = read_address(url).shown
    except DatabaseUrlInvalid as error:
        told = f"{error} {error.__cause__}"
    assert secret not in told
