"""Days and exact times as the reader's language writes them."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from django.template.defaultfilters import date as date_words
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def day_words(day: date, form: str) -> str:
    """A day by a Django date format; French says the first of a month `1er`."""
    words = date_words(day, form)
    return re.sub(r"\b1 (?=\D)", "1er ", words, count=1) if day.day == 1 and get_language() == "fr" else words


@lru_cache(maxsize=4096)
def _long_day(day: date, _language: str | None) -> str:
    return day_words(day, _("l j F Y"))


def exact(moment: datetime) -> str:
    """The exact time for a hover and for screen readers: weekday, date, time with its zone."""
    return exact_local(timezone.localtime(moment), get_language())


def exact_local(local: datetime, language: str | None) -> str:
    """The same of a moment that is in the reader's zone already."""
    return f"{_long_day(local.date(), language)}, {local:%H:%M:%S} {local.tzname()}"
