"""Putting off: a row is hidden from one user until a moment, and comes back by itself, as lists ask with `now`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache, partial

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from egard.base.calendars import next_opening
from egard.base.refusal import Refusal
from egard.console.models import Snooze
from egard.console.morrow import ahead, clock
from egard.kernel.access.actors import Viewer
from egard.kernel.people import queries as people
from egard.kernel.promises.calendars import HOUSE, calendar, newest
from egard.kernel.registry import Action, Asks, Choice, Done, registry

PREFIX = "console.snooze:"
MORNING = time(9, 0)
LATEST = timedelta(days=366)
PERSON = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROW = re.compile(r"[\w.:-]{1,100}")


class BadMoment(Refusal):
    """A row is put off until a later day, a year ahead at most."""

    code = "console.bad_moment"
    title = _("Not such a moment")
    message = _("Choose a day after today, within a year.")


def until_of(choice: str, *, now: datetime) -> datetime:
    """The moment that a choice means, in the house's zone: `tomorrow`, `working` (the next day on which the house is
    open), `monday`, or a day (`2026-03-29`), each at nine.

    Raises `BadMoment`.
    """
    today = timezone.localtime(now).date()
    if choice == "tomorrow":
        day = today + timedelta(days=1)
    elif choice == "working":
        day = next_opening(_nine(today + timedelta(days=1)), calendar(newest(HOUSE).pk)).astimezone(_zone()).date()
    elif choice == "monday":
        day = today + timedelta(days=7 - today.weekday())
    else:
        try:
            day = date.fromisoformat(choice)
        except ValueError as error:
            raise BadMoment from error
    if not today < day <= today + LATEST:
        raise BadMoment
    return _nine(day)


def _zone() -> tzinfo:
    return timezone.get_default_timezone()


def _nine(day: date) -> datetime:
    return datetime.combine(day, MORNING, _zone()).astimezone(UTC)


def put_off(viewer: Viewer, worklist: str, *, now: datetime) -> frozenset[str]:
    """The rows of a list that the viewer does not want to see yet; where a person was put off, and merged since, the
    person whom she is now.
    """
    found = Snooze.objects.filter(user=viewer.user_id, worklist=worklist, until__gt=now)
    rows = found.values_list("row", flat=True)
    now_as = people.merged_into(viewer, (row for row in rows if PERSON.fullmatch(row)))
    return frozenset(now_as.get(row, row) for row in rows)


def snooze(
    viewer: Viewer, worklist: str, rows: Sequence[str], *, until: datetime, now: datetime
) -> dict[str, dict[str, str | None]]:
    """Hide rows from the viewer until then; answers what held before, by row."""
    wanted = [row for row in rows if ROW.fullmatch(row)]
    before = dict(
        Snooze.objects.filter(user=viewer.user_id, worklist=worklist, row__in=wanted, until__gt=now).values_list(
            "row", "until"
        )
    )
    Snooze.objects.filter(user=viewer.user_id, worklist=worklist, until__lte=now).delete()
    Snooze.objects.bulk_create(
        (Snooze(user_id=viewer.user_id, worklist=worklist, row=row, until=until) for row in wanted),
        update_conflicts=True,
        update_fields=["until"],
        unique_fields=["user", "worklist", "row"],
    )
    return {
        row: {"was": before[row].isoformat() if row in before else None, "until": until.isoformat()} for row in wanted
    }


def wake(viewer: Viewer, worklist: str, former: Mapping[str, Mapping[str, str | None]], *, now: datetime) -> list[str]:
    """Undo `snooze`, where the row is still put off until the same moment."""
    held = {
        s.row: s
        for s in Snooze.objects.select_for_update().filter(user=viewer.user_id, worklist=worklist, row__in=list(former))
    }
    same = [
        row
        for row, told in former.items()
        if row in held and held[row].until == datetime.fromisoformat(str(told["until"]))
    ]
    gone = [row for row in same if not former[row]["was"]]
    Snooze.objects.filter(user=viewer.user_id, worklist=worklist, row__in=gone).delete()
    back = [held[row] for row in same if former[row]["was"]]
    for one in back:
        one.until = datetime.fromisoformat(str(former[one.row]["was"]))
    Snooze.objects.bulk_update(back, ["until"])
    return same


@lru_cache(maxsize=128)
def snooze_action(worklist: str) -> Action:
    """The action that every list has."""
    return Action(
        PREFIX + worklist,
        _("Put off"),
        registry.worklists[worklist].permission,
        run=partial(_run, worklist),
        undo=partial(_undo, worklist),
        key="z",
        icon="bell-off",
        asks=Asks(_("Until when?"), choices, day=_("Another day")),
    )


def _run(worklist: str, viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    until = until_of(choice, now=now)
    former = snooze(viewer, worklist, ids, until=until, now=now)
    words = ngettext("Put off until %(moment)s.", "%(n)s rows put off until %(moment)s.", len(former))
    return Done(words % {"n": len(former), "moment": ahead(until, now)}, former)


def _undo(worklist: str, viewer: Viewer, former: Mapping[str, Mapping[str, str | None]], *, now: datetime) -> list[str]:
    return wake(viewer, worklist, former, now=now)


def choices(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
    tomorrow, monday = until_of("tomorrow", now=now), until_of("monday", now=now)
    offered = [Choice("tomorrow", _("Tomorrow morning"), clock(tomorrow))]
    # On a Sunday the two are one.
    return offered if monday == tomorrow else [*offered, Choice("monday", _("Next week"), ahead(monday, now))]
