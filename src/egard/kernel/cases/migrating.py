"""Carrying running cases to another version of their type: plan, dry run, in batches, on record, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer, system
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import refusals, types
from egard.kernel.cases.checks import check_reason
from egard.kernel.cases.following import WORK, finish
from egard.kernel.cases.models import Case, CaseType, Migration
from egard.kernel.cases.rules import migration as rules
from egard.kernel.cases.rules.definition import CaseType as Definition
from egard.kernel.cases.rules.migration import PARTS, Difference, Names, Problem
from egard.kernel.cases.writing import Held, hold

DEFINE = "cases.define"
BATCH = 200
SHOWN_MAX = 1000
"""Cases that a result names one by one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become, or became, of one case."""

    case: UUID
    passes: bool
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Result:
    """What a plan does to all running cases; `cases` names those that do not pass first, `SHOWN_MAX` at most."""

    difference: Difference
    total: int = 0
    passing: int = 0
    cases: list[Outcome] = field(default_factory=list)
    migration: Migration | None = None


def migrate(
    viewer: Viewer,
    name: str,
    old: str,
    new: str = "",
    *,
    plan: Names | None = None,
    dry_run: bool = True,
    cases: Iterable[UUID] | None = None,
    reason: str = "",
    now: datetime,
) -> Result:
    """Carry the open cases of version `old` to `new` (the current one, if not said) by a plan: where parts go that have
    another name, or none (null). Without a plan, what has the same name stays, and likely renames are taken.

    A dry run changes nothing, and says of every case whether it would pass, and why not. Else those that pass are
    carried, `BATCH` in a transaction; those that do not stay. Raises `NotAllowed`, `UnknownType`, `BadPlan`.
    """
    viewer.require_everywhere(DEFINE)
    before = types.version(name, old)
    after = types.version(name, new) if new else types.current(name)
    one, other = types.defined(before), types.defined(after)
    difference = rules.difference(one, other)
    plan = difference.renamed if plan is None else plan
    _check(one, other, plan)
    result = Result(difference)
    if not dry_run:
        result.migration = Migration.objects.create(
            old=before, new=after, plan=plan, reason=check_reason(reason), at=now, by=str(viewer.actor)
        )
        log_change("cases.migrated", by=viewer.actor, now=now, subject=name, old=old, new=after.version)
    running = Case.objects.filter(type=before, status="open").order_by("pk")
    if cases is not None:
        running = running.filter(uuid__in=list(cases))
    place = 0
    while batch := list(running.filter(pk__gt=place).values_list("pk", "uuid")[:BATCH]):
        place = batch[-1][0]
        with transaction.atomic():
            for _pk, uuid in batch:
                _count(result, _one(uuid, one, other, after, plan, result.migration, now=now))
    result.cases.sort(key=lambda outcome: (outcome.passes, outcome.case))
    return result


def _count(result: Result, outcome: Outcome | None) -> None:
    if outcome is None:
        return
    result.total += 1
    result.passing += outcome.passes
    if not outcome.passes or len(result.cases) < SHOWN_MAX:
        result.cases.append(outcome)
        del result.cases[10 * SHOWN_MAX :]


def _one(
    uuid: UUID, old: Definition, new: Definition, row: CaseType, plan: Names, record: Migration | None, *, now: datetime
) -> Outcome | None:
    held = hold(system_viewer("migration"), uuid, WORK)
    if held.type.version != old.version or held.state["status"] != "open":
        return None  # it moved meanwhile
    wrong = rules.problems(old, new, held.state, plan)
    if wrong or record is None:
        return Outcome(uuid, not wrong, tuple(wrong))
    _move(held, old, new, row, plan, record, now=now)
    record.cases.add(held.id)
    return Outcome(uuid, True)


def _move(
    held: Held, old: Definition, new: Definition, row: CaseType, plan: Names, record: Migration, *, now: datetime
) -> None:
    by, event = system("migration"), rules.move(old, new, held.state, plan, at=now)
    held.type, held.type_id = new, row.pk
    held.tell({**event, "migration": str(record.pk)}, by=by, now=now)
    finish(held, by=by, now=now)


def _check(old: Definition, new: Definition, plan: Names) -> None:
    """Raises `BadPlan`."""
    parts = {part: (rules.parts_of(old)[part], rules.parts_of(new)[part]) for part in PARTS}
    wrong = [part for part in plan if part not in parts]
    for part, names in plan.items():
        if part in parts:
            before, after = parts[part]
            wrong += [f"{part}.{key}" for key, to in names.items() if key not in before or (to and to not in after)]
    if wrong:
        raise refusals.BadPlan(names=", ".join(name[:80] for name in wrong[:20]))


@transaction.atomic
def revert(viewer: Viewer, migration: UUID, *, now: datetime) -> dict[str, Any]:
    """Carry the cases of a migration back, those that are still open and at its version; what was done since goes with
    them. `{"reverted": n, "left": n}`. Raises `NotFound`, `AlreadyReverted`.
    """
    viewer.require_everywhere(DEFINE)
    record = Migration.objects.select_for_update().filter(pk=migration).first()
    if record is None:
        raise NotFound
    if record.reverted_at is not None:
        raise refusals.AlreadyReverted
    old, new = types.defined(record.old), types.defined(record.new)
    count = left = 0
    for uuid in record.cases.order_by("pk").values_list("uuid", flat=True):
        held = hold(system_viewer("migration"), uuid, WORK)
        if held.type.version != new.version or held.state["status"] != "open":
            left += 1
            continue
        _move(held, new, old, record.old, rules.back(record.plan), record, now=now)
        count += 1
    record.reverted_at, record.reverted_by = now, str(viewer.actor)
    record.save(update_fields=["reverted_at", "reverted_by"])
    log_change("cases.migration_reverted", by=viewer.actor, now=now, subject=str(record.pk))
    return {"reverted": count, "left": left}
