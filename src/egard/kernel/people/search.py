"""Lists of people and the search through them: at most six queries, whatever the number of people.

Names are found by the beginning of the family name (an index on the sort key) and by any piece (trigrams in
`people_search`); numbers found by their ends (orders) by two B-trees, forwards and backwards. bench/search.py
measures it at a million people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from egard.base.paging import Page, UnknownCursor, bounded, decode_cursor, encode_cursor
from egard.base.text import like_pattern, words
from egard.kernel.access.actors import Viewer
from egard.kernel.people import rules
from egard.kernel.people.models import Identifier, Person, Relationship
from egard.kernel.people.queries import READ, everywhere, persons_with, visible
from egard.kernel.registry import FieldClass, IdentifierKind, registry

HITS_MAX = 400
"""How many persons one search ranks at most; beyond that, more letters are asked for."""


@dataclass(frozen=True, slots=True)
class Match:
    """The identifier that a search found."""

    kind: IdentifierKind
    value: str

    @property
    def display(self) -> str:
        return self.kind.display(self.value)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in a list. What the viewer may not see is empty."""

    id: UUID
    name: str
    given_name: str
    family_name: str
    site: str
    adviser: str
    roles: tuple[str, ...]
    contact: str
    matched: Match | None
    known_by: Match | None
    """What tells apart somebody without a name: her customer number, or the first identifier that there is."""
    pk: int
    also: str = ""
    """The name of a record merged into hers, where it was that one's name or identifier that was found."""


def search(
    viewer: Viewer,
    q: str = "",
    *,
    within: QuerySet[Person] | None = None,
    limit: int = 50,
    cursor: str | None = None,
    down_to: str | None = None,
) -> Page[PersonRow]:
    """Persons found by pieces of names, e-mails, phones and numbers; with nothing typed, everybody by name.

    Every word typed must be found. First come exact identifiers, then family names that begin so, then the rest,
    each by name; `within`: of these persons alone.
    `down_to`: not beyond the page that this cursor begins (what a reader has on the screen already).
    At most four queries, six for viewers who do not see every class of data.
    Raises `NotAllowed`, `UnknownCursor`.
    """
    viewer = everywhere(viewer)
    query = rules.understand(q)
    limit = bounded(limit)
    if query.kind == "nothing":
        among = visible(viewer) if within is None else within
        return _everybody(viewer, among, limit=limit, cursor=cursor, down_to=down_to) if not q.strip() else Page()
    start = decode_cursor(cursor, "search", int)[0] if cursor else 0
    if not 0 <= start <= HITS_MAX:
        raise UnknownCursor
    ranked = hits(viewer, q)
    if within is not None:
        kept = set(within.filter(pk__in=ranked).values_list("pk", flat=True))
        ranked = [pk for pk in ranked if pk in kept]
    if down_to:
        ranked = ranked[: max(0, decode_cursor(down_to, "search", int)[0])]
    shown = ranked[start : start + limit]
    more = len(ranked) > start + limit
    return Page(_rows(viewer, shown, query, q), encode_cursor("search", start + limit) if more else None)


def hits(viewer: Viewer, q: str) -> list[int]:
    """The persons whom the words find, as `search` does, by their rows; none for words that say nothing."""
    viewer, query = everywhere(viewer), rules.understand(q)
    return [] if query.kind == "nothing" else _explained(viewer, _hits(viewer, query, q), query)


def holders(viewer: Viewer, kind: str, value: str, *, limit: int = 50) -> list[PersonRow]:
    """The same as rows of a list, with the identifier that was asked for. Raises `UnknownKind`, `BadIdentifier`."""
    ids = [found.pk for found in persons_with(viewer, kind, value, limit=bounded(limit))]
    return _rows(viewer, ids, None, "") if ids else []


def rows(viewer: Viewer, ids: Sequence[int]) -> list[PersonRow]:
    """Persons whom a question of another list found within the viewer's scope, as rows of a list: two queries."""
    return _rows(everywhere(viewer), ids, None, "") if ids else []


def _everybody(
    viewer: Viewer, among: QuerySet[Person], *, limit: int, cursor: str | None, down_to: str | None
) -> Page[PersonRow]:
    found = among.filter(erased_at__isnull=True).order_by("sort_key", "id")
    if cursor:
        key, pk = decode_cursor(cursor, "people", str, int)
        found = found.extra(where=["(people_person.sort_key, people_person.id) > (%s, %s)"], params=[key, pk])
    if down_to:
        key, pk = decode_cursor(down_to, "people", str, int)
        found = found.extra(where=["(people_person.sort_key, people_person.id) <= (%s, %s)"], params=[key, pk])
    keys = list(found.values_list("id", "sort_key")[: limit + 1])
    following = encode_cursor("people", keys[limit - 1][1], keys[limit - 1][0]) if len(keys) > limit else None
    return Page(_rows(viewer, [pk for pk, _key in keys[:limit]], None, ""), following)


_WHO = "coalesce(p.root_id, p.id) as id"
"""A row that was merged finds the survivor."""


def _hits(viewer: Viewer, query: rules.Query, q: str) -> list[int]:
    """The ids of at most `HITS_MAX` persons, best first. Hand-written SQL: bench/search.py measures it."""
    parts: list[str] = []
    params: dict[str, Any] = {"max": HITS_MAX}
    within, scope_params = _within_sql(viewer)
    params |= scope_params

    if viewer.sees(FieldClass.IDENTITY) or viewer.sees(FieldClass.CONTACT):
        kinds = [k.name for k in registry.identifier_kinds.values() if viewer.sees(k.field_class)]
        params |= {"exact": _exact_values(q), "kinds": kinds}
        parts.append(
            f"(select {_WHO}, 0 as rank, p.sort_key from people_identifier i join people_person p on p.id = i.person_id"
            f" where i.value = any(%(exact)s) and i.kind = any(%(kinds)s) {within} limit 50)"
        )
        typed = query.only
        if len(typed) >= 3:
            ends = [
                k.name for k in registry.identifier_kinds.values() if k.search == "ends" and viewer.sees(k.field_class)
            ]
            params |= {
                "ends": ends,
                "head": like_pattern(typed.upper()) + "%",
                "tail": like_pattern(typed.upper()[::-1]) + "%",
            }
            for column, pattern in (("i.value", "head"), ("reverse(i.value)", "tail")):
                parts.append(
                    f"(select {_WHO}, 1 as rank, p.sort_key from people_identifier i"
                    f" join people_person p on p.id = i.person_id"
                    f" where {column} like %({pattern})s and i.kind = any(%(ends)s) {within} limit 50)"
                )
    first = " ".join(query.words)
    params |= {"low": first, "high": first + "\U0010ffff"}
    parts.append(
        f"(select {_WHO}, 2 as rank, p.sort_key from people_person p"
        f" where p.sort_key >= %(low)s and p.sort_key < %(high)s"
        f" {within} order by p.sort_key, p.id limit %(max)s)"
    )
    if query.grams:
        params |= {"grams": list(query.grams), "patterns": [f"%{like_pattern(word)}%" for word in query.words]}
        # Within a scope the limit counts those she may see; erased people have no row here.
        inner = f"join people_person p on p.id = s.person_id {within}" if scope_params else ""
        parts.append(
            f"(select p.id, 3 as rank, p.sort_key from (select s.person_id from people_search s {inner}"
            f" where s.grams @> %(grams)s::text[] and s.text like all(%(patterns)s) limit %(max)s) s"
            f" join people_person p on p.id = s.person_id)"
        )
    sql = (
        f"select id from ({' union all '.join(parts)}) hits"
        f" group by id order by min(rank), min(sort_key), id limit %(max)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def _explained(viewer: Viewer, ids: list[int], query: rules.Query) -> list[int]:
    """The hits that the viewer may know of: she must not learn a phone by searching for it.

    The search row holds all classes of data; for somebody who sees them all there is nothing to do.
    """
    inside = [kind for kind in registry.identifier_kinds.values() if kind.search == "inside"]
    if not ids or all(viewer.sees(kind.field_class) for kind in inside):
        return ids
    rows = Person.objects.filter(Q(pk__in=ids) | Q(root__in=ids)).values_list("pk", "root", "sort_key")
    who = {pk: root or pk for pk, root, _name in rows}
    names: dict[int, list[str]] = {}
    for pk, _root, name in rows:
        names.setdefault(who[pk], []).extend(name.replace("\x1f", " ").split())
    terms: dict[int, list[str]] = {}
    seen = [kind.name for kind in registry.identifier_kinds.values() if viewer.sees(kind.field_class)]
    for pk, kind, value in Identifier.objects.filter(person__in=who, kind__in=seen).values_list(
        "person", "kind", "value"
    )[: 100 * HITS_MAX]:
        terms.setdefault(who[pk], []).extend(rules.terms_of(registry.identifier_kinds[kind], value))
    texts = {pk: rules.search_text(names[pk], terms.get(pk, ())) for pk in names}
    return [pk for pk in ids if pk in texts and all(word in texts[pk] for word in query.words)]


def _within_sql(viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """`_within` for hand-written SQL over `people_person p`."""
    scope = viewer.require(READ)
    if scope == "all":
        return "and p.erased_at is null", {}
    if scope == "site":
        theirs, params = "c.site_id = any(%(sites)s)", {"sites": list(viewer.site_ids)}
    else:
        staff, params = "= %(viewer)s", {"viewer": viewer.user_id}
        if scope == "team":
            staff = "in (select m.user_id from access_user_teams m where m.team_id = any(%(teams)s))"
            params = {"teams": list(viewer.team_ids)}
        ties = "select 1 from people_relationship r where r.person_id = c.id and r.until is null"
        theirs = f"exists ({ties} and r.staff_id {staff})"
    # Any of her rows brings her within the scope.
    hers = "select coalesce(p.root_id, p.id) as id"
    rows = f"({hers} union all select m.id from people_person m, ({hers}) w where m.root_id = w.id)"
    return (
        f"and p.erased_at is null and exists (select 1 from {rows} h join people_person c on c.id = h.id"
        f" where {theirs})",
        params,
    )


def _exact_values(q: str) -> list[str]:
    """The stored forms that the typed text may have as a whole, over all kinds of identifiers."""
    typed = " ".join(q.replace("\x00", " ").split())[: rules.VALUE_MAX]
    values = {typed, typed.upper(), typed.lower()}
    for kind in registry.identifier_kinds.values():
        try:
            values.add(kind.normalise(typed))
        except ValueError:
            continue
    return sorted(values - {""})


def _rows(viewer: Viewer, ids: Sequence[int], query: rules.Query | None, q: str) -> list[PersonRow]:
    """The rows of a list in the order of `ids`: two queries. What is merged into a person is part of her row."""
    staff = Relationship.objects.filter(person=OuterRef("pk"), kind="adviser", until__isnull=True)
    rows = (
        Person.objects.filter(Q(pk__in=ids) | Q(root__in=ids))
        .select_related("site")
        .order_by("pk")
        .annotate(
            adviser_name=Subquery(staff.values("staff__name")[:1]),
            open_roles=ArrayAgg(
                "roles__role",
                filter=Q(roles__until__isnull=True, roles__id__isnull=False),
                distinct=True,
                default=[],
            ),
        )
    )
    hers: dict[int, list[Person]] = {}
    for row in sorted(rows, key=lambda p: p.root_id is not None):
        hers.setdefault(row.root_id or row.pk, []).append(row)
    who = {row.pk: pk for pk, some in hers.items() for row in some}
    reached: dict[int, list[Identifier]] = {}
    kinds = [k.name for k in registry.identifier_kinds.values() if viewer.sees(k.field_class)]
    wanted = Q(kind__in=[k for k in kinds if registry.identifier_kinds[k].search == "inside"])
    if query and query.only:
        typed = query.only.upper()
        wanted |= Q(kind__in=kinds) & (
            Q(value__startswith=typed) | Q(value__endswith=typed) | Q(value__in=_exact_values(q))
        )
    for row in Identifier.objects.filter(wanted, person__in=who).order_by("id")[: 20 * len(who)]:
        reached.setdefault(who[row.person_id], []).append(row)
    return [_row(hers[pk], reached.get(pk, []), query, q) for pk in ids if pk in hers]


def _row(hers: Sequence[Person], held: list[Identifier], query: rules.Query | None, q: str) -> PersonRow:
    """One person from all her rows, the survivor's first: her values hold, blanks are filled from the others."""
    contact = next((i for i in held if registry.identifier_kinds[i.kind].reach), None)
    found = hers[0]
    given, family = (_first(getattr(row, name) for row in hers) for name in ("given_name", "family_name"))
    name = f"{given} {family}".strip()
    held_by = _found_by(name, held, query, q)
    return PersonRow(
        id=found.uuid,
        name=name,
        given_name=given,
        family_name=family,
        site=_first(row.site.name if row.site else "" for row in hers),
        adviser=_first(row.adviser_name or "" for row in hers),  # ty: ignore[missing-attribute]  (annotated by `_rows`)
        roles=tuple(sorted({role for row in hers for role in row.open_roles})),  # ty: ignore[missing-attribute]
        contact=registry.identifier_kinds[contact.kind].display(contact.value) if contact else "",
        matched=Match(registry.identifier_kinds[held_by.kind], held_by.value) if held_by else None,
        also=_also(name, hers[1:], held_by, query),
        known_by=None if name else rules.telling([Match(registry.identifier_kinds[i.kind], i.value) for i in held]),
        pk=found.pk,
    )


def _first(values: Iterable[str]) -> str:
    return next(filter(None, values), "")


def _unexplained(name: str, query: rules.Query | None) -> list[str]:
    """The words typed that the name does not hold."""
    shown = "".join(f" {word}" for word in words(name))
    return [word for word in query.words if word not in shown] if query else []


def _found_by(name: str, held: list[Identifier], query: rules.Query | None, q: str) -> Identifier | None:
    """The identifier by which she was found, when her name does not say it already."""
    unexplained = _unexplained(name, query)
    exact = set(_exact_values(q)) if unexplained else set()
    for row in held if unexplained else ():
        kind = registry.identifier_kinds[row.kind]
        looked_through = rules.search_text((), rules.terms_of(kind, row.value))
        if row.value in exact or any(word in looked_through for word in unexplained):
            return row
    return None


def _also(name: str, merged: Sequence[Person], held_by: Identifier | None, query: rules.Query | None) -> str:
    """The name of the merged record that was found: by its identifier, or by the words of its name."""
    unexplained = _unexplained(name, query)
    for row in merged if unexplained else ():
        theirs = f"{row.given_name} {row.family_name}".strip()
        if not theirs or theirs == name:
            continue
        shown = "".join(f" {word}" for word in words(theirs))
        if (held_by and held_by.person_id == row.pk) or any(word in shown for word in unexplained):
            return theirs
    return ""
