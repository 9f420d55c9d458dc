"""The rows that are one person: her own, and those merged into it. Read here, written by `merges` alone.

Each fact, identifier, role and consent stays with the row for which it was recorded; who reads a person reads all her
rows. For somebody who was never merged this costs one look into a small index, in the query that loads her.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, JSONField, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField
from django.db.models.functions import Coalesce

from egard.kernel.access.models import Site
from egard.kernel.people.models import Person

ROWS = """
array(select jsonb_build_object(
    'id', m.id, 'uuid', m.uuid, 'given_name', m.given_name, 'family_name', m.family_name, 'language', m.language,
    'address', m.address, 'country', m.country, 'user', m.user_id,
    'protected_at', m.protected_at, 'site', case when m.site_id is not null then
    jsonb_build_object('id', s.id, 'code', s.code, 'name', s.name, 'zone', s.zone) end)
  from people_person m left join access_site s on s.id = m.site_id where m.root_id = people_person.id order by m.id)
"""
"""What rows merged into a person say. Written by hand: every page asks it, and Django would build it anew each time."""
_LIST: ArrayField = ArrayField(JSONField())

FILLED = ("given_name", "family_name", "language", "address", "country")


def with_members(persons: QuerySet[Person]) -> QuerySet[Person]:
    """The same persons with `absorbed` from the same query."""
    return persons.annotate(absorbed=RawSQL(ROWS, (), output_field=_LIST))  # noqa: S611  (a constant)


def roots(rows: QuerySet[Any], person: str = "person") -> Subquery:
    """The persons to whom some rows belong, as a subquery: `pk__in=roots(Identifier.objects.filter(…))`."""
    return Subquery(rows.values(_root=Coalesce(f"{person}__root", person)))


def any_of(rows: QuerySet[Any], column: str) -> Q:
    """`pk` is among a column of some rows: asked once, then looked up by index, also beside an `or`."""
    return Q(
        Func(
            F("pk"),
            ArraySubquery(rows.values(column)),
            template="(%(expressions)s))",
            arg_joiner=" = any(",
            output_field=BooleanField(),
        )
    )


def of(pk: int) -> Q:
    """All rows of the person to whom the row `pk` belongs; for who holds no more than a number."""
    root = Person.objects.filter(pk=pk).values(_root=Coalesce("root", "pk"))
    return Q(pk=Subquery(root)) | Q(root=Subquery(root))


def fill(person: Person) -> Person:
    """Blanks of what is loaded take the first value that a row merged into hers has. Not to be saved."""
    for row in person.absorbed:
        for name in FILLED:
            if not getattr(person, name):
                setattr(person, name, row[name])
        if person.site_id is None and row["site"]:
            person.site = Site(**{**row["site"], "id": UUID(row["site"]["id"])})
        if person.protected_at is None and row["protected_at"]:  # whose row is protected, she is
            person.protected_at = datetime.fromisoformat(row["protected_at"])
    return person


def lent(person: Person, name: str) -> str:
    """What `fill` puts into a blank of the stored row; empty where nobody says it."""
    return next((row[name] for row in person.absorbed if row[name]), "")
