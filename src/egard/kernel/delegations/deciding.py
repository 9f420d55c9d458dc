"""Whether somebody may decide something alone: what was delegated, what was decided already, and what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from babel.numbers import format_decimal
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import formats, timezone
from django.utils.translation import get_language

from egard.base.moments import midnight
from egard.base.money import Money
from egard.base.quickread import quick_rows
from egard.kernel.access.models import RoleGrant, Site, Team, User
from egard.kernel.delegations import reasons, rules
from egard.kernel.delegations.models import Delegation, Training, Use
from egard.kernel.delegations.reasons import Reason
from egard.kernel.people.models import Person
from egard.kernel.registry import Authority, registry

AMOUNT_MAX = 10**15
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be decided alone. `limit` is the most that this colleague may decide now, here: the least of what is
    left today, to the person and in the case (each at most one act, `per_act`). `reasons` say what is in the way.
    """

    allowed: bool
    delegation: Delegation | None
    reasons: tuple[Reason, ...]
    limit: Money
    per_act: Money
    left_today: Money
    left_person: Money
    left_case: Money
    moment: datetime
    use: Use | None = None

    def allows(self, amount: Money) -> bool:
        """Whether another amount, of the same person and case, could be decided alone."""
        return 0 < amount.amount <= self.limit.amount and amount.currency == self.limit.currency

    def require(self) -> Decision:
        """Itself, where it is allowed. Raises its first reason."""
        if not self.allowed:
            raise self.reasons[0]
        return self


@dataclass(frozen=True, slots=True)
class Standing:
    """A delegation as it stands for somebody at a moment."""

    delegation: Delegation
    state: rules.State
    trained_until: datetime | None
    """Until when the training that it asks for holds, or held."""


def authority_named(name: str) -> Authority:
    """Raises `UnknownAuthority`."""
    found = registry.authorities.get(name)
    if found is None:
        raise reasons.UnknownAuthority(authority=name[:64], known=", ".join(sorted(registry.authorities)) or "—")
    return found


def decide(
    user: User, authority: str, amount: Money | None, *, person: Person | None = None, case: str = "", now: datetime
) -> Decision:
    """Whether `user` may decide `amount` alone; without an amount, how much. Reads only: two questions.

    Raises `UnknownAuthority`, `BadAmount`, `WrongUnit`.
    """
    declared = authority_named(authority)
    if amount is not None:
        check_amount(declared, amount)
    whose = members_of(person)
    standing, moment = standings(user, declared, now=now)
    holding = [one for one in standing if one.state == "holds"]
    rooms = _rooms(user, declared, [one.delegation for one in holding], whose, case, moment)
    asked = amount.amount if amount is not None else 1
    best = max(zip(holding, rooms, strict=True), key=lambda one: (one[1].least, one[1].act), default=None)
    money = partial(_money, declared.unit)
    if best is None:
        blocked = tuple(_blocked(one) for one in _most_telling(standing))
        none = money(0)
        found = blocked or (reasons.NoAuthority(),)
        return Decision(False, None, found, none, none, none, none, none, moment)
    held, left = best
    why: list[Reason] = []
    if person is not None and is_own(user, person):
        why.append(reasons.OwnFile())
    over = rules.exceeded(asked, left)
    why += [_over(name, left, declared.unit) for name in over]
    if over:  # another delegation would have allowed it
        larger = [one for one in standing if one.state != "holds" and one.delegation.per_act >= asked]
        why += [_blocked(one) for one in _most_telling(larger)]
    return Decision(
        not why,
        held.delegation,
        tuple(why),
        money(left.least),
        money(left.act),
        money(left.day),
        money(left.person),
        money(left.case),
        moment,
    )


def check_amount(declared: Authority, amount: Money) -> None:
    """Raises `BadAmount`, `WrongUnit`."""
    if amount.currency != declared.unit:
        raise reasons.WrongUnit(unit=declared.unit, given=str(amount.currency)[:32])
    if type(amount.amount) is not int or not 0 < amount.amount <= AMOUNT_MAX:
        raise reasons.BadAmount(unit=declared.unit, fields={"amount": str(reasons.BadAmount.title)})


def members_of(person: Person | None) -> tuple[int, ...]:
    """All rows that are one person, also where the row of somebody merged is given."""
    if person is None:
        return ()
    return (person.root or person).members if person.root_id else person.members


def is_own(user: User, person: Person) -> bool:
    """Whether a person is this colleague herself."""
    top = (person.root or person) if person.root_id else person
    return str(user.pk) in {str(top.user_id), str(person.user_id), *(str(row.get("user")) for row in top.absorbed)}


def held_by(user: User, *, at: datetime) -> QuerySet[Delegation]:
    """The delegations that somebody holds, by name or by role; ended ones too. None of who is suspended."""
    roles = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=at), user=user, since__lte=at)
    return Delegation.objects.filter(
        Q(user=user) | Q(role__in=roles.values("role")),
        Q(team=None) | Q(team__in=Team.objects.filter(members=user)),
        Q(site=None) | Q(site__in=Site.objects.filter(staff=user)),
        Exists(User.objects.filter(pk=user.pk, is_active=True)),
    )


def standings(user: User, declared: Authority, *, now: datetime) -> tuple[list[Standing], datetime]:
    """How each delegation of this authority stands for somebody, and the moment by which that is judged. One query."""
    learnt = Training.objects.filter(user=user, course=OuterRef("training"), withdrawn_at=None).order_by("id")
    latest = Use.objects.filter(authority=declared.name).order_by("-at").values("at")[:1]
    found = (
        held_by(user, at=now)
        .filter(authority=declared.name)
        .select_related("training")
        .annotate(
            froms=ArraySubquery(learnt.values("valid_from")),
            untils=ArraySubquery(learnt.values("valid_until")),
            latest=Subquery(latest),
        )
        .order_by(F("valid_until").desc(nulls_first=True), "id")
    )
    rows = list(found)
    moment = rules.moment_of(now, rows[0].latest if rows else None)  # ty: ignore[missing-attribute]
    return [standing_of(row, spans_of(row), moment) for row in rows], moment


Span = tuple[datetime, datetime | None]


def spans_of(row: Any) -> list[Span]:
    """When its holder's training held, of a row that was asked with `froms` and `untils`."""
    return list(zip(row.froms, row.untils, strict=True))


def standing_of(row: Delegation, learnt: Iterable[Span], moment: datetime) -> Standing:
    """One delegation as it stands at a moment for somebody whose training held in some spans of time."""
    spans = [(since, until) for since, until in learnt if since <= moment]
    now_on = [until for _since, until in spans if until is None or moment < until]
    past = [until for _since, until in spans if until is not None and until <= moment]
    ends = [until for until in now_on if until is not None] or past
    until = None if None in now_on else max(ends, default=None)
    state = rules.state(
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended=row.ended_at is not None,
        asks_training=row.training_id is not None,
        trained=bool(now_on),
        trained_before=bool(past),
        moment=moment,
    )
    return Standing(row, state, until)


_SUMS = """
select
  (select coalesce(sum(amount), 0) from delegations_use
    where user_id = %(user)s and authority = %(authority)s and at >= %(day)s and given_back_at is null)::bigint,
  (select coalesce(sum(amount), 0) from delegations_use where person_id = any(%(persons)s)
    and authority = %(authority)s and at > c.period and given_back_at is null)::bigint,
  (select coalesce(sum(amount), 0) from delegations_use where person_id = any(%(persons)s)
    and authority = %(authority)s and at > c.split and given_back_at is null)::bigint,
  (select coalesce(sum(amount), 0) from delegations_use where %(case)s <> '' and "case" = %(case)s
    and authority = %(authority)s and given_back_at is null)::bigint
from unnest(%(periods)s::timestamptz[], %(splits)s::timestamptz[]) with ordinality c(period, split, n) order by c.n
"""
"""No sum ends at the moment: what a clock that ran ahead recorded counts too, so that setting it back gives nothing."""


def _rooms(
    user: User, declared: Authority, held: Sequence[Delegation], whose: Sequence[int], case: str, moment: datetime
) -> list[rules.Room]:
    if not held:
        return []
    asked = {
        "user": user.pk,
        "authority": declared.name,
        "persons": list(whose),
        "case": case,
        "day": midnight(moment, settings.TIME_ZONE),
        "periods": [rules.period_start(moment, one.period_days) for one in held],
        "splits": [rules.period_start(moment, one.split_days) for one in held],
    }
    sums = quick_rows(_SUMS, asked)
    limits = [rules.Limits(one.per_act, one.per_day, one.per_person) for one in held]
    return [rules.room(limit, rules.Counted(*counted)) for limit, counted in zip(limits, sums, strict=True)]


_TELLING: tuple[rules.State, ...] = ("training_lapsed", "ended", "untrained", "not_begun")


def _most_telling(found: Sequence[Standing]) -> list[Standing]:
    """Of delegations that do not hold the one of which it helps most to hear."""
    ranked = sorted(found, key=lambda one: (_TELLING.index(one.state), -_end(one.delegation).timestamp()))
    return ranked[:1]


def _end(row: Delegation) -> datetime:
    return row.ended_at or row.valid_until or row.valid_from


def _blocked(one: Standing) -> Reason:
    training = str(one.delegation.training or "")
    if one.state == "training_lapsed":
        assert one.trained_until is not None
        return reasons.TrainingLapsed(training=training, at=when_words(one.trained_until))
    if one.state == "untrained":
        return reasons.Untrained(training=training)
    if one.state == "not_begun":
        return reasons.NotBegun(at=when_words(one.delegation.valid_from))
    return reasons.DelegationEnded(at=when_words(_end(one.delegation)))


def _over(name: rules.Over, left: rules.Room, unit: str) -> Reason:
    limit = amount_words(left.act, unit)
    if name == "act":
        return reasons.OverAct(limit=limit)
    if name == "case":
        return reasons.OverCase(limit=limit, left=amount_words(left.case, unit))
    if name == "person":
        return reasons.OverPerson(left=amount_words(left.person, unit))
    return reasons.OverDay(left=amount_words(left.day, unit))


def _money(unit: str, amount: int) -> Money:
    return Money(amount, unit)


def amount_words(amount: int, unit: str) -> str:
    """An amount as people write it: `12,50 €`, `1 200 points`."""
    if _CURRENCY.fullmatch(unit):
        return Money(amount, unit).words(get_language() or "en")
    declared = registry.units.get(unit)
    if declared is None:
        return f"{amount} {unit}"
    number = Decimal(amount).scaleb(-declared.decimals)
    return f"{format_decimal(number, locale=(get_language() or 'en').replace('-', '_'))}\u00a0{declared.label}"


def when_words(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
