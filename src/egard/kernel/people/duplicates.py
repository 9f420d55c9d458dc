"""Looking for records that may be one person: through everybody, piece by piece, and around one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from egard.base.copytext import number_array
from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.base.text import NAMELESS
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.people import likeness
from egard.kernel.people.likeness import HOLDERS_MAX, Known, Reason
from egard.kernel.people.members import fill, with_members
from egard.kernel.people.models import Duplicate, Identifier, Person
from egard.kernel.people.queries import MERGE, seen_each, visible
from egard.kernel.registry import FieldClass, registry

BATCH = 2000
"""Persons looked at in one transaction: a few hundred milliseconds."""
NAMESAKES_MAX = 20

_CANDIDATES = """
with looked as (
    select p.id, p.sort_key, p.address, p.site_id from people_person p where {which} and p.erased_at is null
), shared as (
    select i.person_id as x, o.person_id as y, count(*) over (partition by i.id) as holders
    from looked join people_identifier i on i.person_id = looked.id and not i.exclusive and i.kind = any(%(kinds)s)
    cross join lateral (
        select o.person_id from people_identifier o
        where o.value = i.value and o.kind = i.kind and o.person_id <> i.person_id limit %(holders)s
    ) o
), namesakes as (
    select s.id as x, o.id as y from looked s cross join lateral (
        select o.id, o.address, o.site_id from people_person o
        where o.sort_key = s.sort_key and o.id <> s.id and o.erased_at is null limit %(namesakes)s
    ) o
    where s.sort_key <> %(nameless)s and s.sort_key not like %(no_family)s and s.sort_key not like %(no_given)s
      and (o.site_id = s.site_id or (s.address <> '' and o.address <> ''))
)
select distinct least(x, y), greatest(x, y) from (
    select x, y from shared where holders < %(holders)s union all select x, y from namesakes
) pairs
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two persons who may be one, with what speaks for it. `id` is None for one that is not in the list yet."""

    id: int | None
    survivor: Person
    absorbed: Person
    """Only a proposal: whoever has an account, else the older record."""
    reasons: tuple[Reason, ...]
    dismissed_at: datetime | None = None


# --- looking ------------------------------------------------------------------------------------------------------


@transaction.atomic
def look(*, after: int = 0, batch: int = BATCH, now: datetime) -> int | None:
    """Look at the next `batch` persons after the row `after`, and propose whoever may be one of them.

    Returns where to go on, None at the end. Five queries. What was dismissed stays dismissed.
    """
    ids = list(Person.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:batch])
    if not ids:
        return None
    which = "p.id > %(after)s and p.id <= %(last)s"
    pairs = _candidates(which, {"after": after, "last": ids[-1]})
    known = _known({pk for pair in pairs for pk in pair})
    rows = []
    for a, b in pairs:
        if a in known and b in known and (reasons := likeness.why(known[a][1], known[b][1])):
            rows.append(Duplicate(a_id=a, b_id=b, score=likeness.score(reasons), found_at=now))
    Duplicate.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["a", "b"], update_fields=["score", "found_at"]
    )
    return ids[-1] if len(ids) == batch else None


def look_for(seconds: float, *, after: int = 0, now: datetime) -> int | None:
    """`look` as often as fits into some seconds, at least once; where to go on, None at the end."""
    end = monotonic() + seconds
    place: int | None = after
    while place is not None:
        place = look(after=place, now=now)
        if monotonic() >= end:
            break
    return place


def look_at_all(*, now: datetime) -> None:
    """`look` from the first to the last: what is done each night, one short transaction a batch."""
    place: int | None = 0
    while place is not None:
        place = look(after=place, now=now)


def _candidates(which: str, params: dict[str, Any]) -> list[tuple[int, int]]:
    """Pairs of rows that share an identifier of few, or a name with something beside it. One query."""
    params |= {
        "kinds": [kind.name for kind in registry.identifier_kinds.values() if kind.search == "inside"],
        "holders": HOLDERS_MAX,
        "namesakes": NAMESAKES_MAX,
        "nameless": NAMELESS,
        "no_family": "\x1f%",
        "no_given": "%\x1f",
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(which=which), params)
        return cursor.fetchall()


def _known(rows: Iterable[int]) -> dict[int, tuple[Person, Known]]:
    """The living persons behind some rows, by row, and what is compared of them: two queries."""
    ids = list(rows)
    if not ids:
        return {}
    wanted = Person.objects.filter(pk__in=ids).values(_root=Coalesce("root", "pk"))
    found = with_members(Person.objects.filter(pk__in=wanted, erased_at__isnull=True)).select_related("site")
    persons = [fill(person) for person in found]
    held: dict[int, set[tuple[str, str]]] = {}
    kinds = [kind.name for kind in registry.identifier_kinds.values() if kind.search == "inside"]
    members = [pk for person in persons for pk in person.members]
    for pk, kind, value in Identifier.objects.filter(person__in=members, kind__in=kinds).values_list(
        "person", "kind", "value"
    ):
        held.setdefault(pk, set()).add((kind, value))
    return {pk: (person, Known.of(person, held)) for person in persons for pk in person.members}


# --- what is found ------------------------------------------------------------------------------------------------


def proposed(viewer: Viewer, *, dismissed: bool = False, limit: int = 50, cursor: str | None = None) -> Page[Pair]:
    """Pairs that may be one person, what speaks most for it first; or those that were dismissed. Four queries.

    Both persons are within the viewer's scope of merging, and neither is erased.
    """
    within = visible(viewer, MERGE)
    found = Duplicate.objects.annotate(root_a=Coalesce("a__root", "a"), root_b=Coalesce("b__root", "b"))
    found = found.filter(
        ~Q(root_a=F("root_b")), dismissed_at__isnull=not dismissed, a__erased_at=None, b__erased_at=None
    )
    if viewer.scope(MERGE) != "all":
        found = found.filter(root_a__in=within.values("pk"), root_b__in=within.values("pk"))
    if cursor:
        score, pk = decode_cursor(cursor, "duplicates", int, int)
        found = found.filter(Q(score__lt=score) | Q(score=score, id__lt=pk))
    limit = bounded(limit)
    rows = list(found.order_by("-score", "-id")[: limit + 1])
    shown = rows[:limit]
    following = encode_cursor("duplicates", shown[-1].score, shown[-1].pk) if len(rows) > limit else None
    known = _known({pk for row in shown for pk in (row.a_id, row.b_id)})
    seen_each(viewer, [person for person, _known_of in known.values()])
    pairs: dict[tuple[int, int], Pair] = {}
    for row in shown:
        pair = _pair(viewer, row, known[row.a_id], known[row.b_id])
        # What spoke for it may be gone since; and two rows of one person may each be like a third.
        if pair.reasons or dismissed:
            pairs.setdefault((pair.survivor.pk, pair.absorbed.pk), pair)
    return Page(list(pairs.values()), following)


def like(viewer: Viewer, person: Person) -> list[Pair]:
    """Who may be this person, as far as the viewer may merge them; asked anew each time, in a few queries."""
    pairs = _candidates("p.id = any(%(ids)s::bigint[])", {"ids": number_array(person.members)})
    low = {pk for pair in pairs for pk in pair}
    dismissed = Duplicate.objects.filter(a__in=low, b__in=low, dismissed_at__isnull=False).values_list("a", "b")
    gone = set(dismissed)
    known = _known(low)
    seen_each(viewer, [one for one, _known_of in known.values()])
    others = {known[pk][0].pk for pair in pairs for pk in pair if pk in known} - {person.pk}
    allowed = set(visible(viewer, MERGE).filter(pk__in=others).values_list("pk", flat=True))
    found: dict[int, Pair] = {}
    for a, b in pairs:
        other = b if a in person.members else a
        if (a, b) in gone or other not in known or known[other][0].pk not in allowed or person.pk not in known:
            continue
        pair = _pair(viewer, Duplicate(a_id=a, b_id=b), known[person.pk], known[other])
        if pair.reasons:
            found.setdefault(known[other][0].pk, pair)
    return sorted(found.values(), key=lambda pair: -likeness.score(list(pair.reasons)))


def _pair(viewer: Viewer, row: Duplicate, one: tuple[Person, Known], other: tuple[Person, Known]) -> Pair:
    survivor, absorbed = sorted((one[0], other[0]), key=lambda p: (p.user_id is None, p.pk))
    classes = seen_each(viewer, [survivor, absorbed])
    return Pair(
        id=row.pk,
        survivor=survivor,
        absorbed=absorbed,
        reasons=tuple(r for r in likeness.why(one[1], other[1]) if all(_shows(v, r) for v in classes)),
        dismissed_at=row.dismissed_at,
    )


def _shows(viewer: Viewer, reason: Reason) -> bool:
    if reason.kind:
        return viewer.sees(registry.identifier_kinds[reason.kind].field_class)
    return viewer.sees(FieldClass.CONTACT if reason.code == "address" else FieldClass.IDENTITY)


# --- saying no ----------------------------------------------------------------------------------------------------


@transaction.atomic
def dismiss(persons: Sequence[Person], *, by: Actor, now: datetime) -> None:
    """Say that two persons are not one: no two of their rows are proposed again, until it is taken back."""
    one, other = persons
    pairs = [sorted((a, b)) for a in one.members for b in other.members]
    Duplicate.objects.bulk_create(
        [Duplicate(a_id=a, b_id=b, score=0, found_at=now, dismissed_at=now, dismissed_by=str(by)) for a, b in pairs],
        update_conflicts=True,
        unique_fields=["a", "b"],
        update_fields=["dismissed_at", "dismissed_by"],
    )


@transaction.atomic
def propose_again(persons: Sequence[Person], *, by: Actor, now: datetime) -> None:
    """Take back that two are not one. Raises `NotFound` where nobody said so."""
    one, other = persons
    rows = Duplicate.objects.filter(
        Q(a__in=one.members, b__in=other.members) | Q(a__in=other.members, b__in=one.members),
        dismissed_at__isnull=False,
    )
    if not rows.update(dismissed_at=None, dismissed_by=""):
        raise NotFound
