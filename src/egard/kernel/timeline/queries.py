"""Questions on what people lived with us. Each takes the viewer first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
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
    """A fact as the timeline shows it. `fact_type` is None when its journey is gone: the data still shows."""

    id: UUID
    kind: str
    fact_type: FactType | None
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
        return self.fact_type.label if self.fact_type else self.kind

    @property
    def headline(self) -> Any:
        """The line that staff read; the label where a journey gives none."""
        if self.fact_type and self.fact_type.headline:
            return self.fact_type.headline(self.data)
        return self.label

    @property
    def icon(self) -> str:
        return self.fact_type.icon if self.fact_type else "point"

    @property
    def tone(self) -> str:
        return self.fact_type.tone if self.fact_type else ""


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
    """The facts of a person, newest first by when they happened: at most two queries, whatever the history.

    `kind` keeps some kinds (`purchases.made/1`, or `purchases.made` for all its versions); `q` a text inside the data
    or the kind's own words, accents and case ignored, or one of `q_channels` (the channels that the reader's words for
    them say are meant); `since` is included, `until` is not. `down_to`: not beyond the page that this cursor begins
    (what a reader has on the screen already). The person's page must be visible to the viewer:
    the caller got `person` from `people.queries.person`.
    """
    viewer = people.seen_as(viewer, person)
    limit = bounded(limit)
    found = Fact.objects.filter(kind_id__in=_shown_numbers(viewer, kind))
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    if cursor:
        position, pk = decode_cursor(cursor, "timeline", int, int)
        found = found.extra(where=["(timeline_fact.at, timeline_fact.id) < (%s, %s)"], params=[moment_of(position), pk])
    if down_to:
        position, pk = decode_cursor(down_to, "timeline", int, int)
        last = [moment_of(position), pk]
        found = found.extra(where=["(timeline_fact.at, timeline_fact.id) >= (%s, %s)"], params=last)
    if q.strip():
        text = fold(q.replace(chr(0), " ").strip()[:200])
        called = [kinds.number(f) for f in kinds_shown(viewer) if text in fold(f"{f.label} {f.search_words}")]
        found = found.extra(
            where=[
                "(timeline_fact.kind_id = any(%s) or timeline_fact.channel = any(%s)"
                # Values, not the names of fields.
                " or exists (select 1 from jsonb_path_query(timeline_fact.data, '$.**') v"
                " where jsonb_typeof(v) in ('string', 'number') and egard_fold(v #>> '{}') like %s))"
            ],
            params=[called, list(q_channels), f"%{like_pattern(text)}%"],
        )
    rows = list(_latest(found, person.members, limit + 1))
    shown = rows[:limit]
    following = encode_cursor("timeline", micros(shown[-1].at), shown[-1].pk) if len(rows) > limit else None
    return Page(_entries(shown), following)


def _latest(found: QuerySet[Fact], members: Sequence[int], count: int) -> QuerySet[Fact]:
    """The `count` latest facts of all rows of a person: each row's own latest by the index, then those together."""
    parts = [found.filter(person=pk).order_by("-at", "-id")[:count] for pk in members]
    if len(parts) == 1:
        return parts[0]
    return parts[0].union(*parts[1:], all=True).order_by("-at", "-id")[:count]


def fact(viewer: Viewer, uuid: UUID) -> tuple[Person | None, Entry]:
    """One fact by its id and whom it is about, within the viewer's scope. Raises `NotFound`."""
    viewer.require(READ)
    row = Fact.objects.filter(uuid=uuid).first()
    about = _about(viewer, row.person_id) if row and row.person_id else None
    if row is None or (row.person_id and about is None):
        raise NotFound
    closer = people.seen_as(viewer, about) if about else viewer
    if not closer.can(READ) or row.kind_id not in _shown_numbers(closer, ()):
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


def _entries(rows: Sequence[Fact]) -> list[Entry]:
    """Rows as entries, with the facts that correct them: one query."""
    by_number = {kinds.number(f): f for f in registry.facts.values()}
    corrections = (
        dict(
            Fact.objects.filter(Q(corrects__in=[row.uuid for row in rows]))
            .order_by("id")
            .values_list("corrects", "uuid")
        )
        if rows
        else {}
    )
    return [
        Entry(
            id=row.uuid,
            kind=by_number[row.kind_id].kind if row.kind_id in by_number else str(row.kind),
            fact_type=by_number.get(row.kind_id),
            at=row.at,
            recorded_at=row.recorded_at,
            channel=row.channel,
            by=row.by,
            key=row.key,
            data=row.data,
            corrects=row.corrects,
            corrected_by=corrections.get(row.uuid),
            history=row.history,
        )
        for row in rows
    ]
