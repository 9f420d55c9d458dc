"""Case types as they are stored: versions that never change, read once a process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from egard.base.quickread import quick_run
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.operations import ensure_team, log_change
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.refusals import BadType, UnknownType
from egard.kernel.cases.rules import definition
from egard.kernel.cases.rules.lint import lint
from egard.kernel.cases.rules.reading import Finding
from egard.kernel.registry import registry

KEPT_MAX = 500
"""Versions that a process holds read."""
_read: OrderedDict[tuple[str, str], definition.CaseType] = OrderedDict()


def of(name: str, version: str, *, pk: int) -> definition.CaseType:
    """The definition of a stored version; the same content is the same definition for ever."""
    held = _read.get((name, version))
    if held is None:
        stored = CaseType.objects.values_list("definition", flat=True).get(pk=pk)
        held = _keep(name, version, stored)
    return held


def _keep(name: str, version: str, stored: str) -> definition.CaseType:
    held = _read[name, version] = definition.CaseType.model_validate_json(stored)
    if len(_read) > KEPT_MAX:
        _read.popitem(last=False)
    return held


def read_all(rows: Iterable[CaseType]) -> None:
    """Read the definitions of some versions that this process has not read yet: one query."""
    missing = [row.pk for row in rows if (row.name, row.version) not in _read]
    for found in (
        CaseType.objects.filter(pk__in=missing).values_list("name", "version", "definition") if missing else ()
    ):
        _keep(*found)


def defined(row: CaseType) -> definition.CaseType:
    return of(row.name, row.version, pk=row.pk)


def current(name: str) -> CaseType:
    """The newest version of a type: its id, name, version and number. Raises `UnknownType`."""
    rows = quick_run(_CURRENT, [name])
    if not rows:
        raise UnknownType(name=name[:64], known=", ".join(names()))
    return CaseType(**dict(zip(("id", "name", "version", "number"), rows[0], strict=True)))


_CURRENT = b"select id, name, version, number from cases_type where name = %s order by number desc limit 1"


def version(name: str, of_version: str) -> CaseType:
    """One version of a type. Raises `UnknownType`."""
    found = CaseType.objects.filter(name=name, version=of_version).defer("source", "definition").first()
    if found is None:
        raise UnknownType(name=f"{name} {of_version}"[:80], known=", ".join(names()))
    return found


def names() -> list[str]:
    return list(CaseType.objects.order_by("name").values_list("name", flat=True).distinct())


@transaction.atomic
def publish(source: str, *, by: Actor, now: datetime) -> CaseType:
    """Publish a file: its content becomes the current version, unless it is that already. Running cases stay with the
    version that they have. Raises `BadType`.
    """
    case_type, findings = lint(source)
    if case_type is None or findings:
        raise refused(findings)
    unknown = [
        role.permission for role in case_type.roles.values() if role.permission not in ("", *registry.permissions)
    ]
    kinds = [clock.kind for clock in _clocks(case_type) if clock.kind and clock.kind not in registry.promises]
    for what, wrong in (("permission", unknown), ("promise", kinds)):
        if wrong:
            raise refused([Finding(1, f"unknown_{what}", f"“{wrong[0]}” is no {what} of this house")])
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.case_type.' || %s, 0))", [case_type.case])
    last = CaseType.objects.filter(name=case_type.case).order_by("-number").first()
    held = CaseType.objects.filter(name=case_type.case, version=case_type.version).first()
    if held is not None and last is not None and held.pk == last.pk:
        return held
    if held is not None:  # back to what it was: the same content is the same version, and becomes the newest
        CaseType.objects.filter(pk=held.pk).update(number=last.number + 1 if last else 1)
        held.refresh_from_db()
        return held
    for department in (*case_type.departments.values(), *(role for role in case_type.roles.values() if role.team)):
        ensure_team(department.team, department.label.said(settings.LANGUAGE_CODE), by=by, now=now)
    made = CaseType.objects.create(
        name=case_type.case,
        version=case_type.version,
        number=last.number + 1 if last else 1,
        source=source,
        definition=case_type.model_dump_json(by_alias=True, exclude_defaults=True),
        published_at=now,
        by=str(by),
    )
    log_change("cases.type_published", by=by, now=now, subject=case_type.case, version=case_type.version)
    return made


def refused(findings: list[Finding]) -> BadType:
    """The refusal of a file: its first finding in words, all of them by line."""
    first = findings[0]
    fields = {f"line {one.line}": f"{one.rule}: {one.message}" for one in findings}
    return BadType(line=first.line, why=first.message, fields=fields)


def _clocks(case_type: definition.CaseType) -> list[definition.Clock]:
    steps = (*case_type.steps.values(), *case_type.menu.values())
    return [*case_type.promises.values(), *(step.promise for step in steps if step.promise)]


def publish_declared(*, now: datetime) -> None:
    """The files that journeys bring, each published once: what a house published since stays."""
    for declared in registry.case_types.values():
        source = Path(declared.path).read_text(encoding="utf-8")
        case_type, findings = lint(source)
        if case_type is None or findings:
            raise refused(findings)
        if not CaseType.objects.filter(name=case_type.case, version=case_type.version).exists():
            publish(source, by=system("setup"), now=now)
