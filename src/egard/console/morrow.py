"""A moment to come, as people say it."""

from __future__ import annotations

from datetime import datetime

from django.template.defaultfilters import date as date_words
from django.utils import timezone
from django.utils.translation import gettext as _


def ahead(moment: datetime, now: datetime) -> str:
    """`today 17:00`, `tomorrow 09:00`, `Monday 09:00` within six days, else the date and the time."""
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    days = (local.date() - today).days
    at = {"time": date_words(local, _("H:i"))}
    if days == 0:
        return _("today %(time)s") % at
    if days == 1:
        return _("tomorrow %(time)s") % at
    if 1 < days < 7:
        return date_words(local, _("l H:i"))
    return date_words(local, _("j F, H:i") if local.year == today.year else _("j F Y, H:i"))


def clock(moment: datetime) -> str:
    """`09:00`, of a day that is named beside it."""
    return date_words(timezone.localtime(moment), _("H:i"))
