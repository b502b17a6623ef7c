"""What doctor says of the configuration: what would stop the start, and what is unwise."""

from __future__ import annotations

import shutil

import pytest

from wirewatch.configcheck import check_cautions, check_proxy, check_sites, check_websub
from wirewatch.errors import ExitCode
from wirewatch.places import ConfigDir
from wirewatch.settings import load_settings

PAGE = "<html><body><h1>Pier closed</h1><div class=story><p>The harbour master closed the northern pier.</p></div>"
SITE = '[[sites]]\nhost = "news.example"\n'


@pytest.fixture
def config(tmp_path):
    (tmp_path / "feeds.toml").write_text("")
    return ConfigDir(path=tmp_path, origin="--config")


def settings_of(config, text, environ=None):
    config.settings_file.write_text(text)
    return load_settings(config, environ=environ or {})


def told(checks):
    return [(check.status, check.exit_code, check.say("")) for check in checks]


# --- what stops the start ---------------------------------------------------------------------------


def test_without_sites_there_is_nothing_to_tell(config):
    assert list(check_sites(config)) == []
    config.sites_file.write_text("")
    assert list(check_sites(config)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"[[sites]\n", "sites.toml:1"),
        (b"\xff\n", "sites.toml:1: not UTF-8"),
        (f'{SITE}body = "p["\n'.encode(), "sites.toml:3: body: "),
        (f'{SITE}headers = {{X-Key = "env:WIREWATCH_TEST_NONE"}}\n'.encode(), "the variable WIREWATCH_TEST_NONE is"),
        (f'{SITE}headers = {{X-Key = "file:none"}}\n'.encode(), "none cannot be read"),
    ],
)
def test_sites_that_stop_the_start(config, text, fault):
    config.sites_file.write_bytes(text)
    ((status, code, message),) = told(check_sites(config))
    assert (status, code) == ("fail", ExitCode.INVALID)
    assert fault in message


def test_sites_are_tested(config):
    (config.path / "saved.html").write_text(PAGE)
    text = f'{SITE}body = ".story"\n[sites.test]\npage = "saved.html"\ncontains = ["%s"]\n'
    config.sites_file.write_text(text % "northern pier")
    assert told(check_sites(config)) == [
        ("ok", ExitCode.DONE, f"1 site in {config.sites_file}, tests come true"),
    ]
    config.sites_file.write_text(text % "southern pier")
    ((status, code, message),) = told(check_sites(config))
    assert (status, code) == ("warn", ExitCode.DONE)
    assert message.startswith(f'{config.sites_file}:1: news.example: the text lacks "southern pier"; see: wirewatch ')


def test_a_secret_of_a_site_that_others_can_read(config):
    config.sites_file.write_text(f'{SITE}headers = {{X-Key = "file:a key"}}\n')
    secret = config.path / "a key"
    secret.write_text("sesame\n")
    secret.chmod(0o644)
    ((status, _, message),) = told(check_sites(config))
    assert status == "warn"
    assert message.endswith(f"chmod 600 '{secret}'")
    secret.chmod(0o600)
    assert [status for status, _, _ in told(check_sites(config))] == ["ok"]


def test_the_proxy_is_looked_up(config, monkeypatch):
    assert list(check_proxy(settings_of(config, ""))) == []
    settings = settings_of(config, '[fetch]\nproxy = "env:TEST_PROXY"\n')
    monkeypatch.delenv("TEST_PROXY", raising=False)
    ((status, code, message),) = told(check_proxy(settings))
    assert (status, code) == ("fail", ExitCode.INVALID)
    assert "the variable TEST_PROXY is not set" in message
    monkeypatch.setenv("TEST_PROXY", "http://me:sesame@proxy.example:1")
    assert [(status, "sesame" in message) for status, _, message in told(check_proxy(settings))] == [("ok", False)]
    resolves = settings_of(config, '[fetch]\nproxy = "env:TEST_PROXY"\nproxy_resolves = true\n')
    ((status, code, message),) = told(check_proxy(resolves))
    assert (status, code) == ("warn", ExitCode.DONE)
    assert "fetch.proxy_resolves" in message


def test_what_listens_for_hubs_must_be_installed(config):
    assert list(check_websub(settings_of(config, ""), lambda _: None)) == []
    settings = settings_of(config, '[websub]\ncallback = "https://me.example/hub"\n')
    ((status, code, message),) = told(check_websub(settings, lambda name: None if name == "uvicorn" else name))
    assert (status, code) == ("fail", ExitCode.INVALID)
    assert 'pip install "wirewatch[websub]"' in message
    assert [status for status, _, _ in told(check_websub(settings))] == ["ok"]


def test_doctor_ends_as_the_start_would(wirewatch, filled, tmp_path):
    folder = tmp_path / "copied"
    shutil.copytree(filled, folder)
    (folder / "sites.toml").write_text("[[site]]\n")
    ended = wirewatch("--config", folder, "doctor")
    assert ended.code == wirewatch("--config", folder, "once").code == 4
    assert any(line.split()[:2] == ["fail", "sites.toml"] for line in ended.out.splitlines())


# --- what is unwise ---------------------------------------------------------------------------------


def cautions(config, text=""):
    rows = told(check_cautions(config, settings_of(config, text)))
    assert all((status, code) == ("warn", ExitCode.DONE) for status, code, _ in rows)
    return [message for _, _, message in rows]


def test_where_all_is_wise_nothing_is_said(config):
    config.feeds_file.write_text(
        '[[feeds]]\nurl = "https://a.example/"\nheaders = {Authorization = "env:A", Accept-Language = "de"}\n'
    )
    (config.path / "secrets").mkdir(mode=0o700)
    text = '[fetch]\nproxy = "http://me@proxy.example:1"\nallow = ["10.0.0.0/8", "localhost:80", "[::1]:80"]\n'
    assert cautions(config, text) == []


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "x-auth-token", "X-Client-Secret"])
def test_headers_in_the_clear(config, name):
    config.feeds_file.write_text(f'[[feeds]]\nurl = "https://a.example/"\nheaders = {{{name} = "sesame"}}\n')
    config.sites_file.write_text(f'{SITE}headers = {{{name} = "sesame"}}\n')
    of_feed, of_site = cautions(config)
    assert of_feed.startswith(f"{config.feeds_file}:3: headers: {name}: it looks like a secret")
    assert of_site.startswith(f"{config.sites_file}:1: news.example: headers: {name}: it looks like a secret")
    assert "sesame" not in of_feed + of_site


def test_invalid_files_are_told_of_elsewhere(config):
    config.feeds_file.write_text("[[x]]\n")
    config.sites_file.write_text("[[x]]\n")
    assert cautions(config) == []


def test_a_password_of_the_proxy_in_the_clear(config):
    (message,) = cautions(config, '[fetch]\n\nproxy = "http://me:sesame@proxy.example:1"\n')
    assert message.startswith(f"{config.settings_file}:3: fetch.proxy: its password stands here")
    assert "sesame" not in message


def test_a_folder_of_secrets_that_others_can_write_into(config):
    folder = config.path / "secrets"
    folder.mkdir()
    folder.chmod(0o770)
    assert cautions(config) == [f"others can write into {folder}: chmod 700 {folder}"]


@pytest.mark.parametrize(
    ("allow", "families"),
    [
        (["0.0.0.0/0"], ["IPv4"]),
        (["0.0.0.0/0:80"], ["IPv4"]),
        (["::/0"], ["IPv6"]),
        (["[::/0]:443", "0.0.0.0/1", "128.0.0.0/1"], ["IPv4", "IPv6"]),
    ],
)
def test_all_addresses_allowed(config, allow, families):
    text = f"[fetch]\nallow = {allow}\n"
    assert [message.partition(" all of ")[2][:4] for message in cautions(config, text)] == families
