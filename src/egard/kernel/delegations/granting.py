"""Delegating, changing what is delegated, ending it; trainings. Every change is written with who, when and what."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import ApiKey, RoleGrant, Site, Team, User
from egard.kernel.access.operations import log_change
from egard.kernel.delegations import reasons
from egard.kernel.delegations.deciding import AMOUNT_MAX, authority_named
from egard.kernel.delegations.models import Change, Course, Delegation, Training
from egard.kernel.registry import registry

REASON_MAX, NAME_MAX, DAYS_MAX = 300, 200, 3660
AMOUNTS = ("per_act", "per_day", "per_person")
CHANGEABLE = (*AMOUNTS, "period_days", "split_days", "valid_from", "valid_until", "training_id", "team_id", "site_id")
"""What may be changed of a delegation; who holds it and of what authority is another delegation."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ABOVE_ZERO = _("must be a whole number above zero")
_AFTER = _("must be after the beginning")
_DAYS = _("must be 1 to 3,660 days")


@transaction.atomic
def delegate(
    authority: str,
    *,
    user: User | None = None,
    role: str = "",
    per_act: int,
    per_day: int | None = None,
    per_person: int | None = None,
    period_days: int = 365,
    split_days: int | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    training: str = "",
    team: Team | None = None,
    site: Site | None = None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> Delegation:
    """Let a colleague, or all of a role (`team`, `site`: those who work there), decide something alone.

    Amounts are in the smallest piece of the authority's unit: of one act, of one holder's day, to one person within
    `period_days`. Acts for one case are one act; so are those for one person within `split_days` (the period, unless
    said otherwise). `training` is the code of one that must hold. Raises `UnknownAuthority`, `BadDelegation`,
    `UnknownTraining`, `ToOneself`.
    """
    declared = authority_named(authority)
    row = Delegation(
        authority=authority,
        unit=declared.unit,
        user=user,
        role=role,
        team=team,
        site=site,
        per_act=per_act,
        per_day=per_day,
        per_person=per_person,
        period_days=period_days,
        split_days=period_days if split_days is None else split_days,
        valid_from=valid_from or now,
        valid_until=valid_until,
        training_id=course(training).pk if training else None,
        changed_at=now,
    )
    wrong = _wrong(row)
    if (user is None) == (not role):
        wrong["user"] = str(_("name a colleague or a role, one of the two"))
    elif role and (role not in registry.roles or (declared.roles and role not in declared.roles)):
        wrong["role"] = str(_("this role cannot hold it"))
    _refuse(wrong)
    _not_to_oneself(row, by=by, now=now)
    _hold_all()
    row.save(force_insert=True)
    _write(row, "granted", reason, by=by, now=now)
    return row


@transaction.atomic
def change(
    delegation: Delegation | UUID,
    *,
    version: int | None = None,
    reason: str = "",
    by: Actor,
    now: datetime,
    **values: Any,
) -> Delegation:
    """Other limits, days, dates, training or places (`CHANGEABLE`); what is not named stays, asking for what is so
    changes nothing.

    Raises `ChangedMeanwhile` (`version` is not the one that holds), `Over`, `BadDelegation`, `ToOneself`.
    """
    row = _held(delegation)
    _not_to_oneself(row, by=by, now=now)
    if version is not None and version != row.version:
        raise reasons.ChangedMeanwhile
    if row.ended_at is not None:
        raise reasons.Over
    unknown = set(values) - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"no part of a delegation can be named {sorted(unknown)}")
    before = {name: getattr(row, name) for name in CHANGEABLE}
    for name, value in values.items():
        setattr(row, name, value)
    if {name: getattr(row, name) for name in CHANGEABLE} == before:
        return row
    _refuse(_wrong(row))
    row.version, row.changed_at = row.version + 1, now
    row.save(update_fields=[*CHANGEABLE, "version", "changed_at"])
    _write(row, "changed", reason, by=by, now=now)
    return row


@transaction.atomic
def end(delegation: Delegation | UUID, *, reason: str = "", by: Actor, now: datetime) -> Delegation:
    """It holds no longer, from now on. Twice changes nothing."""
    row = _held(delegation)
    if row.ended_at is None:
        row.ended_at, row.version, row.changed_at = now, row.version + 1, now
        row.save(update_fields=["ended_at", "version", "changed_at"])
        _write(row, "ended", reason, by=by, now=now)
    return row


# --- trainings -----------------------------------------------------------------------------------------------------


@transaction.atomic
def set_course(code: str, name: str, *, by: Actor, now: datetime) -> Course:
    """A training that there is, or another name of it. Raises `BadTraining`."""
    name = name.strip()
    if not _CODE.fullmatch(code) or not 0 < len(name) <= NAME_MAX or "\x00" in name:
        raise reasons.BadTraining
    found, created = Course.objects.get_or_create(code=code, defaults={"name": name})
    if not created and found.name != name:
        found.name = name
        found.save(update_fields=["name"])
        created = True
    if created:
        log_change("delegations.training_set", by=by, now=now, subject=code, name=name)
    return found


def course(code: str) -> Course:
    """Raises `UnknownTraining`."""
    found = Course.objects.filter(pk=code).first()
    if found is None:
        known = ", ".join(Course.objects.order_by("code").values_list("code", flat=True)[:50])
        raise reasons.UnknownTraining(code=code[:64], known=known or "—", fields={"training": str(code)[:64]})
    return found


@transaction.atomic
def record_training(
    user: User,
    training: Course | str,
    *,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    by: Actor,
    now: datetime,
) -> Training:
    """Somebody of staff learnt it, and until when (not included) that holds; the same span twice is one row.

    Raises `UnknownTraining`, `BadTraining`, `ToOneself`.
    """
    known = course(training) if isinstance(training, str) else training
    if user.pk == _behind(by):
        raise reasons.ToOneself
    since = valid_from or now
    if valid_until is not None and valid_until <= since:
        raise reasons.BadTraining(fields={"valid_until": str(_AFTER)})
    _hold_all()
    span = {"user": user, "course": known, "valid_from": since, "valid_until": valid_until, "withdrawn_at": None}
    found = Training.objects.filter(**{k: v for k, v in span.items() if v is not None}, withdrawn_at=None)
    found = found.filter(valid_until=None) if valid_until is None else found
    row = found.first()
    if row is None:
        row = Training.objects.create(**span, recorded_at=now, by=str(by))
        log_change("delegations.trained", by=by, now=now, subject=str(user.pk), name=str(user), kind=known.name)
    return row


@transaction.atomic
def withdraw_training(training: Training | UUID, *, by: Actor, now: datetime) -> Training:
    """It was recorded by mistake, or holds no longer; what was decided by it stays. Twice changes nothing."""
    pk = training if isinstance(training, UUID) else training.pk
    _hold_all()
    row = Training.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by = now, str(by)
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])
        log_change("delegations.training_withdrawn", by=by, now=now, subject=str(row.user_id), name=str(row.user))
    return row


# --- inside --------------------------------------------------------------------------------------------------------


def _hold_all() -> None:
    """Nothing is decided while what may be decided changes: waits for decisions under way."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.delegations', 0))")


def _held(delegation: Delegation | UUID) -> Delegation:
    _hold_all()
    pk = delegation if isinstance(delegation, UUID) else delegation.pk
    row = Delegation.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


def _not_to_oneself(row: Delegation, *, by: Actor, now: datetime) -> None:
    """Neither by name nor by a role that one holds, be it from tomorrow on. Raises `ToOneself`."""
    me = _behind(by)
    if me is None:
        return
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=now), user=me, role=row.role)
    if row.user_id == me or (row.role and held.exists()):
        raise reasons.ToOneself


def _behind(by: Actor) -> UUID | None:
    """The colleague who acts: herself, or by a key that she made."""
    if by.kind == "key":
        return ApiKey.objects.filter(pk=by.id).values_list("created_by", flat=True).first()
    return UUID(by.id) if by.kind == "user" else None


def _write(row: Delegation, what: str, reason: str, *, by: Actor, now: datetime) -> None:
    """In the delegation's own trail, and in the log of the house."""
    Change.objects.create(
        delegation=row,
        n=row.version,
        what=what,
        at=now,
        by=str(by),
        reason=reason.strip()[:REASON_MAX],
        values=values_of(row),
    )
    told = {"name": str(row.user)} if row.user else {"role": row.role}
    log_change(f"delegations.{what}", by=by, now=now, subject=str(row.pk), authority=row.authority, **told)


def values_of(row: Delegation) -> dict[str, Any]:
    """What holds of it, as its trail keeps it."""
    told = {name: getattr(row, name) for name in ("authority", "unit", "role", *CHANGEABLE, "user_id", "ended_at")}
    return {
        name.removesuffix("_id"): value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, UUID)
        else value
        for name, value in told.items()
    }


def _wrong(row: Delegation) -> dict[str, str]:
    """Fields that contradict themselves or others, each with its words."""
    wrong: dict[str, str] = {}
    for name in AMOUNTS:
        value = getattr(row, name)
        if (value is None and name == "per_act") or (
            value is not None and (type(value) is not int or not 0 < value <= AMOUNT_MAX)
        ):
            wrong[name] = str(_ABOVE_ZERO)
    for name in ("per_day", "per_person"):
        value = getattr(row, name)
        if not wrong and value is not None and value < row.per_act:
            wrong[name] = str(_("must be at least the limit of one act"))
    for name in ("period_days", "split_days"):
        value = getattr(row, name)
        if type(value) is not int or not 0 < value <= DAYS_MAX:
            wrong[name] = str(_DAYS)
    if row.valid_until is not None and row.valid_until <= row.valid_from:
        wrong["valid_until"] = str(_AFTER)
    return wrong


def _refuse(wrong: dict[str, str]) -> None:
    if wrong:
        raise reasons.BadDelegation(fields=wrong, names=", ".join(wrong))
