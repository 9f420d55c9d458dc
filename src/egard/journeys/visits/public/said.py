"""Words of the pages of booking: what, when, where, with whom; questions; how far one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.journeys.visits.models import Reason, Shop, Visit
from egard.journeys.visits.public.picking import clock_words, moment_words


@dataclass(frozen=True, slots=True)
class Card:
    """A visit in words, by the clock of its shop."""

    what: str
    when: str
    until: str
    where: str
    address: str
    who: str
    zone: str
    minutes: int


def card(visit: Visit, address: str = "", reason: Reason | None = None) -> Card:
    zone = ZoneInfo(visit.site.zone)
    return Card(
        text((reason or visit.reason).name), moment_words(visit.starts_at, zone), clock_words(visit.ends_at, zone),
        visit.site.name, address, visit.host.name if visit.host else "", visit.site.zone,
        round((visit.ends_at - visit.starts_at).total_seconds() / 60),
    )  # fmt: skip


def text(told: Mapping[str, str] | None) -> str:
    """What a house wrote in both languages, in the reader's."""
    return (told.get(get_language() or "fr") or told.get("fr") or "") if told else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a reason, with what was answered."""

    key: str
    label: str
    kind: str
    required: bool
    choices: list[tuple[str, str]]
    given: str


def questions(reason: Any, form: Mapping[str, Any]) -> list[Asked]:
    yes_no = [("yes", _("Yes")), ("no", _("No"))]
    return [
        Asked(
            one["key"], text(one["label"]), one["kind"], bool(one.get("required")),
            yes_no if one["kind"] == "yes_no" else
            [(choice["value"], text(choice["label"])) for choice in one.get("choices", ())],
            form.get(f"q-{one['key']}", ""),
        )
        for one in reason.questions
    ]  # fmt: skip


def steps(at: int, *urls: str) -> list[tuple[str, str, bool]]:
    """The three steps: name, where to go back to, whether one is there."""
    names = (_("Reason"), _("Day and time"), _("You"))
    return [
        (name, urls[n] if n < len(urls) and n + 1 < at else "", n + 1 == at) for n, name in enumerate(names)
    ]  # fmt: skip


def directions(shop: Shop) -> str:
    """Where a map shows the shop: its address as a map program reads it."""
    if shop.latitude is not None and shop.longitude is not None:
        return f"geo:{shop.latitude},{shop.longitude}?q={shop.latitude},{shop.longitude}"
    return ""
