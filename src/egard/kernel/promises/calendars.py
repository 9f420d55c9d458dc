"""Calendars as they are stored: versions that never change, read once a process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from egard.base.calendars import BadCalendar, BadSpan, Calendar, Span
from egard.base.refusal import Refusal
from egard.kernel.promises.models import CalendarVersion, Promise
from egard.kernel.promises.rules import Terms, spans_of
from egard.kernel.registry import Escalation, registry

HOUSE = "office"
"""The calendar of promises that count working time and name no other."""
WEEKDAYS = "weekdays"
"""Mondays to Saturdays but holidays: the *jours ouvrables* of French law."""


class UnknownCalendar(Refusal):
    """No calendar has this code; the list of calendars gives those that there are."""

    code = "promises.unknown_calendar"
    message = _("No calendar is called “{code}”. Known calendars: {known}.")


class WrongCalendar(Refusal):
    """The opening hours contradict themselves, or there are none; the message says where."""

    code = "promises.wrong_calendar"
    message = _("These are no opening hours: {why}.")


class WrongTime(Refusal):
    """The amount of time is not written as one; the message says how."""

    code = "promises.wrong_time"
    message = _(
        "“{written}” is no amount of time here. Write 30 min, 2 h, 2 business hours, 1 business day, 3 days, 2 months."
    )


def readable(words: str | Span) -> Span:
    """An amount of time from its words. Raises `WrongTime`."""
    try:
        return Span.parse(words)
    except BadSpan as error:
        raise WrongTime(written=error.written, fields={"within": str(WrongTime.title)}) from error


def checked(data: Mapping[str, Any]) -> Calendar:
    """A calendar from its data. Raises `WrongCalendar`."""
    try:
        return Calendar.parse(data)
    except BadCalendar as error:
        raise WrongCalendar(why=error.why) from error


def newest(code: str) -> CalendarVersion:
    """The version that holds now. Raises `UnknownCalendar`."""
    found = CalendarVersion.objects.filter(code=code).order_by("-version").first()
    if found is None:
        known = CalendarVersion.objects.values_list("code", flat=True).distinct().order_by("code")
        raise UnknownCalendar(code=code[:64], known=", ".join(known))
    return found


def calendar(pk: int | None) -> Calendar:
    """The calendar behind a version; without one, the house's zone, never closed."""
    return _read(str(connection.settings_dict["NAME"]), pk) if pk else Calendar.always(settings.TIME_ZONE)


@lru_cache(maxsize=1000)
def _read(_database: str, pk: int) -> Calendar:
    return Calendar.parse(CalendarVersion.objects.get(pk=pk).data)


def terms_of(promise: Promise) -> Terms:
    """By what a promise is reckoned: its own terms, else those of its kind."""
    return Terms(
        calendar(promise.calendar_id),
        promise.working,
        spans_known(warnings_of(promise)),
        spans_known(tuple(step.after for step in escalation_of(promise))),
    )


def warnings_of(promise: Promise) -> tuple[str, ...]:
    if promise.terms is not None and "warnings" in promise.terms:
        return tuple(promise.terms["warnings"])
    kind = registry.promises.get(promise.kind)
    return kind.warnings if kind else ()


def escalation_of(promise: Promise) -> tuple[Escalation, ...]:
    if promise.terms is not None and "escalation" in promise.terms:
        return tuple(Escalation(step["after"], tuple(step["to"])) for step in promise.terms["escalation"])
    kind = registry.promises.get(promise.kind)
    return kind.escalation if kind else ()


@lru_cache(maxsize=1000)
def spans_known(words: tuple[str, ...]) -> tuple[Span, ...]:
    return spans_of(words)
