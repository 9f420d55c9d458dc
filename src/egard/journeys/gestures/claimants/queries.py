"""Questions on repeat claimants: the list of clients to look at, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from babel.numbers import format_decimal
from django.db.models import QuerySet
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.journeys.gestures.claimants.models import Claimant
from egard.journeys.gestures.claimants.operations import LOOK, WITHIN
from egard.journeys.gestures.claimants.rules import one_in
from egard.journeys.gestures.models import Gesture
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.registry import WorkItem, WorkRow

GIVEN_MAX = 8
CHANCE_MAX = 1_000_000
"""A chance below one in so many is said as that."""


def claimants(
    viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None
) -> Page[WorkRow]:
    """Clients to look at, the clearest first: one query."""
    limit, found = bounded(limit), _waiting(viewer).select_related("person").order_by("p_value", "id")
    skipped = decode_cursor(cursor, "claimants", int)[0] if cursor else 0
    rows = list(found[skipped : skipped + limit + 1])
    items = [
        WorkRow(str(row.pk), row.person.name or _("Name unknown"), why(viewer, row), row.person.uuid)
        for row in rows[:limit]
    ]
    return Page(items, encode_cursor("claimants", skipped + limit) if len(rows) > limit else None)


def count_claimants(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return _waiting(viewer)[:most].count()


def _waiting(viewer: Viewer) -> QuerySet[Claimant]:
    return Claimant.objects.filter(looked_at=None, person__in=people.visible(viewer, LOOK).filter(erased_at=None))


def claimant(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """Why she is to be looked at, and what she was given. Raises `NotFound`."""
    held = Claimant.objects.filter(person__in=people.visible(viewer, LOOK)).select_related("person")
    found = held.filter(pk=int(row)).first() if row.isdecimal() and len(row) < 19 else None
    if found is None:
        raise NotFound
    person = people.person(viewer, found.person.uuid)
    given = Gesture.objects.filter(person__in=person.members, recorded_at__gte=now - WITHIN).order_by("-recorded_at")
    context = {
        "row": found,
        "why": why(viewer, found),
        "given": list(given.select_related("granted_by")[:GIVEN_MAX]),
        "now": now,
    }
    return WorkItem(persons=(person.uuid,), template="gestures/claimant.html", context=context)


def why(viewer: Viewer, row: Claimant) -> str:
    """The reason in words: her figures, what is usual, and how rare that is by chance."""
    hers = ngettext("%(n)s claim", "%(n)s claims", row.claims) % {"n": row.claims}
    orders = ngettext("%(n)s order", "%(n)s orders", row.orders) % {"n": _number(row.orders)}
    usual = _number(max(1, round(1 / row.usual))) if row.usual else "–"
    chance = one_in(row.p_value)
    rare = _number(CHANCE_MAX if chance > CHANCE_MAX else _rounded(chance))
    words = {"claims": hers, "orders": orders, "usual": usual, "rare": rare}
    if chance > CHANCE_MAX:
        return _(
            "%(claims)s for %(orders)s in a year; one for %(usual)s orders is usual. By chance fewer than one client "
            "in %(rare)s claims as often."
        ) % words  # fmt: skip
    return _(
        "%(claims)s for %(orders)s in a year; one for %(usual)s orders is usual. By chance one client in %(rare)s "
        "claims as often."
    ) % words  # fmt: skip


def _rounded(n: float) -> int:
    """To two digits: more would pretend."""
    return int(float(f"{n:.1e}"))


def _number(n: int) -> str:
    return format_decimal(n, locale=get_language() or "fr")
