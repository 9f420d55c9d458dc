"""Working time: opening hours as local wall time, public holidays, and what lies between two moments. Pure.

`Calendar` says when it is open; `Span` is an amount of time in words ("2 h", "10 business days"); `due` puts the two
together. `add_working` and `working_between` are each other's inverse.
"""

from egard.base.calendars.calendar import BadCalendar, Calendar, Hours, public_holiday
from egard.base.calendars.reckoning import (
    TooFar,
    add_working,
    before,
    due,
    is_open,
    next_opening,
    opened,
    openings,
    spans,
    working_between,
)
from egard.base.calendars.span import BadSpan, Span

__all__ = [
    "BadCalendar",
    "BadSpan",
    "Calendar",
    "Hours",
    "Span",
    "TooFar",
    "add_working",
    "before",
    "due",
    "is_open",
    "next_opening",
    "opened",
    "openings",
    "public_holiday",
    "spans",
    "working_between",
]
