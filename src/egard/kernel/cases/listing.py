"""Lists of cases by their next promise, whatever the number of cases: each way by which a case is somebody's has an
index in the list's own order, its first rows are read, and the first of these are the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import F, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.kernel.access.actors import Viewer
from egard.kernel.cases import types
from egard.kernel.cases.models import Case
from egard.kernel.cases.queries import READ, visible

Whose = Literal["own", "team", "site"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which a case is somebody's: its owner, its team, its place, or a step that asks a team or a user."""

    column: Literal["owner", "team", "site", "asks__who"]
    value: UUID


def _ways(viewer: Viewer, whose: Whose | Literal["all"]) -> list[Way]:
    """The ways by which a list's cases are somebody's; none where it is of all cases. A scope holds whatever asks the
    viewer or her teams, and so do the lists of her own cases and of her teams'.
    """
    scope = viewer.require(READ)
    wanted = scope if whose == "all" else whose
    if wanted == "all":
        return []
    hers = (viewer.user_id,) if viewer.user_id else ()
    by: dict[str, list[Way]] = {
        "own": [Way("owner", one) for one in hers],
        "team": [Way("team", one) for one in viewer.team_ids],
        "site": [Way("site", one) for one in viewer.site_ids],
    }
    asked = () if whose == "site" else viewer.team_ids if whose == "team" else (*viewer.team_ids, *hers)
    return [*by[wanted], *(Way("asks__who", one) for one in asked)]


def cases(viewer: Viewer, filters: Mapping[str, Any], *, limit: int = 50, cursor: str | None = None) -> Page[Case]:
    """Cases within the viewer's scope, by their next promise (those without one last): three queries.

    Filters: `status` (open, closed), `type`, `person` (a Person), `owner`, `team`, `site` (ids), `whose` (own, team or
    site: those, and what asks her or her teams), `where` (a Q on cases).
    """
    limit = bounded(limit)
    after = decode_cursor(cursor, "cases", int, int) if cursor else None
    found = list(_first(viewer, filters, limit + 1, after))
    rows = Case.objects.select_related("type", "person__root", "owner", "team", "site")
    by_id = {row.pk: row for row in rows.defer("type__source", "type__definition").filter(pk__in=found[:limit])}
    types.read_all(row.type for row in by_id.values())
    page = [by_id[pk] for pk in found[:limit] if pk in by_id]
    last = page[-1] if page and len(found) > limit else None
    return Page(page, encode_cursor("cases", micros(last.due_at) if last.due_at else 0, last.pk) if last else None)


def count_cases(viewer: Viewer, filters: Mapping[str, Any], *, most: int) -> int:
    """How many cases match, up to `most`; filters as of `cases`."""
    branches = [one.values("pk")[:most] for one in _branches(viewer, filters)]
    return branches[0].union(*branches[1:])[:most].count() if branches else 0


def _first(viewer: Viewer, filters: Mapping[str, Any], count: int, after: Sequence[int] | None) -> Iterator[int]:
    """The ids of the first cases of a list, in its order."""
    order = F("next_due").asc(nulls_last=True), "n"
    branches = [
        _after(one, after).order_by(*order).values_list("n", "next_due")[:count] for one in _branches(viewer, filters)
    ]
    if not branches:
        return iter(())
    if len(branches) == 1:
        return (pk for pk, _due in branches[0])
    return (pk for pk, _due in branches[0].union(*branches[1:]).order_by(*order)[:count])


def _after(found: QuerySet[Case], after: Sequence[int] | None) -> QuerySet[Case]:
    if after is None:
        return found
    due, pk = after
    if not due:
        return found.filter(next_due=None, n__gt=pk)
    at = moment_of(due)
    return found.filter(Q(next_due=at, n__gt=pk) | Q(next_due__gt=at) | Q(next_due=None))


def _branches(viewer: Viewer, filters: Mapping[str, Any]) -> list[QuerySet[Case]]:
    """The cases of a list, one question a way by which they are somebody's; `next_due` and `n` are their order."""
    whose, scope = filters.get("whose") or "all", viewer.require(READ)
    if whose == scope == "all":
        return [_ordered(_filtered(Case.objects.all(), filters))]
    return [_by(viewer, way, whose, filters) for way in _ways(viewer, whose)]


def _ordered(found: QuerySet[Case]) -> QuerySet[Case]:
    return found.annotate(next_due=F("due_at"), n=F("pk"))


def _by(viewer: Viewer, way: Way, whose: str, filters: Mapping[str, Any]) -> QuerySet[Case]:
    """Ordered as the index of that way is. What asks the viewer is within her scope, and so is what the ways of the
    scope itself find.
    """
    asks = way.column == "asks__who"
    found = _filtered(Case.objects.all() if asks or whose == "all" else visible(viewer), filters)
    found = found.filter(**{way.column: way.value})
    return found.annotate(next_due=F("asks__due_at"), n=F("asks__case_id")) if asks else _ordered(found)


def _filtered(found: QuerySet[Case], filters: Mapping[str, Any]) -> QuerySet[Case]:
    if person := filters.get("person"):
        found = found.filter(person__in=person.members)
    columns = {"status": "status", "type": "type__name", "owner": "owner", "team": "team", "site": "site"}
    given = {column: filters[name] for name, column in columns.items() if filters.get(name)}
    return found.filter(filters.get("where") or Q(), **given)
