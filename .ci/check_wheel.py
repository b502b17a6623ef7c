#!/usr/bin/env python3
"""Prove that the wheel works on its own: build it, install it in a clean environment, use it from elsewhere.

Run by `make check-wheel`, with any Python that wirewatch supports and nothing installed. The clean
environment has the pip that comes with that Python. Prints a line a check; ends with 1 when one fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("rules", "ingest", "storage", "wirewatch")

#: Prints where a module comes from; run by the installed Python.
WHERE = "import importlib; print(importlib.import_module({name!r}).__file__)"


class CheckFailed(Exception):
    """A check failed; the text says which and how."""


def main() -> int:
    """Run all checks and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="check-wheel-") as folder:
        try:
            check(Path(folder))
        except CheckFailed as error:
            say(f"FAIL {error}")
            return 1
    say("the wheel works on its own")
    return 0


def check(folder: Path) -> None:
    """Build, look inside, install, use. Raises CheckFailed."""
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()

    wheel = build(python, folder / "dist")
    check_contents(wheel)
    install = ("-m", "pip", "install", "-qq", "-c", str(ROOT / "constraints.txt"), str(wheel))
    run("install", [str(python), *install], cwd=elsewhere, home=folder)
    run("pip check", [str(python), "-m", "pip", "check"], cwd=elsewhere, home=folder)

    for name in (*PACKAGES, "alembic", "alembic.command"):
        place = run(f"import {name}", [str(python), "-c", WHERE.format(name=name)], cwd=elsewhere, home=folder).strip()
        if not Path(place).is_relative_to(environment):
            raise CheckFailed(f"{name} comes from {place}, not from the environment")

    program = str(environment / "bin" / "wirewatch")
    config = elsewhere / "config"
    for arguments in (["--help"], ["--version"], ["init", str(config)]):
        run(f"wirewatch {arguments[0]}", [program, *arguments], cwd=elsewhere, home=folder)
    missing = {"wirewatch.toml", "feeds.toml", "rules"} - {path.name for path in config.iterdir()}
    if missing:
        raise CheckFailed(f"init did not write {', '.join(sorted(missing))}")
    for arguments in (["db", "upgrade"], ["db", "status"], ["rules", "check"], ["matches"]):
        run(
            f"wirewatch {' '.join(arguments)}",
            [program, "--config", str(config), *arguments],
            cwd=elsewhere,
            home=folder,
        )
    shown = run("wirewatch demo", [program, "demo"], cwd=elsewhere, home=folder)
    for word in ("crimea", "purl", "frozen-assets", "rutte"):
        if word not in shown.lower():
            raise CheckFailed(f"the demo shows nothing of the topic {word}:\n{shown}")


def build(python: Path, folder: Path) -> Path:
    """The wheel, built by pip in isolation from the checkout as it is."""
    run(
        "build",
        [str(python), "-m", "pip", "wheel", "-qq", "--no-deps", "-w", str(folder), str(ROOT)],
        cwd=ROOT,
        home=folder.parent,
        # The build environment obeys this and not -c. The path is relative, because pip splits it at spaces.
        PIP_CONSTRAINT="constraints.txt",
    )
    (wheel,) = folder.glob("wirewatch-*.whl")
    say(f"ok   {wheel.name}: {wheel.stat().st_size:,} bytes")
    return wheel


def check_contents(wheel: Path) -> None:
    """The wheel holds everything the program needs at run time, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    strange = sorted(
        name
        for name in files
        if name.partition("/")[0] not in PACKAGES and not name.partition("/")[0].endswith(".dist-info")
    )
    if strange:
        raise CheckFailed(f"the wheel holds what it should not: {', '.join(strange[:5])}")
    unwanted = sorted(name for name in files if "tests" in name.split("/") or name.endswith((".pyc", ".db")))
    if unwanted:
        raise CheckFailed(f"the wheel holds what it should not: {', '.join(unwanted[:5])}")

    missing = [wanted for wanted in expected_files() if wanted not in files]
    if missing:
        raise CheckFailed(f"the wheel lacks {', '.join(missing[:5])}")
    changed = [wanted for wanted, source in expected_files().items() if files[wanted] != source.read_bytes()]
    if changed:
        raise CheckFailed(f"not as in the checkout: {', '.join(changed[:5])}")
    if "storage/_alembic/__init__.py" in files:
        raise CheckFailed("the migrations must not be a package")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in files):
        raise CheckFailed("the wheel lacks the licence")
    say(f"ok   contents: {len(files)} files")


def expected_files() -> dict[str, Path]:
    """Names in the wheel and their sources: code, types, migrations, default configuration, sample newsroom."""
    folders = {name: ROOT / name for name in PACKAGES}
    folders |= {"storage/_alembic": ROOT / "alembic", "wirewatch/_config": ROOT / "config"}
    expected = {
        f"{target}/{source.relative_to(folder).as_posix()}": source
        for target, folder in folders.items()
        for source in folder.rglob("*")
        if source.is_file() and "__pycache__" not in source.parts
    }
    needed = [f"{package}/py.typed" for package in PACKAGES]
    needed += ["storage/_alembic/env.py", "wirewatch/_config/wirewatch.toml", "wirewatch/_config/feeds.toml"]
    needed += ["wirewatch/demo/expect.json"]
    patterns = {
        "a migration": ("storage/_alembic/versions/", ".py"),
        "a rule file": ("wirewatch/_config/rules/", ".rules"),
        "a sample page": ("wirewatch/demo/pages/", ".html"),
    }
    absent = [name for name in needed if name not in expected]
    absent += [
        what
        for what, (start, end) in patterns.items()
        if not any(name.startswith(start) and name.endswith(end) for name in expected)
    ]
    if absent:
        raise CheckFailed(f"the checkout itself lacks {', '.join(absent)}")
    return expected


def run(what: str, command: list[str], *, cwd: Path, home: Path, **more: str) -> str:
    """Run a command and return its stdout. Raises CheckFailed when it fails or shows a traceback.

    It sees nothing of the checkout and nothing of the user's settings.
    """
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "WIREWATCH_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603  # all commands are written above
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode or "Traceback" in done.stderr:
        raise CheckFailed(f"{what}: exit code {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
    say(f"ok   {what} ({time.monotonic() - started:.1f} s)")
    return done.stdout


def say(line: str) -> None:
    """Print a line at once, for those who wait."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
