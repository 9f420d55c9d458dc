"""Who calls: by her number, or by what she typed; and whose client she is. Nobody looks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet

from egard.journeys.reach.models import CallBack, KnownNumber
from egard.journeys.reach.rules.times import AHEAD
from egard.kernel.access.models import User
from egard.kernel.access.queries import system_viewer
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.operations import BadIdentifier, normalise
from egard.kernel.people.queries import persons_with

SHARED_MOST = 4
"""So many who share a number are asked which of them calls."""
WITHHELD = ("", "266696687", "7378742833", "2562533", "8566", "464")
"""ANONYMOUS, RESTRICTED, BLOCKED, +UNKNOWN… as they are dialled: what providers send where there is no number."""


def number(said: str) -> str:
    """The caller's number; empty where it is withheld (the provider then says a word, or a number that is none)."""
    if said.strip().lstrip("+") in WITHHELD or not said.strip().startswith("+"):
        return ""
    try:
        return normalise("phone", said)[:20]
    except BadIdentifier:
        return ""


def persons(number: str) -> list[Person]:
    if not number:
        return []
    return persons_with(system_viewer("voice"), "phone", number, limit=SHARED_MOST + 1)


def known(number: str) -> Person | None:
    """Whose a number is that stands on nobody's file: by what she said on the phone once, or gave to be called on."""
    row = KnownNumber.objects.select_related("person__root").filter(number=number).first() if number else None
    return (row.person.root or row.person) if row else None


def is_hers(number: str, person: Person, *, now: datetime) -> None:
    """She gave a number to be called on: who calls from it is known, unless it is somebody's already."""
    if number and not persons(number):
        KnownNumber.objects.get_or_create(number=number, defaults={"person": person, "at": now})


def visitor(number: str, *, now: datetime) -> CallBack | None:
    """The call that is owed to a number of which nothing else is known."""
    if not number:
        return None
    asked = Q(person=None, number=number, asked_at__gt=now - 2 * AHEAD[-1])
    return _owed(asked, now=now).filter(Q(desk=None) | Q(desk__user__is_active=True)).first()


def owed(person: Person | None, number: str, adviser: UUID | None, *, now: datetime) -> CallBack | None:
    """The call that her adviser, or the house, owes her already; to who is nobody's client, by her number."""
    if person is None:
        found = visitor(number, now=now)
        return found if found and (found.desk.user_id if found.desk else None) == adviser else None
    return _owed(Q(person__in=person.members, desk__user=adviser), now=now).first()


def _owed(whose: Q, *, now: datetime) -> QuerySet[CallBack]:
    rows = CallBack.objects.filter(whose, ends_at__gt=now, dropped_at=None, made_at=None, promise__isnull=False)
    return rows.select_related("person__root", "desk__user").order_by("starts_at", "id")


def adviser_of(person: Person) -> User | None:
    """Her own adviser, where that one is still with us: the survivor's, else that of a row merged into hers."""
    ties = Relationship.objects.filter(person__in=person.members, kind="adviser", until__isnull=True)
    tie = (
        ties.filter(staff__is_active=True)
        .select_related("staff")
        .order_by(F("person__root").asc(nulls_first=True), "id")
        .first()
    )
    return tie.staff if tie else None


def language(person: Person | None) -> str:
    said = (person.language if person else "") or settings.LANGUAGE_CODE
    return "en" if said.lower().startswith("en") else "fr"
