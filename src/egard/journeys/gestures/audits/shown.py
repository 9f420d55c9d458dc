"""What the pages of control show: words, and figures drawn to scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.money import Money
from egard.console.templatetags.egard import percent
from egard.journeys.gestures.audits.models import AuditDraw, AuditPlan
from egard.journeys.gestures.audits.queries import Result
from egard.journeys.gestures.audits.rules.estimates import Estimate

WIDTH = 1000
"""Of a drawing, in its own units."""


def language() -> str:
    return get_language() or "fr"


def amount(minor: float, currency: str) -> str:
    return Money(round(minor), currency).words(language())


def number(n: int) -> str:
    return format_decimal(n, locale=language())


def told_of(plan: AuditPlan) -> str:
    """A plan in a sentence."""
    words = {
        "threshold": amount(plan.threshold, plan.currency) if plan.threshold is not None else "",
        "rate": percent(plan.tolerable / 1000, 3),
        "least": plan.least,
        "amount": amount(plan.tolerable_amount or 0, plan.currency),
    }
    if plan.method == "money":
        if plan.threshold is None:
            return _("So many, the large ones more often, that less than %(amount)s is in error.") % words
        return _(
            "All of %(threshold)s and more; of the others so many, the larger ones more often, that less than "
            "%(amount)s is in error."
        ) % words  # fmt: skip
    if plan.threshold is None:
        return _("So many that fewer than %(rate)s deviate, and at least %(least)s of each colleague.") % words
    return _(
        "All of %(threshold)s and more; of the others so many that fewer than %(rate)s deviate, and at least "
        "%(least)s of each colleague."
    ) % words  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """An estimate to scale: where its parts stand in a drawing `WIDTH` wide, and its words."""

    low: int
    high: int
    likely: int
    limit: int
    at_most: int
    words: dict[str, str]
    passed: bool

    @property
    def span(self) -> int:
        """From the lower bound to the upper one; never so narrow that it is not seen."""
        return max(4, self.high - self.low)


def scale(one: Estimate, limit: float, said: Any, *, passed: bool) -> Scale:
    """`limit` is what is tolerable; `said` puts a figure into words."""
    most = max(one.high, one.at_most, limit) * 1.1 or 1
    places = {name: round(WIDTH * getattr(one, name) / most) for name in ("low", "high", "likely", "at_most")}
    words = {name: said(getattr(one, name)) for name in ("low", "high", "likely", "at_most")}
    return Scale(limit=round(WIDTH * limit / most), words=words | {"limit": said(limit)}, passed=passed, **places)


def scales(row: AuditDraw, told: Result) -> list[tuple[str, Scale]]:
    """The rate and the amount to scale, each with its title; the one that decides comes first."""
    plan = row.plan
    found = []
    if told.rate is not None:
        rate = scale(told.rate, plan.tolerable / 1000, lambda share: percent(share, 3), passed=bool(told.passed))
        found.append((_("Gestures that deviate"), rate))
    if told.amount is not None:
        limit = plan.tolerable_amount if plan.method == "money" else 0
        drawn = scale(
            told.amount, limit or 0, lambda minor: amount(minor, plan.currency), passed=bool(told.passed)
        )  # fmt: skip
        found.append((_("Amount in error"), drawn))
    return found
