"""When somebody receives at a site: her own hours, as far as the site is open. Pure."""

from __future__ import annotations

from egard.base.calendars import BadCalendar, Calendar, Hours
from egard.base.calendars.calendar import Day


def within(site: Calendar, own: Calendar) -> Calendar | None:
    """The hours of both at once, by the clock of the site; None where they never meet. Holidays are the site's; a dated
    exception of either stands in the place of the usual hours of that one only.
    """
    days = {*site.exceptions, *own.exceptions}
    try:
        return Calendar(
            site.zone,
            tuple(both(a, b) for a, b in zip(site.week, own.week, strict=True)),
            {day: both(site.hours_of(day), own.hours_of(day)) for day in days},
            site.holidays,
        )
    except BadCalendar:  # never open
        return None


def both(one: Day, other: Day) -> Day:
    """The minutes that lie in the openings of both."""
    met = ((max(a.opens, b.opens), min(a.closes, b.closes)) for a in one for b in other)
    return tuple(Hours(opens, closes) for opens, closes in sorted(met) if opens < closes)
