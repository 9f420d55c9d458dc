"""Friction that others tell of, and the end of a relation, on the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from egard.journeys.friction import words
from egard.kernel.registry import Personal, fact

Kind = Literal["wait", "transfer", "asked_again", "promise_broken", "forced_channel", "unanswered"]
Reason = Literal["unhappy", "price", "elsewhere", "moved", "died", "inactive", "other"]
Words = Annotated[str, Field(max_length=500), Personal()]


def _met(data: Mapping[str, Any]) -> str:
    return _("Friction: %(what)s") % {"what": words.KINDS.get(data["kind"], data["kind"])}


def _left(data: Mapping[str, Any]) -> str:
    return _("Left us: %(why)s") % {"why": words.REASONS.get(data["reason"], data["reason"])}


@fact("friction.met", label=gettext_lazy("Friction"), headline=_met, icon="alert-triangle", tone="risk")
@dataclass(frozen=True, slots=True)
class Met:
    """She met friction in a process that another system runs. `measure`: minutes of a wait, else how often."""

    kind: Kind
    process: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    measure: Annotated[float, Field(ge=0, le=1e6)] = 1.0


@fact("friction.left", label=gettext_lazy("Left us"), headline=_left, icon="circle-x", tone="broken")
@dataclass(frozen=True, slots=True)
class Left:
    """She is no longer a client, as she or somebody of ours says; `words` are hers."""

    reason: Reason = "other"
    words: Words = ""


@fact("friction.returned", label=gettext_lazy("Is a client again"), icon="circle-check", tone="kept")
@dataclass(frozen=True, slots=True)
class Returned:
    """She came back; told of the moment at which she had left, she never left."""
