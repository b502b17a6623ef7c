"""What `wirewatch doctor` says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wirewatch.errors import ExitCode

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How one thing stands."""

    check: str
    status: Status
    message: str
    #: how the program should end because of it
    exit_code: ExitCode = ExitCode.DONE
    #: what to type after `wirewatch` and its global options, for what the message ends with
    command: str = ""

    def say(self, options: str) -> str:
        """Return the message with its command, in which the global *options* are repeated."""
        return f"{self.message}: wirewatch{options} {self.command}" if self.command else self.message


def ok(check: str, message: str) -> Check:
    """It is well."""
    return Check(check=check, status="ok", message=message)


def warn(check: str, message: str, command: str = "") -> Check:
    """It works, and could be better."""
    return Check(check=check, status="warn", message=message, command=command)


def fail(check: str, message: str, exit_code: ExitCode, command: str = "") -> Check:
    """It does not work."""
    return Check(check=check, status="fail", message=message, exit_code=exit_code, command=command)
