"""Amounts of time as people say them."""

from __future__ import annotations

import re

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


_TYPED = (  # as French readers write it; English is what files have
    (r"\bjours? (?:ouvr(?:é|e|able)s?|d[’']ouverture)\b", "business day"),
    (r"\bheures? (?:ouvr(?:é|e)e?s?|d[’']ouverture)\b", "business hour"),
    (r"\bminutes? (?:ouvr(?:é|e)e?s?|d[’']ouverture)\b", "business minute"),
    (r"\bheures?\b", "h"),
    (r"\b(?:jours?|j)\b", "day"),
    (r"\b(?:semaines?|sem)\b", "week"),
    (r"\bmois\b", "month"),
    (r"\b(?:ans?|années?)\b", "year"),
)


def typed(words: str) -> str:
    """An amount of time as somebody typed it, in French or English, as files write it: `1 jour d’ouverture`."""
    told = " ".join(words.lower().split())
    for written, meant in _TYPED:
        told = re.sub(written, meant, told)
    return told
