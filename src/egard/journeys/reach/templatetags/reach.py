"""Numbers and periods as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from egard.console import ring as rings
from egard.console.templatetags.egard import said_day
from egard.kernel.people.rules import display_phone

register = template.Library()


@register.filter
def phone(number: str) -> str:
    """As people read it; empty where there is none."""
    return display_phone(number) if number else ""


@register.simple_tag
def days(since: datetime, until: datetime, now: datetime) -> SafeString:
    """`1 August to 21 August`, or with hours where it does not take whole days."""
    first, last, today = timezone.localtime(since), timezone.localtime(until), timezone.localtime(now).date()
    if (first.hour, first.minute, last.hour, last.minute) != (0, 0, 0, 0):
        return format_html("{} – {}", rings.at(since, now), rings.at(until, now))
    one, other = first.date(), (last - timedelta(days=1)).date()
    if one == other:
        return format_html("{}", said_day(one, today))
    return format_html(_("{first} to {last}"), first=said_day(one, today), last=said_day(other, today))
