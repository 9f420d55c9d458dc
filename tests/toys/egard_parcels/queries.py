"""Questions on parcels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import OpenItem
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


def export(person: Person) -> list[dict[str, Any]]:
    """Her parcels, for her own copy."""
    return list(Parcel.objects.filter(person=person).values("number", "recipient", "lost_at"))
