"""The answer to a form that was sent to a hub. Cheap to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAnswer:
    """The form was taken: a status from 200 to 299."""

    #: the address that answered, after redirects, without credentials
    url: str
    status: int
    #: the beginning of what was said, as one clean line; may be empty
    text: str
