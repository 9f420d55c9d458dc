"""What a person lives with her visits, on her timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from egard.kernel.registry import Personal, fact

Name = Annotated[str, Field(max_length=200)]


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    at = timezone.localtime(datetime.fromisoformat(data["starts_at"])) if data.get("starts_at") else None
    return {"site": data["site"], "at": date_format(at, "SHORT_DATETIME_FORMAT") if at else ""}


def _booked(data: Mapping[str, Any]) -> str:
    return _("Visit booked: %(site)s, %(at)s") % _words(data)


def _moved(data: Mapping[str, Any]) -> str:
    return _("Visit moved: %(site)s, %(at)s") % _words(data)


def _cancelled(data: Mapping[str, Any]) -> str:
    if data["by_us"]:
        return _("Visit cancelled by us: %(site)s, %(at)s") % _words(data)
    return _("Visit cancelled: %(site)s, %(at)s") % _words(data)


def _arrived(data: Mapping[str, Any]) -> str:
    return _("Came to %(site)s") % _words(data)


def _not_arrived(data: Mapping[str, Any]) -> str:
    return _("Had not come to %(site)s: a slip") % _words(data)


def _received(data: Mapping[str, Any]) -> str:
    return _("Received by %(name)s, %(site)s") % {**_words(data), "name": data["host"]}


def _ended(data: Mapping[str, Any]) -> str:
    return _("Visit over: %(site)s") % _words(data)


def _missed(data: Mapping[str, Any]) -> str:
    return _("Did not come: %(site)s, %(at)s") % _words(data)


@fact("visits.booked", label=gettext_lazy("Visit booked"), headline=_booked, icon="calendar")
@dataclass(frozen=True, slots=True)
class Booked:
    """She comes to a site at a moment; `reason` is a code, `host` the name of who receives her."""

    visit: UUID
    site: Name
    reason: Name
    starts_at: datetime
    host: Name = ""


@fact("visits.moved", label=gettext_lazy("Visit moved"), headline=_moved, icon="calendar-event")
@dataclass(frozen=True, slots=True)
class Moved:
    """She comes at another moment, to another host or site. `by_us`: because of us."""

    visit: UUID
    site: Name
    reason: Name
    starts_at: datetime
    host: Name = ""
    by_us: bool = False
    why: Annotated[str, Personal(), Field(max_length=300)] = ""


@fact("visits.cancelled", label=gettext_lazy("Visit cancelled"), headline=_cancelled, icon="ban")
@dataclass(frozen=True, slots=True)
class Cancelled:
    """She does not come, or we cannot receive her (`by_us`)."""

    visit: UUID
    site: Name
    reason: Name
    starts_at: datetime
    by_us: bool = False
    why: Annotated[str, Personal(), Field(max_length=300)] = ""


@fact("visits.arrived", label=gettext_lazy("Came to the shop"), headline=_arrived, icon="building-store")
@dataclass(frozen=True, slots=True)
class Arrived:
    """She is in the shop; `walked_in`: without a booking."""

    visit: UUID
    site: Name
    reason: Name
    walked_in: bool = False


@fact("visits.received", label=gettext_lazy("Received"), headline=_received, icon="user-check", tone="kept")
@dataclass(frozen=True, slots=True)
class Received:
    """Somebody receives her, so many seconds after the hour (or after she came, where she came later or walked in)."""

    visit: UUID
    site: Name
    reason: Name
    host: Name = ""
    waited_seconds: Annotated[int, Field(ge=0)] = 0


@fact("visits.ended", label=gettext_lazy("Visit over"), headline=_ended, icon="check")
@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it; `next_step` is what was agreed."""

    visit: UUID
    site: Name
    reason: Name
    outcome: Name = ""
    next_step: Annotated[str, Personal(), Field(max_length=500)] = ""


@fact("visits.missed", label=gettext_lazy("Did not come"), headline=_missed, icon="circle-x")
@dataclass(frozen=True, slots=True)
class Missed:
    """She was expected and did not come."""

    visit: UUID
    site: Name
    reason: Name
    starts_at: datetime


@fact("visits.not_arrived", label=gettext_lazy("Arrival taken back"), headline=_not_arrived, icon="arrow-back-up")
@dataclass(frozen=True, slots=True)
class NotArrived:
    """Somebody had been marked as arrived by mistake; corrects that."""

    visit: UUID
    site: Name
    reason: Name
