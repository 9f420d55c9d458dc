"""How a method works out: durations, waits, skips, overrides, and steps that people add, by version of the type.

Of the latest cases of each version; those that were packed away are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from egard.kernel.access.actors import Viewer
from egard.kernel.cases import types
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.queries import READ
from egard.kernel.cases.rules.improving import RECURS, Added, Median, Recurring, median, recurring
from egard.kernel.cases.rules.text import Text

CASES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class StepFigures:
    """One step in the cases of a version. `wait`: from when it could be done to when somebody took it on; `whole`: to
    when it was done. `done`, `skipped` and `cases` (in which it came up at all) count cases.
    """

    key: str
    title: Text
    cases: int
    done: int
    skipped: int
    redone: int
    refused: int
    wait: Median
    whole: Median


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """The cases of one version. `overridden` were closed although something was lacking; `late` broke a promise."""

    row: CaseType
    cases: int
    closed: int
    reopened: int
    overridden: int
    late: int
    whole: Median
    steps: tuple[StepFigures, ...]
    added: tuple[Recurring, ...]
    """Steps that people added, by similar wording, the most frequent first."""

    @property
    def proposals(self) -> list[Recurring]:
        """Those that recur: to become planned ones."""
        return [one for one in self.added if one.cases >= RECURS]


_LATEST = "select id from cases_case where type_id = %s and snapshot is not null order by id desc limit %s"
_CASES = f"""
select count(*), count(closed_at), count(*) filter (where (snapshot->>'reopened')::int > 0),
  count(*) filter (where exists (select from cases_event e where e.case_id = c.id and e.body ? 'override')),
  count(*) filter (where jsonb_path_exists(snapshot, '$.clocks.*.late ? (@ == true)')),
  array_agg(extract(epoch from closed_at - opened_at)::float8) filter (where closed_at is not null)
from cases_case c where id in ({_LATEST})
"""
_STEPS = f"""
with told as (
  select e.case_id, e.at, x.kind, x.step from cases_event e, lateral (
    select e.kind, e.body->>'step' as step union all
    select t->>'kind', t->>'step' from jsonb_array_elements(coalesce(e.body->'then', '[]')) t) x
  where e.case_id in ({_LATEST}) and x.step is not null),
lived as (
  select case_id, step, min(at) filter (where kind = 'available') as available_at,
    min(at) filter (where kind = 'started') as started_at,
    min(at) filter (where kind in ('completed', 'fact')) as done_at, bool_or(kind = 'skipped') as skipped,
    bool_or(kind in ('redone', 'again')) as redone, bool_or(kind = 'refused') as refused
  from told group by case_id, step)
select step, count(*), count(done_at), count(*) filter (where skipped), count(*) filter (where redone),
  count(*) filter (where refused),
  array_agg(extract(epoch from started_at - available_at)::float8) filter (where started_at >= available_at),
  array_agg(extract(epoch from done_at - available_at)::float8) filter (where done_at >= available_at)
from lived group by step
"""
_ADDED = f"""
select e.case_id, e.body->>'title', coalesce(e.body->'added'->>'stage', ''),
  coalesce(e.body->'added'->'step'->>'ask', '')
from cases_event e where e.case_id in ({_LATEST}) and e.kind = 'added' and not e.body ? 'menu'
  and coalesce(e.body->>'title', '') <> '' order by e.case_id, e.n
"""


def versions(viewer: Viewer, name: str, *, most: int = 2) -> list[VersionFigures]:
    """The latest versions of a type side by side, the newest first: three queries each. Only for who reads all cases,
    as figures of some of them would mislead. Raises `NotAllowed`, `UnknownType`.
    """
    viewer.require_everywhere(READ)
    rows = list(CaseType.objects.filter(name=name).order_by("-number").defer("source")[:most])
    return [_version(row) for row in rows or [types.current(name)]]


def _version(row: CaseType) -> VersionFigures:
    case_type, limits = types.defined(row), [row.pk, CASES_MAX]
    with connection.cursor() as cursor:
        cursor.execute(_CASES, limits)
        cases, closed, reopened, overridden, late, whole = cursor.fetchone()
        cursor.execute(_STEPS, limits)
        lived: Mapping[str, Any] = {step[0]: step[1:] for step in cursor.fetchall()}
        cursor.execute(_ADDED, limits)
        added = [Added(*one) for one in cursor.fetchall()]
    planned = {**case_type.steps, **case_type.menu}
    steps = tuple(
        StepFigures(key, step.title, *lived[key][:5], median(lived[key][5] or ()), median(lived[key][6] or ()))
        for key, step in planned.items()
        if key in lived
    )
    return VersionFigures(
        row, cases, closed, reopened, overridden, late, median(whole or ()), steps, tuple(recurring(added))
    )
