"""Deciding by a delegation, and giving it back. Each counts in the caller's transaction, under locks that two who
decide for one colleague, person or case cannot both hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction

from egard.base.money import Money
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.delegations import reasons
from egard.kernel.delegations.deciding import Decision, authority_named, check_amount, decide, members_of
from egard.kernel.delegations.granting import (
    change,
    course,
    delegate,
    end,
    record_training,
    set_course,
    withdraw_training,
)
from egard.kernel.delegations.models import Use
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased

__all__ = [
    "change",
    "course",
    "delegate",
    "end",
    "give_back",
    "record_training",
    "second",
    "set_course",
    "use",
    "withdraw_training",
]

KEY_MAX, CASE_MAX = 200, 200


@transaction.atomic
def use(
    user: User,
    authority: str,
    amount: Money,
    *,
    person: Person | None = None,
    case: str = "",
    key: str,
    by: Actor,
    now: datetime,
) -> Decision:
    """Decide `amount` by the user's own authority, and count it. Where it is not allowed nothing is recorded, and the
    decision says what is missing (`require()` raises it).

    Call it before other locks are taken (a budget's, a case's). The same key gives the same decision again. Raises
    `KeyReused` (the key names another decision, or one that was given back), `UnknownAuthority`, `BadAmount`,
    `WrongUnit`, `Erased`.
    """
    return _decided(user, None, authority, amount, person, case, key, by, now)


@transaction.atomic
def second(
    user: User,
    authority: str,
    amount: Money,
    *,
    first: User,
    person: Person | None = None,
    case: str = "",
    key: str,
    by: Actor,
    now: datetime,
) -> Decision:
    """A second person agrees to what `first` asked for, by an authority of her own: it counts on hers.

    Not allowed to `first` herself (`delegations.four_eyes`), nor to who could not decide it alone. Else as `use`.
    """
    return _decided(user, first, authority, amount, person, case, key, by, now)


@transaction.atomic
def give_back(key: str, *, by: Actor, now: datetime) -> Use:
    """What was decided under this key was taken back: it counts no longer. Twice changes nothing. Raises
    `UnknownUse`.
    """
    found = Use.objects.select_for_update().filter(key=key).first()
    if found is None:
        raise reasons.UnknownUse(key=key[:KEY_MAX])
    if found.given_back_at is None:
        found.given_back_at, found.given_back_by = now, str(by)
        found.save(update_fields=["given_back_at", "given_back_by"])
    return found


def _decided(
    user: User,
    first: User | None,
    authority: str,
    amount: Money,
    person: Person | None,
    case: str,
    key: str,
    by: Actor,
    now: datetime,
) -> Decision:
    declared = authority_named(authority)
    check_amount(declared, amount)
    if not 0 < len(key) <= KEY_MAX or len(case) > CASE_MAX or "\x00" in key + case:
        raise reasons.KeyReused(key=key[:KEY_MAX])
    whose = members_of(person)
    _hold(authority, user, whose, case, key)
    if person is not None and not _is_alive(person):
        raise Erased
    stored = Use.objects.select_related("delegation").filter(key=key).first()
    decision = decide(user, authority, amount, person=person, case=case, now=now)
    if stored is not None:
        told = (stored.authority, stored.unit, stored.amount, stored.user_id, stored.first_id, stored.case)
        asked = (authority, amount.currency, amount.amount, user.pk, first.pk if first else None, case)
        same_person = stored.person_id in whose if person else stored.person_id is None
        if told != asked or not same_person or stored.given_back_at is not None:
            raise reasons.KeyReused(key=key)
        return replace(decision, allowed=True, delegation=stored.delegation, reasons=(), use=stored)
    if first is not None and first.pk == user.pk:
        return replace(decision, allowed=False, reasons=(reasons.FourEyes(), *decision.reasons))
    if not decision.allowed:
        return decision
    assert decision.delegation is not None
    row = Use.objects.create(
        key=key,
        authority=authority,
        unit=declared.unit,
        amount=amount.amount,
        delegation=decision.delegation,
        version=decision.delegation.version,
        user=user,
        first=first,
        person=person,
        case=case,
        at=decision.moment,
        recorded_at=now,
        by=str(by),
    )
    return replace(decision, use=row)


def _hold(authority: str, user: User, whose: Iterable[int], case: str, key: str) -> None:
    """Until the transaction ends: no delegation or training changes, and nobody else decides for the same colleague,
    person, case or key. In one order for all, so that two never wait for each other.
    """
    names = [f"user {user.pk}", f"key {key}", *(f"person {pk}" for pk in whose)]
    names += [f"case {case}"] if case else []
    held = sorted(f"egard.delegation.{authority}.{name}" for name in names)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(hashtextextended('egard.delegations', 0))")
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(%s::text[]) name", [held])


def _is_alive(person: Person) -> bool:
    """A share lock: an erasure waits for what is being decided, and nothing is decided after it."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from people_person where id = %s and erased_at is null for key share", [person.pk])
        return cursor.fetchone() is not None
