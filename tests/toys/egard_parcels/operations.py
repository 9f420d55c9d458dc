"""Sending parcels, losing them, and keeping count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import ngettext

from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.people.models import Person
from egard.kernel.registry import Done
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.reactions import LoggedFact
from egard_parcels.facts import ParcelLost, ParcelSent
from egard_parcels.models import Parcel


def send(person: Person, number: str, *, carrier: str, by: Actor, now: datetime) -> None:
    """A parcel leaves with the person's name on it."""
    fact = ParcelSent(number=number, carrier=carrier, recipient=person.name)
    record(person, fact, at=now, by=by, channel="post", key=f"sent:{number}", now=now)


def lose(person: Person, number: str, *, words: str = "", by: Actor, now: datetime) -> None:
    """The carrier gives it up."""
    record(person, ParcelLost(number=number, words=words), at=now, by=by, channel="post", key=f"lost:{number}", now=now)


def settle(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Lost parcels that were paid for leave the list."""
    open_ones = Parcel.objects.select_for_update().filter(pk__in=ids, lost_at__isnull=False, settled_at__isnull=True)
    done = list(open_ones.values_list("pk", flat=True))
    Parcel.objects.filter(pk__in=done).update(settled_at=now)
    return Done(
        ngettext("%(n)s parcel settled.", "%(n)s parcels settled.", len(done)) % {"n": len(done)},
        {str(pk): now.isoformat() for pk in done},
    )


def unsettle(viewer: Viewer, former: Mapping[str, str], *, now: datetime) -> list[str]:
    """Those settled at that moment wait again; settled anew since, they stay."""
    return [pk for pk, at in former.items() if Parcel.objects.filter(pk=pk, settled_at=at).update(settled_at=None)]


def keep(facts: list[LoggedFact]) -> None:
    """The reaction: one row a parcel."""
    for fact in facts:
        where = {"person_id": fact.person_id, "number": fact.data["number"]}
        if fact.kind == "parcels.sent/1":
            Parcel.objects.update_or_create(**where, defaults={"recipient": fact.data["recipient"]})
        else:
            Parcel.objects.update_or_create(**where, defaults={"lost_at": fact.at})


def erase(person: Person, *, now: datetime) -> None:
    """The name on the parcels goes; that they were sent stays."""
    Parcel.objects.filter(person=person).update(recipient="")
