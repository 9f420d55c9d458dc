"""Amounts of time as people say them."""

from __future__ import annotations

from django.utils.translation import ngettext

from egard.base.calendars import BadSpan, Span


def said(words: str) -> str:
    """`2 working days`, in the reader's language; the words themselves where they are no amount of time."""
    try:
        span = Span.parse(words)
    except BadSpan:
        return words
    return (_form(span) % {"n": span.amount}).replace(" ", "\u00a0", 1)


def _form(span: Span) -> str:
    n = span.amount
    if span.working:
        return {
            "minute": ngettext("%(n)s working minute", "%(n)s working minutes", n),
            "hour": ngettext("%(n)s working hour", "%(n)s working hours", n),
        }.get(span.unit, ngettext("%(n)s working day", "%(n)s working days", n))
    return {
        "minute": ngettext("%(n)s minute", "%(n)s minutes", n),
        "hour": ngettext("%(n)s hour", "%(n)s hours", n),
        "day": ngettext("%(n)s day", "%(n)s days", n),
        "week": ngettext("%(n)s week", "%(n)s weeks", n),
        "month": ngettext("%(n)s month", "%(n)s months", n),
    }.get(span.unit, ngettext("%(n)s year", "%(n)s years", n))
