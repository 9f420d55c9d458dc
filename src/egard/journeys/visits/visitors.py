"""Who comes: found by what she gives, or made; and her own adviser."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from egard.journeys.visits.models import Visit
from egard.journeys.visits.refusals import NoVisitor
from egard.journeys.visits.rules import SHOWN
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Site
from egard.kernel.people import bulk
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.operations import create_person, normalise


@transaction.atomic
def visitor(
    name: str, *, email: str = "", phone: str = "", site: Site | None = None, language: str = "", by: Actor,
    now: datetime,
) -> Person:  # fmt: skip
    """The person of an e-mail address, else of a phone number, else a new one: who books is known by what she gives,
    and sees nothing of what we know. Raises `NoVisitor`, `BadIdentifier`, `WasErased`.
    """
    given = [("email", email), ("phone", phone)]
    pairs = [(kind, normalise(kind, value)) for kind, value in given if value.strip()]
    if not pairs or not name.strip():
        raise NoVisitor(fields={"name": str(NoVisitor.message)} if not name.strip() else {})
    return bulk.again_where_raced(lambda: _found_or_made(name, pairs, site, language, by, now))


def own_adviser(person: Person) -> UUID | None:
    """Who looks after her now."""
    ties = Relationship.objects.filter(person__in=person.members, kind="adviser", until__isnull=True)
    return ties.order_by("-since").values_list("staff_id", flat=True).first()


def of_person(person: Person) -> QuerySet[Visit]:
    """Her own, the latest first."""
    found = Visit.objects.filter(person__in=person.members, state__in=SHOWN)
    return found.select_related("site", "reason", "host").order_by("-starts_at")


def _found_or_made(
    name: str, pairs: Iterable[bulk.Pair], site: Site | None, language: str, by: Actor, now: datetime
) -> Person:
    with transaction.atomic():
        found = bulk.find(pairs)
        for pair in pairs:
            if held := found.get(pair):
                person = Person.objects.select_related("root").get(pk=held[0])
                return person.root or person
        if bulk.erased(list(pairs)):
            raise bulk.WasErased
        first, _space, last = name.strip().partition(" ")
        return create_person(
            given_name=first[:100], family_name=last[:100], language=language, site=site, identifiers=pairs, by=by,
            now=now,
        )  # fmt: skip
