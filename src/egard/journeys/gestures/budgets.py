"""Budgets of teams: which one bears a gesture, what is left of it, setting it, and where it is heading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, FloatField, Q, Sum
from django.db.models.functions import Power, TruncDay
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.ids import new_id
from egard.base.money import Money
from egard.base.quickread import quick_rows, quick_run
from egard.base.refusal import NotFound
from egard.journeys.gestures import accounts
from egard.journeys.gestures.models import Budget, Gesture
from egard.journeys.gestures.refusals import BadBudget
from egard.journeys.gestures.rules import budgets as rules
from egard.journeys.gestures.rules.catalogue import AMOUNT_MAX
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Team
from egard.kernel.access.operations import log_change
from egard.kernel.ledger import operations as ledger
from egard.kernel.ledger.models import Account
from egard.kernel.ledger.refusals import Insufficient

READ, MANAGE = "gestures.budgets", "gestures.manage_budgets"
ZONE = ZoneInfo(settings.TIME_ZONE)


def running(viewer: Viewer, *, first: UUID | None, currency: str, now: datetime) -> Budget | None:
    """The budget that bears what a viewer gives now: that of the case's team where she belongs to it, else of one of
    her teams; of several periods the shortest. None: none runs for her, see `missing`.
    """
    if not viewer.team_ids:
        return None
    found = Budget.objects.filter(team__in=viewer.team_ids, currency=currency, since__lte=now, until__gt=now)
    rows = list(found.select_related("team").order_by(F("until") - F("since"), "team_id"))
    return next((row for row in rows if row.team_id == first), rows[0] if rows else None)


def missing(row: Budget | None, *, currency: str) -> bool:
    """Whether a cost would have no bound though the house has set budgets: there are, and none bears it. Where none
    was ever set, the delegations are the bound.
    """
    return row is None and Budget.objects.filter(currency=currency).exists()


def of_team(team: UUID | None, *, currency: str, now: datetime) -> Budget | None:
    """The budget of a team that runs now; of several the shortest."""
    found = Budget.objects.filter(team=team, currency=currency, since__lte=now, until__gt=now)
    return found.select_related("team").order_by(F("until") - F("since")).first()


_LEFT_OF = b"""
select (s.credits_posted - s.debits_posted - s.debits_pending)::bigint
from ledger_account a join ledger_sum s on s.account_id = a.id where a.code = %s and a.unit = %s
"""
"""By hand: each proposal asks it. A limited account has one sum."""


def left(row: Budget) -> int:
    """What is left of a budget, in minor units."""
    rows = quick_run(_LEFT_OF, [row.code, row.currency])
    return rows[0][0] if rows else 0


_LEFT = """
select account_id, (credits_posted - debits_posted - debits_pending)::bigint from ledger_sum where account_id = any(%s)
"""


def _left(held: Sequence[Account]) -> dict[int, int]:
    """What is available on several limited accounts, which have one sum each: one question."""
    return dict(quick_rows(_LEFT, [[one.pk for one in held]])) if held else {}


def words(row: Budget | None, cost: int, *, now: datetime) -> dict[str, str]:
    """For a refusal: what it would cost, what is left, whose budget it is."""
    assert row is not None
    language = get_language() or "en"
    return {
        "cost": Money(cost, row.currency).words(language),
        "left": Money(left(row), row.currency).words(language),
        "team": row.team.name,
    }


@transaction.atomic
def set_budget(viewer: Viewer, team: Team, period: str, amount: Money, *, now: datetime) -> Budget:
    """What a team may spend in a period (`2026-11`, `2026-Q4`, `2026`): made, raised, or lowered to no less than what
    was spent of it. The same amount again changes nothing. Raises `NotAllowed`, `BadBudget`.
    """
    if not _is_within(viewer, MANAGE, team):
        raise BadBudget(why=_("This team is not one of yours."), fields={"team": _("not one of yours")})
    try:
        since, until = rules.bounds(period, ZONE)
    except rules.BadPeriod as error:
        why = _("A period is a month (2026-11), a quarter (2026-Q4) or a year (2026).")
        raise BadBudget(why=why, fields={"period": why}) from error
    if type(amount.amount) is not int or not 0 <= amount.amount <= AMOUNT_MAX:
        why = _("A budget is an amount of zero or more.")
        raise BadBudget(why=why, fields={"amount": why})
    if until <= now:
        raise BadBudget(why=_("This period is over."), fields={"period": _("This period is over.")})
    wanted = {"since": since, "until": until, "amount": 0, "made_at": now, "by": str(viewer.actor)}
    asked = {"team": team, "period": period, "currency": amount.currency}
    Budget.objects.bulk_create([Budget(**asked, **wanted)], ignore_conflicts=True)
    row = Budget.objects.select_for_update(of=("self",)).select_related("team").get(**asked)
    more = amount.amount - row.amount
    if not more:
        return row
    held = accounts.budget(row, by=viewer.actor, now=now), accounts.allowance(row.currency, now=now)
    debit, credit = held[::-1] if more > 0 else held
    try:
        ledger.transfer(
            debit=debit, credit=credit, amount=abs(more), key=f"{row.uuid}:{new_id()}", source=accounts.SOURCE,
            subject=f"budget:{row.uuid}", by=viewer.actor, now=now,
        )  # fmt: skip
    except Insufficient as spent:
        why = _("More than that is spent already: a budget is lowered to what was spent of it at least.")
        raise BadBudget(why=why, fields={"amount": why}) from spent
    Budget.objects.filter(pk=row.pk).update(amount=amount.amount)
    row.amount = amount.amount
    log_change(
        "gestures.budget_set", by=viewer.actor, now=now, subject=row.code, amount=amount.amount, currency=row.currency
    )
    return row


def _is_within(viewer: Viewer, permission: str, team: Team) -> bool:
    """A team's budget is seen and set by its own, and by whoever may do so everywhere. Raises `NotAllowed`."""
    return viewer.require(permission) == "all" or team.pk in viewer.team_ids


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget as it stands. Amounts in minor units: `desired` and `granted` are what was asked and given, worth to
    clients; `spent` and `left` are the house's cost; `waiting` is what waits for somebody to agree.
    """

    budget: Budget
    desired: int
    granted: int
    waiting: int
    refused: int
    n: int
    spent: int
    left: int
    forecast: rules.Forecast
    days: tuple[tuple[datetime, int], ...]
    """What was spent each day of the period so far: the day's beginning, and its cost."""

    @property
    def currency(self) -> str:
        return self.budget.currency


def standings(viewer: Viewer, *, now: datetime, past: bool = False) -> list[Standing]:
    """The budgets that run now and those to come (or, with `past`, the latest that ended), within the viewer's scope:
    four questions. Raises `NotAllowed`.
    """
    scope = viewer.require(READ)
    found = Budget.objects.filter(until__lte=now) if past else Budget.objects.filter(until__gt=now)
    if scope != "all":
        found = found.filter(team__in=viewer.team_ids)
    order = ("-until", "team__name") if past else ("since", "team__name", "until")
    rows = list(found.select_related("team").order_by(*order)[:100])
    return _standing(rows, now=now)


def standing(viewer: Viewer, row: Budget, *, now: datetime) -> Standing:
    """One of them. Raises `NotAllowed`, and `NotFound` for another team's where the viewer sees her own alone."""
    if not _is_within(viewer, READ, row.team):
        raise NotFound
    return _standing([row], now=now)[0]


def _standing(rows: Sequence[Budget], *, now: datetime) -> list[Standing]:
    codes = {(row.code, row.currency): row for row in rows}
    held = {
        (one.code, one.unit): one for one in Account.objects.filter(code__in=[row.code for row in rows])
    }  # fmt: skip
    left_of = _left([one for place, one in held.items() if place in codes])
    sums = {row["budget"]: row for row in _sums(rows)}
    days: dict[int, dict[datetime, rules.Costs]] = defaultdict(dict)
    for pk, day, *told in _days(rows):
        days[pk][day] = rules.Costs(*told)
    return [_one(row, held.get((row.code, row.currency)), left_of, sums.get(row.pk, {}), days[row.pk], now)
            for row in rows]  # fmt: skip


def _days(rows: Iterable[Budget]) -> Any:
    """What each budget bore each day of the house, in order: the budget, the day, how many, their cost, its squares."""
    acts = Gesture.objects.filter(budget__in=rows, state="granted", cost__gt=0)
    told = acts.annotate(day=TruncDay("granted_at", tzinfo=ZONE)).values("budget", "day").order_by("budget", "day")
    squares = Sum(Power("cost", 2.0), output_field=FloatField())
    told = told.annotate(gestures=Count("pk"), total=Sum("cost"), squares=squares)
    return told.values_list("budget", "day", "gestures", "total", "squares")


def _sums(rows: Iterable[Budget]) -> Any:
    granted, waiting = Q(state="granted"), Q(state="waiting")
    asked, refused = ~Q(state="reversed"), Q(state="refused")
    return Gesture.objects.filter(budget__in=rows).values("budget").annotate(
        all_desired=Sum("desired", filter=asked, default=0), all_granted=Sum("amount", filter=granted, default=0),
        all_waiting=Sum("desired", filter=waiting, default=0), all_refused=Sum("desired", filter=refused, default=0),
        all_n=Count("together", distinct=True, filter=granted),
    ).order_by("budget")  # fmt: skip


def _one(
    row: Budget, account: Account | None, left_of: dict[int, int], told: dict[str, int],
    days: dict[datetime, rules.Costs], now: datetime,
) -> Standing:  # fmt: skip
    left = left_of[account.pk] if account else 0
    costs = sum(days.values(), rules.Costs())
    forecast = rules.forecast(costs, since=row.since, until=row.until, now=max(now, row.since), budget=row.amount)
    names = ("desired", "granted", "waiting", "refused", "n")
    sums = {name: told.get(f"all_{name}", 0) for name in names}
    spent = tuple((day, told.total) for day, told in days.items())
    return Standing(budget=row, spent=row.amount - left, left=left, forecast=forecast, days=spent, **sums)
