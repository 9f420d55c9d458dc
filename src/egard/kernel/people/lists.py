"""Lists of people by who looks after them, and by what is known of them: at most four queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Viewer
from egard.kernel.people.members import any_of, roots
from egard.kernel.people.models import Consent, Person, Relationship, Role
from egard.kernel.people.queries import visible
from egard.kernel.people.search import PersonRow, hits, rows
from egard.kernel.registry import FieldClass

Looked = UUID | Literal["nobody"]
"""Who looks after them: a member of staff, or nobody."""
BY = ("site", "adviser", "team", "role", "agreed", "language")
"""What people are sought by, beside the words of a search (`q`)."""


class UnknownFilter(Refusal):
    """People are sought by what is known of them: a site, an adviser (or `nobody`), the adviser's team, a role, a
    purpose to which they agreed by e-mail, a language.
    """

    code = "people.unknown_filter"
    message = _("One of these filters names nothing that is known here. Choose another value.")


def sought(viewer: Viewer, filters: Mapping[str, str]) -> QuerySet[Person]:
    """Those whom filters (`q` and `BY`) name, each once, in no order. Raises `NotAllowed`, `UnknownFilter`."""
    by, site = filters.get("adviser", ""), _id(filters.get("site"))
    found = visible(viewer).filter(erased_at__isnull=True, root__isnull=True)
    if by:
        found = _looked_after(viewer, "nobody" if by == "nobody" else _id(by) or "nobody", site)
    elif site:
        found = found.filter(site=site)
    if team := _id(filters.get("team")):
        ties = Relationship.objects.filter(kind="adviser", until__isnull=True, staff__teams=team)
        found = found.filter(pk__in=roots(ties))
    if role := filters.get("role"):
        found = found.filter(pk__in=roots(Role.objects.filter(role=role, until__isnull=True)))
    if language := filters.get("language"):
        if language not in dict(settings.LANGUAGES):
            raise UnknownFilter
        found = found.filter(language=language)
    if purpose := filters.get("agreed"):
        found = _agreed(viewer, found, purpose)
    if q := filters.get("q", "").strip():
        found = found.filter(pk__in=hits(viewer, q))
    return found


def _agreed(viewer: Viewer, found: QuerySet[Person], purpose: str) -> QuerySet[Person]:
    """Those whose latest word on a purpose, by e-mail, is yes; who may not see what people agreed to finds none."""
    if not viewer.sees(FieldClass.CONSENT):
        raise UnknownFilter
    said = Consent.objects.filter(purpose=purpose, channel="email")
    hers = said.filter(Q(person=OuterRef("pk")) | Q(person__root=OuterRef("pk"))).order_by("-at", "-id")
    found = found.filter(pk__in=roots(said.filter(given=True)))
    return found.alias(agreed=Subquery(hers.values("given")[:1])).filter(agreed=True)


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise UnknownFilter from error


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
