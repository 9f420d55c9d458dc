"""Words of delegations: amounts in their unit, last days, what a trail says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from egard.base.clock import utc_now
from egard.console import delegations
from egard.console.moments import day_words
from egard.kernel.delegations.deciding import amount_words

register = template.Library()
TRAIL = {"granted": _l("Delegated"), "changed": _l("Changed"), "ended": _l("Ended")}


@register.filter
def in_unit(amount: int, unit: str) -> str:
    return amount_words(amount, unit)


@register.filter
def trail_word(what: str) -> str:
    return str(TRAIL.get(what, what))


@register.filter
def limit_word(name: str) -> str:
    """What a field of the form is called."""
    label = delegations.LABELS.get(name)
    return label() if label else name


@register.filter
def last_day(until: datetime | None) -> date | None:
    return delegations.last_day(until)


@register.filter
def is_soon(until: datetime | None) -> bool:
    return until is not None and until - utc_now() < timedelta(days=30)


@register.filter
def day_said(day: Any) -> str:
    return day_words(day, _("j F Y")) if day else ""
