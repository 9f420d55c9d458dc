"""Lists of people by who looks after them, for those who work through them: at most four queries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.kernel.access.actors import Viewer
from egard.kernel.people.members import any_of, roots
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.queries import visible
from egard.kernel.people.search import PersonRow, rows

Looked = UUID | Literal["nobody"]
"""Who looks after them: a member of staff, or nobody."""


def looked_after(
    viewer: Viewer,
    by: Looked,
    *,
    site: UUID | None = None,
    newest: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PersonRow]:
    """Those whose adviser is `by`, or who have none, by name or the newest first.

    Raises `NotAllowed`, `UnknownCursor`.
    """
    found = _looked_after(viewer, by, site)
    limit = bounded(limit)
    if newest:
        found = found.order_by("-id")
        if cursor:
            found = found.filter(pk__lt=decode_cursor(cursor, "newest", int)[0])
    else:
        found = found.order_by("sort_key", "id")
        if cursor:
            found = found.extra(
                where=["(people_person.sort_key, people_person.id) > (%s, %s)"],
                params=decode_cursor(cursor, "looked_after", str, int),
            )
    keys = list(found.values_list("pk", "sort_key")[: limit + 1])
    shown = [pk for pk, _key in keys[:limit]]
    following = None
    if len(keys) > limit:
        pk, key = keys[limit - 1]
        following = encode_cursor("newest", pk) if newest else encode_cursor("looked_after", key, pk)
    return Page(rows(viewer, shown), following)


def count_looked_after(viewer: Viewer, by: Looked, *, site: UUID | None = None, most: int) -> int:
    """How many they are, counted up to `most`."""
    return _looked_after(viewer, by, site).values("pk")[:most].count()


def latest(viewer: Viewer, ids: Iterable[int], *, limit: int) -> list[PersonRow]:
    """The persons of these ids (`Person.pk`) whom the viewer sees, in the order given."""
    wanted = list(dict.fromkeys(ids))
    seen = set(visible(viewer).filter(pk__in=wanted, erased_at__isnull=True).values_list("pk", flat=True))
    return rows(viewer, [pk for pk in wanted if pk in seen][:limit])


def _looked_after(viewer: Viewer, by: Looked, site: UUID | None) -> QuerySet[Person]:
    ties = Relationship.objects.filter(kind="adviser", until__isnull=True)
    found = visible(viewer).filter(erased_at__isnull=True, root__isnull=True)
    if by == "nobody":
        own = ties.filter(person=OuterRef("pk"))
        found = found.filter(~Exists(own)).exclude(any_of(ties.filter(person__root__isnull=False), "person__root"))
    else:
        # From the portfolio's own index: an adviser has hundreds of clients among a million people.
        found = found.filter(pk__in=roots(ties.filter(staff=by)))
    return found.filter(site=site) if site else found
