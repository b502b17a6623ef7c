"""Settings: file, environment, defaults; and one clear line for each fault."""

from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wirewatch.database_url import database_url
from wirewatch.errors import ConfigError, ExitCode
from wirewatch.places import ConfigDir, packaged_config
from wirewatch.settings import Settings, known_keys, load_settings


@pytest.fixture
def config(tmp_path):
    return ConfigDir(path=tmp_path, origin="--config")


def _write(config, text):
    config.settings_file.write_text(text)
    return config


def _faults(config, **environ):
    with pytest.raises(ConfigError) as caught:
        load_settings(config, environ=environ)
    assert caught.value.exit_code == ExitCode.INVALID
    return str(caught.value).replace(str(config.path) + "/", "")


def test_no_file_means_defaults(config):
    settings = load_settings(config, environ={})
    assert settings.fetch.pause_s == 2.0
    assert settings.copies.window_days == 14
    assert settings.store.raw_days == 3
    assert settings.timezone == "UTC"
    assert settings.database.url == f"sqlite:///{config.path}/wirewatch.db"


def test_the_environment_wins_over_the_file(config):
    _write(config, 'timezone = "Europe/Kyiv"\n[fetch]\npause_s = 5\nallow = ["10.0.0.0/8"]\n')
    settings = load_settings(
        config, environ={"WIREWATCH_FETCH__PAUSE_S": "0", "WIREWATCH_FETCH__ALLOW": '["127.0.0.0/8:80"]', "HOME": "/"}
    )
    assert settings.fetch.pause_s == 0
    assert settings.fetch.allow == ("127.0.0.0/8:80",)
    assert settings.timezone == "Europe/Kyiv"
    assert str(settings.zone) == "Europe/Kyiv"


def test_a_fault_in_the_file_is_told_also_where_a_variable_hides_it(config):
    _write(config, '[fetch]\npause_s = "x"\n')
    hidden = {"WIREWATCH_FETCH__PAUSE_S": "0"}
    assert _faults(config, **hidden) == 'wirewatch.toml:2: fetch.pause_s: expected a number, got "x"'
    both = _faults(config, WIREWATCH_FETCH__PAUSE_S="y").splitlines()
    assert [fault.split(": ")[0] for fault in both] == ["wirewatch.toml:2", "WIREWATCH_FETCH__PAUSE_S"]
    _write(config, '[database]\nurl = "mysql://x/y"\n')
    assert _faults(config, WIREWATCH_DATABASE__URL="other.db").startswith("wirewatch.toml:2: mysql://x/y: ")
    with pytest.raises(ConfigError, match=r"toml:2: mysql://x/y: "):
        load_settings(config, environ={}, db="other.db")


def test_settings_are_frozen(config):
    settings = load_settings(config, environ={})
    with pytest.raises(ValidationError):
        settings.timezone = "Europe/Kyiv"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[fetch]\npause = 3", "wirewatch.toml:2: unknown setting fetch.pause; did you mean fetch.pause_s?"),
        ("\n[fetsh]\n", "wirewatch.toml:2: unknown setting fetsh; did you mean fetch?"),
        ("[fetch]\n\npause_s = '3'", 'wirewatch.toml:3: fetch.pause_s: expected a number, got "3"'),
        ("[fetch]\npause_s = true", "wirewatch.toml:2: fetch.pause_s: expected a number, got true"),
        ("[fetch]\npause_s = nan", "wirewatch.toml:2: fetch.pause_s: expected a finite number"),
        ("[fetch]\npause_s = -1", "wirewatch.toml:2: fetch.pause_s: expected greater than or equal to 0, got -1"),
        ("[run]\nworkers = 1.5", "wirewatch.toml:2: run.workers: expected a whole number, got 1.5"),
        ("[fetch]\ncontact = 7", "wirewatch.toml:2: fetch.contact: expected text in quotes, got 7"),
        ("[fetch]\nallow = '::1'", 'wirewatch.toml:2: fetch.allow: expected a list such as ["a", "b"], got "::1"'),
        ("[fetch]\nallow = [\n'::1',\n3]", "wirewatch.toml:2: fetch.allow.1: expected text in quotes, got 3"),
        ("[fetch]\nallow = ['http://x']", "wirewatch.toml:2: fetch.allow.0: expected CIDR, CIDR:port, host:port"),
        ("[fetch]\nallow = ['10.0.0.0/99']", "wirewatch.toml:2: fetch.allow.0: expected CIDR, CIDR:port, host:port"),
        (
            "[fetch]\ncontact = 'ü'",
            "wirewatch.toml:2: fetch.contact: expected printable ASCII characters, for a header",
        ),
        ("[fetch]\nuser_agent = '7'", "wirewatch.toml:2: fetch.user_agent: expected printable ASCII characters that"),
        ("fetch = 3", "wirewatch.toml:1: fetch: expected a table such as [fetch], got 3"),
        ("timezone = 'Mars'", "wirewatch.toml:1: timezone: expected a time zone name such as UTC or Europe/Berlin"),
        ("timezone = '../x'", "wirewatch.toml:1: timezone: expected a time zone name"),
        ("[fetch\n", "wirewatch.toml:1:7: "),
        ("[database]\nurl='postgresql://u:s3cret@x/'", "wirewatch.toml:2: postgresql://u@x/: the name of"),
        ("[database]\nurl='sqlite://x.db'", "wirewatch.toml:2: sqlite://x.db: use sqlite:///PATH"),
    ],
)
def test_a_fault_in_the_file_names_line_key_and_what_is_expected(config, text, fault):
    assert fault in _faults(_write(config, text))


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("WIREWATCH_RUN__TICKS", "1", "WIREWATCH_RUN__TICKS: unknown setting; did you mean WIREWATCH_RUN__TICK_S?"),
        ("WIREWATCH_FETCH__PAUSE_S", "x", 'WIREWATCH_FETCH__PAUSE_S: fetch.pause_s: expected a number, got "x"'),
        ("WIREWATCH_RUN__WORKERS", "1.5", 'WIREWATCH_RUN__WORKERS: run.workers: expected a whole number, got "1.5"'),
        ("WIREWATCH_FETCH__ALLOW", "::1", "WIREWATCH_FETCH__ALLOW: fetch.allow: expected a list"),
        ("WIREWATCH_FETCH__ALLOW", "[1]", "WIREWATCH_FETCH__ALLOW: fetch.allow.0: expected text in quotes, got 1"),
        ("WIREWATCH_TIMEZONE", "Mars", "WIREWATCH_TIMEZONE: timezone: expected a time zone name"),
        ("WIREWATCH_DATABASE__URL", "mysql://", "WIREWATCH_DATABASE__URL: mysql://: use a path, sqlite:///PATH or postgresql://USER@HOST/NAME"),
    ],
)  # fmt: skip
def test_a_fault_in_the_environment_names_the_variable(config, variable, value, fault):
    assert fault in _faults(config, **{variable: value})


def test_all_faults_are_told_at_once(config):
    faults = _faults(_write(config, "[fetch]\npause=3\n[run]\ntick_s='x'\n"), WIREWATCH_X="1").splitlines()
    assert [line.split(": ")[0] for line in faults] == ["WIREWATCH_X", "wirewatch.toml:2", "wirewatch.toml:4"]


def test_a_path_in_the_file_is_relative_to_the_file_and_one_given_to_the_working_directory(config, monkeypatch):
    (config.path / "cwd").mkdir()
    monkeypatch.chdir(config.path / "cwd")
    _write(config, "[database]\nurl = 'news.db'\n")
    assert load_settings(config, environ={}).database.url == f"sqlite:///{config.path}/news.db"
    by_variable = load_settings(config, environ={"WIREWATCH_DATABASE__URL": "news.db"})
    assert by_variable.database.url == f"sqlite:///{config.path}/cwd/news.db"
    assert load_settings(config, environ={}, db="x.db").database.url == f"sqlite:///{config.path}/cwd/x.db"
    assert load_settings(config, environ={}, db="sqlite:////a/x.db").database.url == "sqlite:////a/x.db"
    assert load_settings(config, environ={}, db="sqlite:///x.db").database.url == f"sqlite:///{config.path}/cwd/x.db"


@pytest.mark.parametrize("db", [":memory:", "sqlite:///:memory:", "a?b.db", "."])
def test_a_database_that_is_no_file_is_refused(config, db):
    with pytest.raises(ConfigError, match=r"^--db: "):
        load_settings(config, environ={}, db=db)


@given(st.text(alphabet=st.characters(exclude_characters="?\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_absolute_database_url_stays_as_it_is(tmp_path_factory, name):
    base = tmp_path_factory.getbasetemp()
    try:
        url = database_url(f"sqlite:///{base}/d/{name}", base)
    except ValueError:
        return
    assert database_url(url, base) == url


def test_the_packaged_file_shows_every_setting_with_its_default():
    """Taking the # from every setting changes nothing; trackers has a default that another package holds."""
    text = (packaged_config() / "wirewatch.toml").read_text()
    sections = ("database", "fetch", "run", "workers", "websub", "copies", "store", "metrics")
    assert tomllib.loads(text) == {name: {} for name in sections}
    bare = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", text)
    shown = tomllib.loads(bare)
    keys = {(s, k) for s, t in shown.items() if isinstance(t, dict) for k in t} | {
        (k,) for k, v in shown.items() if not isinstance(v, dict)
    }
    assert keys == set(known_keys())
    assert shown["fetch"].pop("trackers")
    assert Settings.model_validate(shown) == Settings()


@pytest.mark.parametrize(
    ("proxy", "environ", "address"),
    [
        ("", {}, ""),
        ("http://proxy.example:3128", {}, "http://proxy.example:3128"),
        ("env:PROXY", {"PROXY": "http://me:sesame@proxy.example:3128"}, "http://me:sesame@proxy.example:3128"),
        ("env:PROXY", {"PROXY": ""}, ""),
    ],
)
def test_the_proxy_is_read_from_its_variable(proxy, environ, address):
    settings = Settings.model_validate({"fetch": {"proxy": proxy}})
    assert settings.fetch.proxy_address(environ) == address
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({}, "fetch.proxy: the variable PROXY is not set"),
        ({"PROXY": "sesame"}, "fetch.proxy: what the variable PROXY holds is no proxy: a proxy is written http://"),
    ],
)
def test_a_proxy_that_cannot_be_is_never_quoted(environ, fault):
    fetch = Settings.model_validate({"fetch": {"proxy": "env:PROXY"}}).fetch
    with pytest.raises(ConfigError) as caught:
        fetch.proxy_address(environ)
    assert fault in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("fetch.proxy", "https://me:sesame@proxy.example:3128", "http://host:port"),
        ("fetch.proxy", "env:1", "the name of a variable has letters"),
        ("fetch.proxy_resolves", "sesame", "true or false"),
        ("websub.callback", "ftp://a.example/", "an http(s) address without ? and #"),
        ("websub.callback", "https://a.example/?x", "an http(s) address without ? and #"),
        ("websub.listen", "8765", "host:port"),
        ("websub.listen", "127.0.0.1:99999", "host:port"),
        ("websub.listen", "me@127.0.0.1:1", "host:port"),
    ],
)
def test_settings_of_the_proxy_and_of_hubs_that_cannot_be(tmp_path, key, value, expected):
    section, _, name = key.partition(".")
    (tmp_path / "wirewatch.toml").write_text(f'[{section}]\n{name} = "{value}"\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(ConfigDir(path=tmp_path, origin="--config"), environ={})
    assert f"wirewatch.toml:2: {key}: expected " in str(caught.value)
    assert str(caught.value).count(expected) == 1
    assert key != "fetch.proxy" or value not in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_a_flag_in_a_variable(tmp_path, text, value):
    environ = {"WIREWATCH_FETCH__PROXY_RESOLVES": text}
    settings = load_settings(ConfigDir(path=tmp_path, origin="--config"), environ=environ)
    assert settings.fetch.proxy_resolves is value


@pytest.mark.parametrize("listen", ["127.0.0.1:8765", "[::1]:1", "localhost:80"])
def test_where_to_listen(listen):
    assert Settings.model_validate({"websub": {"listen": listen}}).websub.listen == listen


@pytest.mark.parametrize("given", ["postgresql://u:s3cret@h/news", "postgres:///news?host=/run"])
def test_an_address_on_a_server_is_left_as_it_is(tmp_path, given):
    config = ConfigDir(path=tmp_path, origin="--config")
    assert load_settings(config, environ={"WIREWATCH_DATABASE__URL": given}).database.url == given
    assert load_settings(config, environ={}, db=given).database.url == given
