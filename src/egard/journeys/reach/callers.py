"""Who calls: by her number, or by what she typed; and whose client she is. Nobody looks."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F

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
