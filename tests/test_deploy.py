"""What deploy/ says is true of the program: commands, settings, times and users; and the hardening is there.

Nothing here runs a container or a unit; deploy/README.md says what was tried how.
"""

from __future__ import annotations

import fnmatch
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from wirewatch.cli.root import COMMANDS
from wirewatch.cli.root import wirewatch as program
from wirewatch.places import find_config_dir
from wirewatch.settings import NOT_SETTINGS, PREFIX, known_keys, load_settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
EXECUTABLE = "/opt/wirewatch/bin/wirewatch"
#: The manual, the units and the compose file promise this of SIGTERM.
ENDS_WITHIN_S = 35
#: What each unit must say, whatever else it says.
HARDENING = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
}
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: ${NAME}, ${NAME:-default}, ${NAME:?message}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def texts():
    """All files that people deploy with, by name."""
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    return {str(path.relative_to(DEPLOY)): path.read_text(encoding="utf-8") for path in files}


def entries(path):
    """The lines NAME=VALUE of a unit, all values of a name in their order."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def instructions(path):
    """The instructions of a Dockerfile, each with what follows it, by stages."""
    stages = []
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append((name, rest))
    return stages


@pytest.fixture(scope="module")
def compose():
    yaml = pytest.importorskip("yaml", reason="NOT TESTED: compose.yaml, because pyyaml is not installed")
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def understood(arguments):
    """Let the program's own parser read a command line. Raises click.UsageError where it would refuse it."""
    command, rest = program, list(arguments)
    # With its settings, or click would keep for good that these commands know no -h.
    context = click.Context(program, info_name="wirewatch", **program.context_settings)
    # A group can have options and a meaning of its own.
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, parent=context)
    if rest[:1] != ["--help"]:
        command.make_context(command.name, rest, parent=context)


def with_defaults(text):
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "given", text)


# --- command lines ----------------------------------------------------------------------------------


def unit_commands():
    for path in UNITS:
        found = entries(path)
        (command,) = found["ExecStart"]
        executable, *arguments = shlex.split(command)
        assert executable == EXECUTABLE
        yield path.name, arguments


def manual_commands():
    """The command lines of the manual that call the program."""
    for block in BLOCK.findall((DEPLOY / "README.md").read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(re.sub(r"^\$ ", "", line), comments=True)
            services = {"migrate", "scheduler", "worker"}
            for place, word in enumerate(words):
                is_program = Path(word).name == "wirewatch" and word != "wirewatch:local" and place + 1 < len(words)
                is_service = word in services and {"run", "exec"} & set(words[:place]) and words[0] == "docker"
                if (is_program and words[place - 1] not in {"-u", "--tag", "createuser"}) or is_service:
                    rest = words[place + 1 :]
                    if is_service and rest[:1] == ["wirewatch-entrypoint"]:
                        rest = rest[1:]
                    if rest and rest[0] in COMMANDS:
                        yield " ".join(words), [word for word in rest if word not in {"|", ">"}]


@pytest.mark.parametrize(("where", "arguments"), [*unit_commands(), *manual_commands()], ids=str)
def test_every_command_line_is_one_of_the_program(where, arguments):
    understood(arguments)


def test_the_manual_has_commands_and_they_are_looked_at():
    assert len(list(manual_commands())) >= 4
    with pytest.raises(click.UsageError):
        understood(["worker", "--no-such-option"])


def test_the_commands_of_the_containers_are_those_of_the_program(compose):
    commands = {name: service["command"] for name, service in compose["services"].items() if name != "postgres"}
    for command in commands.values():
        if command != ["migrate"]:
            understood([with_defaults(word) for word in command])
    assert {command[0] for command in commands.values()} == {"migrate", "scheduler", "worker"}
    last = dict(instructions(DEPLOY / "Dockerfile")[-1])
    entry, *check = re.findall(r'"([^"]*)"', last["HEALTHCHECK"])
    assert f'["{entry}"]' == last["ENTRYPOINT"]
    understood(check)
    understood(re.findall(r'"([^"]*)"', last["CMD"]))


def test_the_commands_of_the_entry_point_are_those_of_the_program():
    script = (DEPLOY / "entrypoint.sh").read_text(encoding="utf-8")
    found = re.findall(r"\bwirewatch ((?:[\w/-]+ ?)+)", re.sub(r"^ *#.*\n", "", script, flags=re.MULTILINE))
    assert [line.split()[0] for line in found] == ["init", "jobs", "db"]
    for line in found:
        understood(line.split())


def test_containers_are_asked_for_their_health_where_they_tell_it(compose):
    shared = compose["x-wirewatch"]
    assert f"http://{shared['environment']['WIREWATCH_METRICS__LISTEN']}/healthz" in shared["healthcheck"]["test"][-1]
    assert "metrics" in dict(instructions(DEPLOY / "Dockerfile")[0])["RUN"]


# --- settings ---------------------------------------------------------------------------------------


def test_every_variable_with_our_prefix_is_a_setting():
    """The program refuses those that are none, so one of another name would stop every container."""
    known = {PREFIX + "__".join(key).upper() for key in known_keys()} | NOT_SETTINGS
    found = {name for text in texts().values() for name in re.findall(rf"\b{PREFIX}\w+", text)}
    assert found >= {"WIREWATCH_DATABASE__URL", "WIREWATCH_FETCH__CONTACT", "WIREWATCH_CONFIG"}
    # how any setting is written
    assert found - {"WIREWATCH_SECTION__NAME"} <= known


def loaded(environment, tmp_path):
    return load_settings(find_config_dir(str(tmp_path), {}, tmp_path), environ=environment)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_variables_of_a_unit_are_right(path, tmp_path):
    loaded(dict(line.split("=", 1) for line in entries(path)["Environment"]), tmp_path)


def test_the_variables_of_the_containers_are_right_and_documented(compose, tmp_path):
    given = {name: with_defaults(value) for name, value in compose["x-wirewatch"]["environment"].items()}
    assert loaded(given, tmp_path).database.url.startswith("postgresql")
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    settable = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    asked = {name: default for name, how, default in VARIABLE.findall((DEPLOY / "compose.yaml").read_text())}
    assert asked.keys() == settable.keys()
    assert {name: value for name, value in settable.items() if value} == {
        name: default for name, default in asked.items() if settable[name]
    }
    manual = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert [name for name in settable if name not in manual] == []


def test_an_image_without_settings_starts(tmp_path):
    (environment,) = [rest for name, rest in instructions(DEPLOY / "Dockerfile")[-1] if name == "ENV"]
    values = dict(word.split("=", 1) for word in environment.split())
    loaded({name: value for name, value in values.items() if name.startswith(PREFIX)}, tmp_path)


def test_ports_are_those_of_the_manual(compose):
    """The containers open none to the outside."""
    (port,) = set(re.findall(r"`?127\.0\.0\.1:(\d+)", (ROOT / "docs" / "reference" / "metrics.md").read_text()))
    assert compose["x-wirewatch"]["environment"]["WIREWATCH_METRICS__LISTEN"] == f"127.0.0.1:{port}"
    assert set(re.findall(r"0\.0\.0\.0:(\d+)", (DEPLOY / "README.md").read_text(encoding="utf-8"))) == {port}


# --- units ------------------------------------------------------------------------------------------


def test_there_is_a_unit_for_each_form():
    assert [path.name for path in UNITS] == [
        "wirewatch-scheduler.service",
        "wirewatch-worker@.service",
        "wirewatch.service",
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_watched_and_patient(path):
    found = {name: values[-1] for name, values in entries(path).items()}
    assert HARDENING.items() <= found.items()
    assert found["User"] == "wirewatch"
    assert found["StateDirectory"] == "wirewatch"
    assert (found["Restart"], found["KillMode"]) == ("on-failure", "mixed")
    assert int(found["TimeoutStopSec"]) > ENDS_WITHIN_S
    assert int(found["WatchdogSec"]) == 60
    assert (found["Type"], found["NotifyAccess"]) == ("notify", "main")


def test_the_program_tells_systemd_when_it_is_ready():
    """Without this, systemd would kill each unit of Type=notify after TimeoutStartSec."""
    assert importlib.util.find_spec("wirewatch.notify") is not None


def test_no_unit_forbids_what_the_processes_that_read_pages_do():
    """They limit their own memory, which systemd counts among @resources."""
    assert "setrlimit" in (ROOT / "ingest" / "workers.py").read_text(encoding="utf-8")
    for path in UNITS:
        forbidden = [line for line in entries(path)["SystemCallFilter"] if line.startswith("~")]
        assert forbidden != []
        assert not any("@resources" in line for line in forbidden)


def test_units_differ_only_where_they_must():
    """Whoever changes the hardening of one changes that of all."""
    parts = {path.name: path.read_text(encoding="utf-8").split("\n# What it may do", 1)[1] for path in UNITS}
    assert len(set(parts.values())) == 1


def test_workers_are_given_time_to_end():
    from wirewatch.jobs.worker import GRACE_S

    assert GRACE_S < ENDS_WITHIN_S


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_nothing_wrong(tmp_path):
    for path in UNITS:
        # A template is verified as one of its instances.
        copy = tmp_path / path.name.replace("@.", "@1.")
        copy.write_text(path.read_text(encoding="utf-8").replace(EXECUTABLE, sys.executable), encoding="utf-8")
    names = sorted(str(path) for path in tmp_path.iterdir())
    verify = ["systemd-analyze", "verify", "--man=no", *names]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    # It looks at all that is installed, too.
    ours = [line for line in done.stderr.splitlines() if "wirewatch" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


# --- containers -------------------------------------------------------------------------------------


def test_no_container_of_ours_can_write_or_gain_rights(compose):
    ours = {name: service for name, service in compose["services"].items() if name != "postgres"}
    assert ours.keys() == {"migrate", "scheduler", "worker"}
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
        assert "privileged" not in service
    for service in ours.values():
        assert "cap_add" not in service
        assert [volume["read_only"] for volume in service["volumes"]] == [True]
        assert int(service["stop_grace_period"].removesuffix("s")) > ENDS_WITHIN_S


def test_work_begins_when_the_tables_stand(compose):
    services = compose["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("scheduler", "worker"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert "healthcheck" in services["postgres"]
    assert [volume.split(":")[0] for volume in services["postgres"]["volumes"]] == [*compose["volumes"]]


def test_only_workers_reach_the_outside(compose):
    assert compose["networks"]["inside"]["internal"] is True
    outside = {name for name, service in compose["services"].items() if "outside" in service["networks"]}
    assert outside == {"worker"}


def test_no_secret_stands_in_the_files(compose):
    assert compose["secrets"] == {"database_password": {"file": "./secrets/database_password"}}
    address = compose["x-wirewatch"]["environment"]["WIREWATCH_DATABASE__URL"]
    assert re.fullmatch(r"postgresql://\w+@\w+/\w+", address)
    assert "/run/secrets/database_password" in (DEPLOY / "entrypoint.sh").read_text(encoding="utf-8")
    ignored = (DEPLOY / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/.env", "/secrets/"} <= set(ignored)


def test_the_entry_point_hands_on_what_it_is_given(tmp_path):
    fake = tmp_path / "wirewatch"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@"\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PGPASSWORD": "two words"}
    command = [str(DEPLOY / "entrypoint.sh"), "db", "status", "a b"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["two words", "db", "status", "a b"]


@pytest.mark.parametrize(("has_queue", "asked"), [(True, 2), (False, 3)])
def test_the_tables_of_the_queue_are_made_where_there_are_none(tmp_path, has_queue, asked):
    fake = tmp_path / "wirewatch"
    refusal = "" if has_queue else '[ "$1" = jobs ] && exit 5'
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n{refusal}\nexit 0\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([str(DEPLOY / "entrypoint.sh"), "migrate"], env=environment, check=True)
    wanted = ["init /tmp/defaults", "jobs --dead", "db requeue"]
    assert (tmp_path / "asked").read_text().splitlines() == wanted[:asked]


def test_the_image_is_made_in_two_stages_and_belongs_to_nobody():
    build, last = instructions(DEPLOY / "Dockerfile")
    assert "-slim" in dict(last)["FROM"]
    assert "pip" not in dict(last).get("RUN", "")
    user = dict(last)["USER"]
    assert user == "10001:10001"
    assert [rest for name, rest in last if name == "COPY" and "--from=build" in rest] != []
    assert "pip wheel" in dict(build)["RUN"]
    assert dict(last)["STOPSIGNAL"] == "SIGTERM"


def test_the_image_gets_all_that_the_wheel_is_made_of():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    build, last = instructions(DEPLOY / "Dockerfile")
    copied = [rest.split()[:-1] for name, rest in [*build, *last] if name == "COPY" and "--from" not in rest]
    sources = {word for words in copied for word in words if not word.startswith("--")}
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel["force-include"], "pyproject.toml", "constraints.txt"}
    wanted |= {project["project"]["readme"], *project["project"]["license-files"]}
    assert wanted <= sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    let_through = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in let_through if line.startswith("!")}
    assert sources == allowed
    assert fnmatch.fnmatch("anything", "*")
    assert "*" in let_through
    (extras,) = re.findall(r"\[([\w,]+)\]", dict(build)["RUN"])
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()
    assert "postgres" in extras


def test_the_python_of_the_image_is_one_that_is_tested():
    (version,) = re.findall(r"^ARG PYTHON=3\.(\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["requires-python"]
    low, high = map(int, re.findall(r"3\.(\d+)", wanted))
    assert low <= int(version) < high
