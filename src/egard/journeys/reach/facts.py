"""What a person lives when she asks for her adviser, on her timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from pydantic import Field

from egard.base.text import elided
from egard.kernel.registry import fact

Name = Annotated[str, Field(max_length=200)]
Seconds = Annotated[int, Field(ge=0, le=10**6)]


def _called(data: Mapping[str, Any]) -> str:
    return _("Called for %(name)s") % {"name": data["adviser"]} if data["adviser"] else _("Called")


def _waited(seconds: int) -> str:
    minutes = round(seconds / 60)
    if not minutes:
        return _("at once")
    return ngettext("after %(n)d minute", "after %(n)d minutes", minutes) % {"n": minutes}


def _reached(data: Mapping[str, Any]) -> str:
    words = {"name": data["staff"], "waited": _waited(data["waited_seconds"])}
    if data["own"]:
        return _("Reached her adviser %(name)s, %(waited)s") % words
    return _("Reached %(name)s, %(waited)s") % words


def _transferred(data: Mapping[str, Any]) -> str:
    return _("Put through to %(name)s, who stands in") % {"name": data["staff"]}


def _abandoned(data: Mapping[str, Any]) -> str:
    return _("Hung up, %(waited)s") % {"waited": _waited(data["waited_seconds"])}


@fact("reach.called", label=gettext_lazy("Call"), headline=_called, icon="phone")
@dataclass(frozen=True, slots=True)
class Called:
    """She called. `adviser` is the name of whom she asked for; empty where she has none. `asked_again`: she had to say
    who she is, and had said so in a call before.
    """

    call: UUID
    adviser: Name = ""
    asked_again: bool = False


@fact("reach.reached", label=gettext_lazy("Adviser reached"), headline=_reached, icon="phone", tone="kept")
@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody answered her: her own adviser, or who stood in."""

    call: UUID
    staff: Name
    own: bool
    waited_seconds: Seconds


@fact("reach.transferred", label=gettext_lazy("Put through"), headline=_transferred, icon="phone")
@dataclass(frozen=True, slots=True)
class Transferred:
    """Her adviser was not free: she was put through to the deputy, as she chose."""

    call: UUID
    staff: Name


@fact("reach.put_off", label=gettext_lazy("Nobody could talk to her"), icon="phone", tone="risk")
@dataclass(frozen=True, slots=True)
class PutOff:
    """She called to talk to somebody, and could only be called back later or leave a message."""

    call: UUID


@fact("reach.abandoned", label=gettext_lazy("Call given up"), headline=_abandoned, icon="phone", tone="broken")
@dataclass(frozen=True, slots=True)
class Abandoned:
    """She hung up before anybody answered or anything was promised."""

    call: UUID
    waited_seconds: Seconds


def _handed(data: Mapping[str, Any]) -> str:
    words = {"adviser": data["adviser"], "former": data["former"]}
    return elided(_("%(adviser)s is her adviser now, in the place of %(former)s") % words, data["former"])  # fmt: skip


@fact("reach.handed_over", label=gettext_lazy("New adviser"), headline=_handed, icon="user-heart")
@dataclass(frozen=True, slots=True)
class HandedOver:
    """Her file went from one adviser to another, with what was promised and said."""

    former: Name
    adviser: Name


@fact("reach.called_back", label=gettext_lazy("Called back"), icon="phone", tone="kept")
@dataclass(frozen=True, slots=True)
class CalledBack:
    """She was called back, as it was promised."""

    call_back: UUID
