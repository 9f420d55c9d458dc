"""Friction on pages that are not its own: the panel of a person, the list of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from egard.base.paging import Page, bounded
from egard.base.refusal import NotFound
from egard.console.typed import id_of
from egard.journeys.friction import queries, words
from egard.journeys.friction.models import Alert
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import WorkItem, WorkRow

REASONS_SHOWN = 5


def points(value: float) -> str:
    """`12.5`, in the reader's language."""
    return number_format(value, decimal_pos=1)


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """Her index and its heaviest reasons: one query. None where nothing weighs on her."""
    found = queries.of_person(viewer, person, now=now)
    if found is None or not (found.reasons or found.left_at):
        return None
    reasons = [
        (words.KINDS[one.kind], words.process(one.process), points(one.points), one)
        for one in found.reasons[:REASONS_SHOWN]
    ]
    return {
        "found": found,
        "index": points(found.index),
        "whole": int(found.index),
        "level": points(found.level) if found.level is not None else "",
        "over": found.level is not None and found.index >= found.level,
        "reasons": reasons,
        "more": len(found.reasons) - len(reasons),
    }


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The same for programs (`overview`)."""
    found = queries.of_person(viewer, person, now=now)
    return told(found) if found else None


def told(found: queries.OfPerson) -> dict[str, Any]:
    """As JSON: numbers as they are."""
    reasons = [
        {"kind": one.kind, "process": one.process, "times": one.times, "points": one.points, "last_at": one.last_at}
        for one in found.reasons
    ]
    return {"index": found.index, "level": found.level, "left_at": found.left_at, "reasons": reasons}


def place(alert: Alert) -> str:
    return alert.site.name if alert.site else _("People without a place")


def title(alert: Alert) -> str:
    return _("%(place)s: over the level at which clients start to leave") % {"place": place(alert)}


def line(alert: Alert) -> str:
    """Which change brought it there, by how much, of how many persons."""
    numbers = {"before": points(alert.before), "after": points(alert.after), "level": points(alert.level)}
    form = ngettext(
        "After “%(change)s”: from %(before)s to %(after)s points (level %(level)s), %(n)d person",
        "After “%(change)s”: from %(before)s to %(after)s points (level %(level)s), %(n)d persons",
        alert.n,
    )
    return form % {"change": alert.change.name, "n": alert.n, **numbers}


def alert_rows(
    viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
) -> Page[WorkRow]:
    """The alerts as rows of a list: one query."""
    found = queries.alerts(viewer)[: bounded(limit)]
    return Page([WorkRow(str(one.uuid), title(one), line(one), tone="broken", url="/friction/") for one in found])


def count_alerts(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    """How many, up to `most`."""
    return queries.alerts(viewer)[:most].count()


def alert(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """What opens beside the list. Raises `NotFound`."""
    found = queries.alerts(viewer).filter(uuid=id_of(row)).first()
    if found is None:
        raise NotFound
    context = {"title": title(found), "line": line(found), "by_lot": found.change.share < 100}
    return WorkItem(template="friction/_alert.html", context=context, url="/friction/")
