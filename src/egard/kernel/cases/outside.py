"""What others tell us (a carrier, the police): it finds its case by a key, or waits until somebody attaches it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from egard.base.ids import new_id
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import refusals, types
from egard.kernel.cases.checks import is_open
from egard.kernel.cases.following import WORK, finish
from egard.kernel.cases.models import Case, CaseType, Outside
from egard.kernel.cases.rules.definition import OutsideEvent
from egard.kernel.cases.rules.values import problems
from egard.kernel.cases.writing import Held, done_before, hold, match_key, stamp


def awaited() -> dict[str, set[str]]:
    """The names of outside events that current types await, with the fields they are matched on."""
    found: dict[str, set[str]] = {}
    rows = CaseType.objects.order_by("name", "-number").distinct("name").defer("source", "definition")
    types.read_all(rows)
    for row in rows:
        for name, event in types.defined(row).events.items():
            found.setdefault(name, set()).add(event.match)
    return found


@transaction.atomic
def receive(
    viewer: Viewer,
    name: str,
    match: str,
    data: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
    key: str,
    now: datetime,
) -> Outside:
    """Take in an outside event. The open case whose field it names moves by it; where there is none, or more than one,
    it is kept and waits. The same `key` twice is one event. Raises `NotAllowed`, `UnknownOutside`, `KeyReused`.
    """
    viewer.require(WORK)
    known = awaited()
    if name not in known:
        raise refusals.UnknownOutside(name=name[:64], known=", ".join(sorted(known)) or "–")
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into cases_outside (id, name, match, data, happened_at, received_at, by, key, attached_by)"
            " values (%s, %s, %s, %s::jsonb, %s, %s, %s, %s, '') on conflict (key) do nothing",
            [new_id(), name, match[:200], _json(data), at or now, now, str(viewer.actor), key],
        )
        made = cursor.rowcount == 1
    row = Outside.objects.select_for_update().get(key=key)
    if not made:
        if (row.name, row.match) != (name, match[:200]):
            raise refusals.KeyReused(key=key)
        return row
    wanted = [match_key(field, match) for field in sorted(known[name])]
    found = list(Case.objects.filter(status="open", keys__overlap=wanted).values_list("uuid", flat=True)[:2])
    if len(found) == 1:
        _attach(system_viewer("outside"), row, found[0], by=viewer.actor, now=now)
    return row


def _json(data: Mapping[str, Any] | None) -> str:
    import orjson

    return orjson.dumps(dict(data or {})).decode()


@transaction.atomic
def attach(viewer: Viewer, outside: UUID, case: UUID, *, now: datetime) -> Outside:
    """Give a waiting event to a case. Raises `NotFound`, `AlreadyAttached`, `CaseClosed`."""
    viewer.require(WORK)
    row = Outside.objects.select_for_update().filter(pk=outside).first()
    if row is None:
        raise NotFound
    if row.case_id is not None:
        raise refusals.AlreadyAttached
    _attach(viewer, row, case, by=viewer.actor, now=now)
    return row


def _attach(viewer: Viewer, row: Outside, case: UUID, *, by: Actor, now: datetime) -> None:
    held = hold(viewer, case, WORK)
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    _happened(held, row.name, row.data, row.happened_at, by=by, key=f"outside:{row.pk}", now=now)
    row.case_id, row.attached_at, row.attached_by = held.id, now, str(by)
    row.save(update_fields=["case", "attached_at", "attached_by"])


@transaction.atomic
def tell_case(
    viewer: Viewer,
    case: UUID,
    name: str,
    data: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
    key: str = "",
    now: datetime,
) -> Held:
    """The same for a case that the teller knows. Raises `UnknownOutside`, `CaseClosed`, `NotFound`, `KeyReused`."""
    held = hold(viewer, case, WORK, key=key)
    if done_before(held, key, "fact", name=name):
        return held
    if held.state["status"] != "open":
        raise refusals.CaseClosed
    if name not in held.type.events:
        raise refusals.UnknownOutside(name=name[:64], known=", ".join(held.type.events) or "–")
    return _happened(held, name, dict(data or {}), at or now, by=viewer.actor, key=key, now=now)


def _happened(held: Held, name: str, data: dict[str, Any], at: datetime, *, by: Actor, key: str, now: datetime) -> Held:
    """What it brings that the type asks for becomes data, where it fits; the rest stays with the fact."""
    event = held.type.events.get(name, OutsideEvent.model_construct(title=None, match="", sets=(), completes=""))
    given = {field: data[field] for field in event.sets if field in data}
    fitting = {field: value for field, value in given.items() if not problems(held.type, {field: value})}
    told: dict[str, Any] = {"kind": "fact", "name": name, "brought": data, "data": fitting, "happened_at": stamp(at)}
    if event.completes and is_open(held, event.completes):
        told |= {"step": event.completes, "by": str(by)}
    held.tell(told, by=by, now=now, key=key)
    return finish(held, by=by, now=now)
