"""sites.toml: what it may say, what is wrong with it, and whether it is still true."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ingest.fetch_settings import HostSettings
from ingest.site_rules import SiteRule
from wirewatch.defaults import copy_defaults
from wirewatch.errors import ConfigError
from wirewatch.places import packaged_config
from wirewatch.sitefile import parse_sites, read_sites

if TYPE_CHECKING:
    from pathlib import Path

SENTENCE = "The harbour master closed the northern pier on Monday after divers had found cracks in it."
PAGE = (
    '<html><head><title>Site</title></head><body><h2 class="head">Pier closed</h2>'
    '<time datetime="2026-01-12T08:30+02:00"></time>'
    f'<div class="story"><p>{SENTENCE}</p><p class="ad">Read more</p></div></body></html>'
)
SITES = """\
# mine
[[sites]]
host = "News.Example"
body = ".story"
title = ".head"
date = "time"
remove = [".ad"]
pause_s = 10
headers = {X-Api-Key = "env:KEY"}
[sites.test]
page = "news.html"
contains = ["closed the northern pier"]
lacks = ["Read more"]
title = "Pier closed"
date = "2026-01-12"

[[sites]]
host = "slow.example"
pause_s = 30.5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wirewatch.toml").write_text("")
    (tmp_path / "sites.toml").write_text(SITES)
    (tmp_path / "news.html").write_text(PAGE)
    (tmp_path / "rules").mkdir()
    return tmp_path


def check(wirewatch: Any, folder: Path, *options: str) -> Any:
    return wirewatch("--config", folder, "sites", "check", *options)


class TestFile:
    def test_what_it_says(self, folder: Path) -> None:
        sites = read_sites(folder / "sites.toml")
        first, second = sites.sites
        assert first.rule == SiteRule(host="news.example", body=".story", title=".head", date="time", remove=(".ad",))
        assert first.test is not None
        assert (first.test.page, first.test.date) == (folder / "news.html", date(2026, 1, 12))
        assert (second.pause_s, second.test, second.has_selectors) == (30.5, None, False)
        assert "env:KEY" not in repr(sites)

    def test_the_rule_for_a_host(self, folder: Path) -> None:
        more = (
            '[[sites]]\nhost = "sport.news.example"\nbody = "p"\n[[sites]]\nhost = "a.sport.news.example"\npause_s = 1'
        )
        text = f"{SITES}\n{more}"
        sites = parse_sites(text, folder / "sites.toml")

        def host(asked: str) -> str | None:
            rule = sites.rule_for(asked)
            return rule and rule.host

        assert (host("news.example"), host("www.news.example")) == ("news.example", "news.example")
        assert (host("x.sport.news.example"), host("a.sport.news.example")) == ("sport.news.example",) * 2
        assert (host("oldnews.example"), host("slow.example"), host("[::1]")) == (None, None, None)

    def test_how_pages_are_fetched(self, folder: Path) -> None:
        sites = read_sites(folder / "sites.toml")
        slow = HostSettings(host="slow.example", pause_s=30.5)
        with_key = HostSettings(host="news.example", pause_s=10, headers=(("X-Api-Key", "k3y"),))
        assert sites.host_settings({"KEY": "k3y"}) == ((with_key, slow), ())

    def test_a_secret_that_is_missing_hinders_no_other_site(self, folder: Path) -> None:
        (without, slow), (fault,) = read_sites(folder / "sites.toml").host_settings({})
        assert slow.missing is None
        assert (without.host, without.pause_s, without.headers) == ("news.example", 10, ())
        assert without.missing is not None
        assert without.missing.startswith("the variable KEY is not set")
        assert fault == f"{folder / 'sites.toml'}:9: {without.missing}"

    def test_it_may_be_missing_or_empty(self, tmp_path: Path) -> None:
        assert read_sites(tmp_path / "sites.toml").sites == ()
        assert parse_sites("", tmp_path / "sites.toml").rule_for("a.example") is None

    def test_the_default_is_valid_and_copied_out(self, tmp_path: Path) -> None:
        assert read_sites(packaged_config() / "sites.toml").sites == ()
        assert tmp_path / "sites.toml" in copy_defaults(tmp_path).written

    def test_the_example_in_the_default_is_valid_too(self, tmp_path: Path) -> None:
        lines = (packaged_config() / "sites.toml").read_text().split("[[sites]]", 1)[1].splitlines()
        example = "\n".join(line.removeprefix("#").strip() for line in ("[[sites]]", *lines[1:]))
        (site,) = parse_sites(example, tmp_path / "sites.toml").sites
        assert site.test is not None
        assert site.has_selectors

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ('body = "p..x"', '2: body: "p..x" is no CSS selector: '),
            ("body = 1", '2: body: expected a CSS selector in quotes, such as "article p"'),
            ('bodi = "p"', "2: unknown key bodi; did you mean body?"),
            ('remove = ".x"', '2: remove: expected a list of texts: remove = [".related"]'),
            ('remove = ["p", "["]', '2: remove: "[" is no CSS selector: '),
            ("pause_s = true", "2: pause_s: expected a number of seconds"),
            ("pause_s = -1", "2: pause_s: must be 0 to 3600, not -1"),
            ('headers = {Cookie = "a=b"}', "2: headers: Cookie: cookies are never sent"),
            ('headers = {X = "env:1-2"}', "2: headers: X: "),
            ('headers = "X"', "2: headers: expected names and values"),
            ('test = "x"', "2: test: expected a table"),
            ("", "0: the site says nothing; give it body"),
            ('body = "p"\n[sites.test]\ncontains = ["a"]', "3: test: no page; add page"),
            ('body = "p"\n[sites.test]\npage = "a.html"', "3: test: nothing is expected of the page"),
            ('body = "p"\n[sites.test]\npage = "a"\nlaks = ["x"]', "5: test: unknown key laks; did you mean lacks?"),
            ('body = "p"\n[sites.test]\npage = "a.html"\ndate = "12/1"', "5: test: date: expected a day or a moment"),
            ('body = "p"\n[sites.test]\npage = ""\ntitle = "T"', "4: test: page: expected text in quotes"),
            ('body = "p"\n[sites.test]\npage = "a"\ncontains = "T"', "5: test: contains: expected a list of texts"),
            ('body = "p"\n[[sites]]\nhost = "a.example"\nbody = "p"', "4: a.example is listed already in line 2"),
        ],
    )  # fmt: skip
    def test_faults_have_their_place(self, tmp_path: Path, line: str, fault: str) -> None:
        path = tmp_path / "sites.toml"
        number, _, message = fault.partition(": ")
        with pytest.raises(ConfigError) as raised:
            parse_sites(f'[[sites]]\nhost = "a.example"\n{line}\n', path)
        # The number is counted from the host on.
        assert str(raised.value).startswith(f"{path}:{int(number) + 1}: {message}")

    @pytest.mark.parametrize("host", ['"https://a.example/"', '"a b"', "1", '""'])
    def test_hosts_that_are_none(self, tmp_path: Path, host: str) -> None:
        with pytest.raises(ConfigError, match=r"sites.toml:2: "):
            parse_sites(f'[[sites]]\nhost = {host}\nbody = "p"\n', tmp_path / "sites.toml")

    def test_a_host_that_is_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"sites.toml:2: host: expected text in quotes"):
            parse_sites('[[sites]]\nhost = 5\nbody = "p"\n', tmp_path / "sites.toml")

    def test_other_things_than_sites(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"sites.toml:1: unknown key site; each site begins with \[\[sites\]\]"):
            parse_sites("[[site]]\n", tmp_path / "sites.toml")
        with pytest.raises(ConfigError, match=r"sites.toml:1: sites must be tables"):
            parse_sites("sites = 1\n", tmp_path / "sites.toml")

    def test_all_faults_are_told_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as raised:
            parse_sites('[[sites]]\nhost = "a.example"\nbody = "["\npaus_s = 1\n', tmp_path / "sites.toml")
        assert [line.split(":")[1] for line in str(raised.value).splitlines()] == ["4", "3"]


class TestCheck:
    def test_all_is_well(self, wirewatch: Any, folder: Path) -> None:
        ended = check(wirewatch, folder, "--json")
        assert (ended.code, ended.err) == (0, "")
        assert [(row["host"], row["result"], row["problems"]) for row in ended.json] == [
            ("news.example", "passed", []),
            ("slow.example", "nothing to test", []),
        ]
        assert check(wirewatch, folder, "--format", "table").err.strip() == "all is well"

    @pytest.mark.parametrize(
        ("before", "after", "problem"),
        [
            ('body = ".story"', 'body = ".gone"', "the body selector finds nothing on the page"),
            ("northern", "southern", 'the text lacks "closed the southern pier"'),
            ('remove = [".ad"]\n', "", 'the text contains "Read more"'),
            ("Pier closed", "Pier opens", 'the title is "Pier closed", not "Pier opens"'),
            ('"2026-01-12"', '"2026-01-12T08:30:00Z"', "the date is 2026-01-12T06:30:00+00:00, not 2026-01-12T08:"),
            ("news.html", "lost.html", "cannot be read: No such file or directory"),
        ],
    )  # fmt: skip
    def test_a_test_that_fails(self, wirewatch: Any, folder: Path, before: str, after: str, problem: str) -> None:
        (folder / "sites.toml").write_text(SITES.replace(before, after, 1))
        ended = check(wirewatch, folder, "--json", "news.example")
        assert ended.code == 4
        (row,) = ended.json
        assert row["result"] == "failed"
        assert any(problem in told for told in row["problems"])
        told = check(wirewatch, folder, "--format", "table").err
        assert f"{folder / 'sites.toml'}:2: news.example: " in told
        assert "1 site to look after" in told

    def test_a_page_without_article_fails(self, wirewatch: Any, folder: Path) -> None:
        (folder / "news.html").write_text("<html><body><h1>Page not found</h1></body></html>")
        (row,) = check(wirewatch, folder, "--json", "NEWS.example").json
        assert row["problems"] == ["no article: soft_404: the page says that there is no such page"]

    def test_a_site_without_test(self, wirewatch: Any, folder: Path) -> None:
        (folder / "sites.toml").write_text('[[sites]]\nhost = "a.example"\nbody = "p"\n')
        ended = check(wirewatch, folder, "--json")
        assert (ended.code, ended.json[0]["result"]) == (4, "no test")
        assert "[sites.test]" in ended.json[0]["problems"][0]

    def test_a_moment_is_met_in_any_zone(self, wirewatch: Any, folder: Path) -> None:
        moment = datetime(2026, 1, 12, 6, 30, tzinfo=UTC).isoformat()
        (folder / "sites.toml").write_text(SITES.replace('"2026-01-12"', f'"{moment}"'))
        assert check(wirewatch, folder, "--json").code == 0

    def test_a_host_that_is_not_listed(self, wirewatch: Any, folder: Path) -> None:
        ended = check(wirewatch, folder, "news.exampel")
        assert ended.code == 2
        assert "news.exampel is not listed; did you mean news.example?" in ended.err

    def test_no_file(self, wirewatch: Any, folder: Path) -> None:
        (folder / "sites.toml").unlink()
        assert check(wirewatch, folder, "--json").json == []
        ended = check(wirewatch, folder, "--format", "table")
        assert (ended.code, ended.err.strip()) == (
            0,
            f"there is no {folder / 'sites.toml'}; it is needed for no site yet",
        )

    def test_a_file_with_faults(self, wirewatch: Any, folder: Path) -> None:
        (folder / "sites.toml").write_text('[[sites]]\nhost = "a.example"\nbody = "["\n')
        ended = check(wirewatch, folder)
        assert ended.code == 4
        assert f"{folder / 'sites.toml'}:3: body:" in ended.err


def test_list(wirewatch: Any, folder: Path) -> None:
    ended = wirewatch("--config", folder, "sites", "list", "--json")
    first, second = ended.json
    assert (first["host"], first["body"], first["remove"], first["line"]) == ("news.example", ".story", [".ad"], 2)
    assert (first["headers"], first["test_page"]) == (["X-Api-Key"], str(folder / "news.html"))
    assert (second["host"], second["pause_s"], second["body"]) == ("slow.example", 30.5, None)
    assert "env:KEY" not in ended.out


def test_try_page_reads_as_the_file_says(wirewatch: Any, folder: Path) -> None:
    ended = wirewatch(
        "--config", folder, "try", "page", folder / "news.html", "--url", "https://www.news.example/a", "--json"
    )
    assert (ended.json["title"], ended.json["text"]) == ("Pier closed", SENTENCE)


def test_try_page_says_which_selector_finds_nothing(wirewatch: Any, folder: Path) -> None:
    file = folder / "sites.toml"
    file.write_text(file.read_text().replace('body = ".story"', 'body = ".gone"'))
    ended = wirewatch(
        "--config", folder, "try", "page", folder / "news.html", "--url", "https://www.news.example/a", "--json"
    )
    assert ended.err == "sites.toml: the body selector of news.example finds nothing on https://www.news.example/a\n"
