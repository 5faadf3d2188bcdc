"""What a check finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the check."""

    is_good: bool
    subject: str
    """What was tried, such as `query`."""
    text: str
    """What was found; or what is wrong, and what to do about it."""
    details: Sequence[str] = ()
    is_setting: bool = False
    """Whether the settings are at fault."""


def good(subject: str, text: str, details: Sequence[str] = ()) -> Finding:
    """What is as it should be."""
    return Finding(True, subject, text, details)  # noqa: FBT003 - this is the place that names it


def bad(subject: str, text: str, details: Sequence[str] = (), *, is_setting: bool = False) -> Finding:
    """What is not."""
    return Finding(False, subject, text, details, is_setting)  # noqa: FBT003
