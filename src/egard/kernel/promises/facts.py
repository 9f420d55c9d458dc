"""What becomes of promises on a person's timeline. Only of those that are made to her: what colleagues owe each other
for her stands on the promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils import formats, timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from pydantic import Field

from egard.kernel.registry import Personal, fact, registry

Short = Annotated[str, Field(max_length=64)]


def label_of(kind: str) -> str:
    """What is owed, in the reader's language; the kind's own name where its journey is gone."""
    declared = registry.promises.get(kind)
    return str(declared.label) if declared else kind


def _moment(data: Mapping[str, Any]) -> str:
    local = timezone.localtime(datetime.fromisoformat(data["due_at"]))
    words = formats.date_format(local, _("j F Y, H:i"))
    return f"1er{words[1:]}" if words.startswith("1 ") and get_language() == "fr" else words


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    return {"what": label_of(data["kind"]), "moment": _moment(data)}


def _made(data: Mapping[str, Any]) -> str:
    return _("Promised: %(what)s, by %(moment)s") % _words(data)


def _kept(data: Mapping[str, Any]) -> str:
    if data.get("late"):
        return _("Kept late: %(what)s, which was due %(moment)s") % _words(data)
    return _("Kept: %(what)s") % _words(data)


def _broken(data: Mapping[str, Any]) -> str:
    return _("Not kept: %(what)s, which was due %(moment)s") % _words(data)


def _released(data: Mapping[str, Any]) -> str:
    return _("No longer owed: %(what)s") % _words(data)


@fact("promises.made", label=gettext_lazy("Promise made"), headline=_made, icon="clock", tone="waiting")
@dataclass(frozen=True, slots=True)
class PromiseMade:
    """We owe her something by a moment."""

    promise: UUID
    kind: Short
    due_at: datetime


@fact("promises.kept", label=gettext_lazy("Promise kept"), headline=_kept, icon="circle-check", tone="kept")
@dataclass(frozen=True, slots=True)
class PromiseKept:
    """We did what we had promised; `late`, after it had been due."""

    promise: UUID
    kind: Short
    due_at: datetime
    late: bool = False


@fact("promises.broken", label=gettext_lazy("Promise not kept"), headline=_broken, icon="circle-x", tone="broken")
@dataclass(frozen=True, slots=True)
class PromiseBroken:
    """The moment came and we had not done it."""

    promise: UUID
    kind: Short
    due_at: datetime


@fact("promises.released", label=gettext_lazy("Promise released"), headline=_released, icon="circle-dashed")
@dataclass(frozen=True, slots=True)
class PromiseReleased:
    """It is no longer owed: she said so, or it lost its sense."""

    promise: UUID
    kind: Short
    due_at: datetime
    reason: Annotated[str, Field(max_length=500), Personal()] = ""
