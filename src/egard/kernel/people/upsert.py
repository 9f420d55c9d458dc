"""Bringing many people up to date from a list that knows them by identifiers: new ones made, known ones completed.

Who a row is about: the holder of its first identifier that points to one person alone. An address or a phone only says
where somebody is reached: under another name it is another person, and the row is refused rather than mixed up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.copytext import number_array, text_array
from egard.base.refusal import Conflict, Refusal
from egard.base.text import sort_key, words
from egard.kernel.access.actors import Actor
from egard.kernel.people import bulk, rules
from egard.kernel.people.bulk import NewPerson, Pair, Word
from egard.kernel.people.indexing import write_search
from egard.kernel.people.live import tell_people, tell_persons
from egard.kernel.people.models import Person
from egard.kernel.people.operations import IdentifierTaken
from egard.kernel.registry import registry


class NoIdentifier(Refusal):
    """Without an identifier the same list brought in again would make the person twice."""

    code = "people.no_identifier"
    message = _("No identifier: give an e-mail, a customer number or another one, so that the person is found again.")


class AnotherName(Conflict):
    """Two people with one address: the row's name is not that of who has it."""

    code = "people.another_name"
    message = _(
        "The {kind} “{value}” belongs to somebody of another name ({name}). If both use it, import one of them with"
        " another identifier; if it is one person, give her customer number too."
    )


@dataclass(slots=True)
class Put:
    """What became of one row."""

    outcome: Literal["created", "updated", "unchanged", "rejected"]
    refusal: Refusal | None = None


@dataclass(slots=True)
class _Known:
    """A person as she is stored."""

    person_id: int
    values: dict[str, Any]
    identifiers: set[Pair] = field(default_factory=set)
    roles: dict[str, datetime] = field(default_factory=dict)
    """Since when she has each role. One that ended once counts as held for ever: a list does not move it."""
    consents: dict[tuple[str, str], set[tuple[datetime, bool]]] = field(default_factory=dict)
    root: int = 0
    """The person she is: another row where she was merged. Her rows share identifiers, roles and consents."""
    rows: tuple[int, ...] = ()
    """All rows of hers, where several were merged."""

    @property
    def name_words(self) -> set[str]:
        return set(words(f"{self.values['family_name']} {self.values['given_name']}"))


_FOR_EVER = datetime.min.replace(tzinfo=UTC)
_VALUES = ("given_name", "family_name", "language", "address", "country", "site_id")


def put_persons(rows: Sequence[NewPerson], *, by: Actor, now: datetime, dry_run: bool = False) -> list[Put]:
    """Make or complete the person of each row, all in one transaction; outcomes in the order given.

    Empty values leave what is known; others replace it. Identifiers, roles and consents are added, never taken away;
    an open role begins at the earlier of two dates.
    A yes or no without a date counts from `now`, and only where the person has said nothing on that purpose and
    channel: an old list never undoes what she said since. A dated one takes its place in her history.
    Rows that speak of one person twice are taken one after the other. A second time changes nothing.
    """
    outcomes: dict[int, Put] = {}

    def attempt() -> list[Put]:
        outcomes.clear()
        with transaction.atomic():
            if not dry_run:
                bulk.lock_shared({pair for row in rows for pair in row.identifiers})
            left = list(range(len(rows)))
            while left:
                left = _round(rows, left, outcomes, by, now, dry_run)
        return [outcomes[place] for place in range(len(rows))]

    return bulk.again_where_raced(attempt)


def _round(
    rows: Sequence[NewPerson], places: list[int], outcomes: dict[int, Put], by: Actor, now: datetime, dry_run: bool
) -> list[int]:
    """Settle the rows that share no identifier and no person with an earlier one; the others are for the next round."""
    mine, later = _apart(rows, places, outcomes)
    # The first round locks the persons of all rows at once, so in one order everywhere; then they are read.
    asked = places if len(places) == len(rows) else mine
    everybody = bulk.find({pair for place in asked for pair in rows[place].identifiers}, to_change=not dry_run)
    found = {pair: holders for place in mine for pair in rows[place].identifiers if (holders := everybody.get(pair))}
    known = _known({person_id for holders in found.values() for person_id in holders})
    # An identifier that was taken away while its holder was waited for is hers no more.
    found = {pair: [pk for pk in holders if pair in known[pk].identifiers] for pair, holders in found.items()}
    gone = bulk.erased([pair for place in mine for pair in rows[place].identifiers if not found.get(pair)])
    fresh: list[int] = []
    updates: list[tuple[NewPerson, _Known]] = []
    taken: set[int] = set()
    for place in mine:
        row = rows[place]
        try:
            owner = _owner(row, found, known)
        except Refusal as refusal:
            outcomes[place] = Put("rejected", refusal)
            continue
        if owner is not None and owner.root in taken:
            later.append(place)
            continue
        if owner is not None:
            taken.add(owner.root)
        if owner is None and any(pair in gone for pair in row.identifiers):
            outcomes[place] = Put("rejected", bulk.WasErased())
        elif owner is None:
            outcomes[place] = Put("created")
            fresh.append(place)
        elif missing := _missing(row, owner):
            outcomes[place] = Put("updated")
            updates.append((missing, owner))
        else:
            outcomes[place] = Put("unchanged")
    if not dry_run:
        bulk.create([rows[place] for place in fresh], by=by, now=now)
        _complete(updates, by, now)
    return sorted(later)


def _apart(rows: Sequence[NewPerson], places: list[int], outcomes: dict[int, Put]) -> tuple[list[int], list[int]]:
    """The rows that share no identifier with an earlier one, and the others; those without any are refused."""
    claimed: set[Pair] = set()
    mine: list[int] = []
    later: list[int] = []
    for place in places:
        pairs = set(rows[place].identifiers)
        if not pairs:
            outcomes[place] = Put("rejected", NoIdentifier())
        elif pairs & claimed:
            later.append(place)
        else:
            mine.append(place)
        claimed |= pairs
    return mine, later


def _owner(row: NewPerson, found: dict[Pair, list[int]], known: dict[int, _Known]) -> _Known | None:
    """The stored person whom a row is about, None for somebody new. Raises a refusal where that is not clear."""
    name = set(words(f"{row.family_name} {row.given_name}"))
    owner: _Known | None = None
    decided_by: Pair | None = None
    for pair in row.identifiers:
        if registry.identifier_kinds[pair[0]].shared:
            continue
        holders = [known[person_id] for person_id in found.get(pair, ())]
        if not holders:
            continue
        if len(holders) > 1:  # an address that was made shared: the name decides
            holders = [one for one in holders if name and one.name_words == name] or holders
        if owner is None and len(holders) == 1:
            owner, decided_by = holders[0], pair
        elif owner is None or owner.root not in {one.root for one in holders}:
            raise IdentifierTaken(kind=_label(pair[0]), fields={"value": pair[1]})
    if owner is None:
        return _by_shared(row, name, found, known)
    assert decided_by is not None
    _refuse_another(row, owner, decided_by, name)
    return owner


def _refuse_another(row: NewPerson, owner: _Known, decided_by: Pair, name: set[str]) -> None:
    """Refuse where the identifier that decided points to somebody else after all."""
    kind, value = decided_by
    before = row.identifiers[: row.identifiers.index(decided_by)]
    for earlier, number in before:
        # The row has a number of its own that nobody holds, and the holder of its address another of that kind.
        if not registry.identifier_kinds[earlier].shared and any(
            held == earlier and other != number for held, other in owner.identifiers
        ):
            raise IdentifierTaken(kind=_label(kind), fields={"value": value})
    if registry.identifier_kinds[kind].reach and name and owner.name_words and not name & owner.name_words:
        full = f"{owner.values['given_name']} {owner.values['family_name']}".strip()
        raise AnotherName(kind=_label(kind), value=value, name=full)


def _by_shared(row: NewPerson, name: set[str], found: dict[Pair, list[int]], known: dict[int, _Known]) -> _Known | None:
    """A shared identifier (a family's phone) finds the one of its holders who has the row's name."""
    if any(not registry.identifier_kinds[kind].shared for kind, _value in row.identifiers):
        return None
    for pair in row.identifiers:
        same = [known[person_id] for person_id in found.get(pair, ()) if known[person_id].name_words == name]
        if len(same) == 1:
            return same[0]
        if len(same) > 1:
            raise IdentifierTaken(kind=_label(pair[0]), fields={"value": pair[1]})
    return None


def _label(kind: str) -> str:
    return str(registry.identifier_kinds[kind].label).lower()


def _missing(row: NewPerson, owner: _Known) -> NewPerson | None:
    """What a row adds to a stored person; None when it adds nothing."""
    changed = {name: value for name in _VALUES if (value := getattr(row, name)) and value != owner.values[name]}
    added = NewPerson(
        [pair for pair in row.identifiers if pair not in owner.identifiers],
        roles=[(role, since) for role, since in row.roles if role not in owner.roles or since < owner.roles[role]],
        consents=[word for word in row.consents if _is_news(word, owner.consents.get(word[:2], set()))],
        **changed,
    )
    return added if changed or added.identifiers or added.roles or added.consents else None


def _is_news(word: Word, said: set[tuple[datetime, bool]]) -> bool:
    return not said if word.at is None else (word.at, word.given) not in said


def _known(ids: set[int]) -> dict[int, _Known]:
    """Stored persons with what a row may add to, and all rows merged with theirs: five queries."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TOGETHER, {"ids": number_array(sorted(ids))})
        together = dict(cursor.fetchall())
        wanted = number_array(sorted(ids | set(together)))
        cursor.execute(f"select id, {', '.join(_VALUES)} from people_person where id = any(%s::bigint[])", [wanted])
        known = {row[0]: _Known(row[0], dict(zip(_VALUES, row[1:], strict=True))) for row in cursor.fetchall()}
        for pk, one in known.items():
            one.root = together.get(pk, pk)
            one.rows = tuple(row for row, root in together.items() if root == one.root)
            if pk != one.root:
                first = known[one.root]
                one.identifiers, one.roles, one.consents = first.identifiers, first.roles, first.consents
        cursor.execute(
            "select person_id, kind, value from people_identifier where person_id = any(%s::bigint[])", [wanted]
        )
        for person_id, kind, value in cursor.fetchall():
            known[person_id].identifiers.add((kind, value))
        cursor.execute(
            "select person_id, role, min(since), bool_or(until is not null) from people_role"
            " where person_id = any(%s::bigint[]) group by person_id, role",
            [wanted],
        )
        for person_id, role, since, ended in cursor.fetchall():
            held = known[person_id].roles
            held[role] = _FOR_EVER if ended else min(since, held.get(role, since))
        cursor.execute(
            "select person_id, purpose, channel, at, given from people_consent where person_id = any(%s::bigint[])",
            [wanted],
        )
        for person_id, purpose, channel, at, given in cursor.fetchall():
            known[person_id].consents.setdefault((purpose, channel), set()).add((at, given))
    return known


_TOGETHER = """
with hers as (
    select distinct m.root_id from people_person m
    where m.root_id is not null and (m.root_id = any(%(ids)s::bigint[]) or m.id = any(%(ids)s::bigint[]))
)
select p.id, hers.root_id from hers join people_person p on p.root_id = hers.root_id or p.id = hers.root_id
"""
"""The rows merged with some others, and the survivor of each; nothing for most."""


def _complete(updates: Sequence[tuple[NewPerson, _Known]], by: Actor, now: datetime) -> None:
    """Write what rows add to stored persons: values, identifiers, roles, consents and the search rows."""
    if not updates:
        return
    after: list[tuple[int, dict[str, Any], set[Pair]]] = []
    for added, owner in updates:
        values = {name: getattr(added, name) or owner.values[name] for name in _VALUES}
        after.append((owner.person_id, values, owner.identifiers | set(added.identifiers)))
    ids = [person_id for person_id, _values, _pairs in after]
    added_to = [(owner.person_id, kind, value) for added, owner in updates for kind, value in added.identifiers]
    texts = [bulk.search_text_of(v["family_name"], v["given_name"], sorted(pairs)) for _id, v, pairs in after]
    with connection.cursor() as cursor:
        cursor.execute(
            "update people_person p set given_name = n.given_name, family_name = n.family_name, language = n.language,"
            " address = n.address, country = n.country, site_id = n.site_id, sort_key = n.sort_key"
            " from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[],"
            " %s::text[]) n(id, given_name, family_name, language, address, country, site_id, sort_key)"
            " where p.id = n.id",
            [
                number_array(ids),
                *(text_array([values[name] for _id, values, _pairs in after]) for name in _VALUES[:5]),
                [values["site_id"] for _id, values, _pairs in after],
                text_array([sort_key(v["family_name"], v["given_name"]) for _id, v, _pairs in after]),
            ],
        )
        bulk.copy_identifiers(cursor, added_to, str(by), now)
        _begin_earlier(cursor, updates)
        new = [replace(a, roles=[held for held in a.roles if held[0] not in owner.roles]) for a, owner in updates]
        bulk.copy_roles_and_consents(cursor, ids, new, str(by), now)
        cursor.execute(
            "update people_search s set text = n.text, grams = n.grams::text[]"
            " from unnest(%s::bigint[], %s::text[], %s::text[]) n(person_id, text, grams)"
            " where s.person_id = n.person_id",
            [
                number_array(ids),
                text_array(texts),
                text_array([text_array(rules.grams_of(text)) for text in texts]),
            ],
        )
    # A survivor's search row speaks of all her rows.
    for person in Person.objects.filter(pk__in={owner.root for _added, owner in updates if owner.rows}):
        write_search(person)
    tell_persons(ids, "who")
    tell_people()


def _begin_earlier(cursor: Any, updates: Sequence[tuple[NewPerson, _Known]]) -> None:
    """Of two dates on which an open role began the earlier one holds."""
    moved = [
        (row, *held)
        for added, owner in updates
        for held in added.roles
        if held[0] in owner.roles
        for row in owner.rows or (owner.person_id,)
    ]
    if moved:
        cursor.execute(
            "update people_role r set since = least(r.since, n.since)"
            " from unnest(%s::bigint[], %s::text[], %s::timestamptz[]) n(person_id, role, since)"
            " where (r.person_id, r.role) = (n.person_id, n.role) and r.until is null",
            [
                number_array([person_id for person_id, _role, _since in moved]),
                text_array([role for _id, role, _since in moved]),
                [since for _id, _role, since in moved],
            ],
        )
