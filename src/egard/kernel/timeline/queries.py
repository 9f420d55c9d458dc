"""Questions on what people lived with us. Each takes the viewer first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.quickread import quick_rows
from egard.base.refusal import NotFound
from egard.base.text import fold, like_pattern
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.people.members import with_members
from egard.kernel.people.models import Person
from egard.kernel.registry import FactType, registry
from egard.kernel.timeline import kinds
from egard.kernel.timeline.models import Fact

READ = "timeline.read"


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact as the timeline shows it. One whose journey is gone is kept, and shown again when the journey is back:
    without its declaration nobody can say who may see it.
    """

    id: UUID
    kind: str
    fact_type: FactType
    at: datetime
    recorded_at: datetime
    channel: str
    by: str
    key: str
    data: dict[str, Any] = field(repr=False)
    corrects: UUID | None = None
    corrected_by: UUID | None = None
    history: bool = False
    """It came with the past that was brought in, not as news."""

    @property
    def label(self) -> Any:
        return self.fact_type.label

    @property
    def headline(self) -> Any:
        """The line that staff read; the label where a journey gives none."""
        if self.fact_type.headline:
            return self.fact_type.headline(self.data)
        return self.label

    @property
    def icon(self) -> str:
        return self.fact_type.icon

    @property
    def private(self) -> bool:
        """For staff alone."""
        return self.fact_type.private

    @property
    def tone(self) -> str:
        return self.fact_type.tone


def timeline(
    viewer: Viewer,
    person: Person,
    *,
    kind: Sequence[str] = (),
    q: str = "",
    q_channels: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
    down_to: str | None = None,
) -> Page[Entry]:
    """The facts of a person, newest first by when they happened: one query, whatever the history.

    `kind` keeps some kinds (`purchases.made/1`, or `purchases.made` for all its versions); `q` a text inside the data
    or the kind's own words, accents and case ignored, or one of `q_channels` (the channels that the reader's words for
    them say are meant); `since` is included, `until` is not. `down_to`: not beyond the page that this cursor begins
    (what a reader has on the screen already). The person's page must be visible to the viewer:
    the caller got `person` from `people.queries.person`.
    """
    viewer = people.seen_as(viewer, person)
    limit = bounded(limit)
    where: list[str] = ["f.kind_id = any(%s)"]
    values: list[Any] = [_shown_numbers(viewer, kind)]
    if since:
        where.append("f.at >= %s")
        values.append(since)
    if until:
        where.append("f.at < %s")
        values.append(until)
    for position, beyond in ((cursor, "<"), (down_to, ">=")):
        if position:
            at, pk = decode_cursor(position, "timeline", int, int)
            where.append(f"(f.at, f.id) {beyond} (%s, %s)")
            values += [moment_of(at), pk]
    if q.strip():
        text = fold(q.replace(chr(0), " ").strip()[:200])
        called = [kinds.number(f) for f in kinds_shown(viewer) if text in fold(f"{f.label} {f.search_words}")]
        where.append(_HOLDS)
        values += [called, list(q_channels), f"%{like_pattern(text)}%"]
    # Each of her rows gives its own latest by the index; of those together the latest are hers.
    part = f"(select {_COLUMNS} from timeline_fact f where f.person_id = %s and {' and '.join(where)}{_LATEST})"
    query = f"select f.*, {_CORRECTED_BY} from ({' union all '.join([part] * len(person.members))}) f{_LATEST}"
    parameters = [one for pk in person.members for one in (pk, *values, limit + 1)]
    rows = quick_rows(query, [*parameters, limit + 1])
    shown = rows[:limit]
    following = encode_cursor("timeline", micros(shown[-1][2]), shown[-1][0]) if len(rows) > limit else None
    return Page(_entries(shown), following)


_COLUMNS = "f.id, f.uuid, f.at, f.recorded_at, f.kind_id, f.channel, f.by, f.key, f.corrects, f.history, f.data::text"
_CORRECTED_BY = "(select c.uuid from timeline_fact c where c.corrects = f.uuid)"
_LATEST = " order by f.at desc, f.id desc limit %s"
_HOLDS = """(f.kind_id = any(%s) or f.channel = any(%s)
or exists (select 1 from jsonb_path_query(f.data, '$.**') v
           where jsonb_typeof(v) in ('string', 'number') and egard_fold(v #>> '{}') like %s))"""
"""A text in the data's values (not in the names of its fields), or words that name the kind or the channel."""


def fact(viewer: Viewer, uuid: UUID) -> tuple[Person | None, Entry]:
    """One fact by its id and whom it is about, within the viewer's scope. Raises `NotFound`."""
    viewer.require(READ)
    rows = quick_rows(f"select {_COLUMNS}, {_CORRECTED_BY}, f.person_id from timeline_fact f where uuid = %s", [uuid])
    if not rows:
        raise NotFound
    [(*row, person_id)] = rows
    about = _about(viewer, person_id) if person_id else None
    if person_id and about is None:
        raise NotFound
    closer = people.seen_as(viewer, about) if about else viewer
    if not closer.can(READ) or row[4] not in _shown_numbers(closer, ()):
        raise NotFound
    return about, _entries([row])[0]


def _about(viewer: Viewer, pk: int) -> Person | None:
    asked = Person.objects.filter(pk=pk).values(_root=Coalesce("root", "pk"))
    return with_members(people.visible(viewer)).filter(pk=Subquery(asked)).first()


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together: facts, of the kinds that the viewer sees."""
    if not viewer.can(READ):
        return []
    found = Fact.objects.filter(person__in=person.members, kind_id__in=_shown_numbers(viewer, ()))
    return [(_("What happened"), found.count())]


def kinds_shown(viewer: Viewer) -> list[FactType]:
    """The declared kinds whose class of data the viewer sees: the filters of the timeline."""
    if not viewer.can(READ):
        return []
    return sorted((f for f in registry.facts.values() if viewer.sees(f.field_class)), key=lambda f: (f.name, f.version))


def _shown_numbers(viewer: Viewer, wanted: Iterable[str]) -> list[int]:
    viewer.require(READ)
    names = set(wanted)
    for name in names:
        kinds.declared(name)  # refuses a kind that nobody declares
    return [kinds.number(f) for f in kinds_shown(viewer) if not names or f.kind in names or f.name in names]


def _entries(rows: Iterable[Sequence[Any]]) -> list[Entry]:
    """Rows of `_COLUMNS` and `_CORRECTED_BY`, in that order, as entries."""
    by_number = {kinds.number(f): f for f in registry.facts.values()}
    return [
        Entry(
            id=uuid,
            kind=by_number[number].kind,
            fact_type=by_number[number],
            at=at,
            recorded_at=recorded_at,
            channel=channel,
            by=by,
            key=key,
            data=orjson.loads(data),
            corrects=corrects,
            corrected_by=corrected_by,
            history=history,
        )
        for _pk, uuid, at, recorded_at, number, channel, by, key, corrects, history, data, corrected_by in rows
    ]
