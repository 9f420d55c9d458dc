"""Questions on parcels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import OpenItem, WorkItem, WorkRow
from egard_parcels.models import Parcel

READ = "parcels.read"


def parcels(viewer: Viewer, person: Person) -> list[Parcel]:
    """The parcels of a person, by number."""
    viewer.require(READ)
    return list(Parcel.objects.filter(person__in=person.members).order_by("number"))


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge of two people brings together."""
    return [(_("Parcels"), Parcel.objects.filter(person__in=person.members).count())]


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    found = parcels(viewer, person)
    return {"parcels": found, "lost": sum(p.lost_at is not None for p in found)} if found else None


def under_way(person: Person, viewer: Viewer, now: datetime) -> list[OpenItem]:
    """Parcels that have not arrived are open."""
    return [
        OpenItem(f"Parcel {parcel.number}", tone="waiting") for parcel in parcels(viewer, person) if not parcel.lost_at
    ]


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    found = parcels(viewer, person)
    return {"parcels": len(found), "lost": sum(p.lost_at is not None for p in found)} if found else None


def lost(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, limit: int, cursor: str | None) -> Page[WorkRow]:
    """Lost parcels to be settled within three days, the oldest first."""
    found = _lost(filters).select_related("person").order_by("pk")
    if cursor:
        found = found.filter(pk__gt=decode_cursor(cursor, "lost", int)[0])
    rows = list(found[: limit + 1])
    items = [
        WorkRow(str(p.pk), f"Parcel {p.number}", p.person.name, p.person.uuid, p.lost_at + timedelta(days=3), "risk")
        for p in rows[:limit]
    ]
    return Page(items, encode_cursor("lost", rows[limit - 1].pk) if len(rows) > limit else None)


def count_lost(viewer: Viewer, *, filters: Mapping[str, str], now: datetime, most: int) -> int:
    return _lost(filters)[:most].count()


def _lost(filters: Mapping[str, str]):
    found = Parcel.objects.filter(lost_at__isnull=False, settled_at__isnull=True)
    return found.filter(number__contains=filters["number"]) if filters.get("number") else found


def parcel(viewer: Viewer, row: str, now: datetime) -> WorkItem:
    """One lost parcel, and everybody to whom a parcel of this number was sent."""
    found = Parcel.objects.filter(pk=int(row) if row.isdigit() else 0).first()
    if found is None:
        raise NotFound
    sent = Parcel.objects.filter(number=found.number).order_by("pk").values_list("person__uuid", flat=True)
    return WorkItem(tuple(sent), "" if len(sent) > 1 else "egard_parcels/parcel.html", {"parcel": found})


def export(person: Person) -> list[dict[str, Any]]:
    """Her parcels, for her own copy."""
    return list(Parcel.objects.filter(person=person).values("number", "recipient", "lost_at"))
