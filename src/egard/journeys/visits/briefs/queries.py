"""What a site should know before it opens: who comes for what and to whom, and where it will be tight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from egard.base.calendars import openings
from egard.base.refusal import NotFound
from egard.journeys.visits import expected
from egard.journeys.visits.briefs.models import Brief, BriefRead
from egard.journeys.visits.expected import Row
from egard.journeys.visits.models import Shop, Visit
from egard.journeys.visits.offering import Present, day_of, opening, present
from egard.journeys.visits.queries import of_day
from egard.journeys.visits.rules.brief import Risk, Usual, at_risk, usual
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User

WEEKS = 8
"""So many weeks before are looked at for those who come without a booking."""
DAYS_AROUND = 400
"""So far from today a brief is asked for, at most."""


@dataclass(slots=True)
class Said:
    """The brief of a site for a date. Names of visitors stand in its rows only."""

    shop: Shop
    day: date
    zone: ZoneInfo
    opens_at: datetime | None
    closes_at: datetime | None
    rows: list[Row]
    reasons: list[tuple[str, int]]
    hosts: list[tuple[str, list[Row]]]
    """Who takes whom, by name; first those whom nobody takes, under an empty name."""
    there: list[str]
    absent: list[str]
    gaps: list[tuple[str, int]]
    """Reasons that are booked and that nobody who is there today is skilled in, with their visits."""
    left_alone: list[Row]
    """Visits whose host is absent, or who have none."""
    risks: list[Risk]
    marked: list[Row]
    walk_ins: Usual | None


def brief(viewer: Viewer, shop: Shop, day: date, *, now: datetime) -> Said:
    """As it stands now, in a constant number of queries. Raises `NotAllowed`, `NotFound` (a date too far away)."""
    zone = ZoneInfo(shop.site.zone)
    if abs((day - now.astimezone(zone).date()).days) > DAYS_AROUND:
        raise NotFound
    coming = [row for row in of_day(viewer, shop, day) if row.state != "cancelled" and not row.walked_in]
    rows = expected.rows_of(viewer, coming, now=now)
    hosts = present(shop, day, now=now)
    names = dict(User.objects.filter(pk__in=[one.user for one in hosts]).values_list("pk", "name"))
    there = {one.user for one in hosts if one.there}
    open_at = openings(day, opening(shop))
    return Said(
        shop, day, zone,
        opens_at=open_at[0][0] if open_at else None,
        closes_at=open_at[-1][1] if open_at else None,
        rows=rows,
        reasons=_often(row.reason for row in rows),
        hosts=_by_host(rows),
        there=sorted(names[one.user] for one in hosts if one.there),
        absent=sorted(names[one.user] for one in hosts if one.hours and not one.there),
        gaps=_gaps(rows, hosts),
        left_alone=[row for row in rows if row.visit.host_id not in there and row.visit.state == "booked"],
        risks=_risks(rows, hosts),
        marked=[row for row in rows if row.marks],
        walk_ins=usual(_walk_ins(shop, day)),
    )  # fmt: skip


def reads(viewer: Viewer, shop: Shop, day: date) -> list[tuple[str, datetime]]:
    """Who has read it, and when, the first first. Raises `NotAllowed`."""
    viewer.require("visits.read")
    found = BriefRead.objects.filter(brief__site=shop.site_id, brief__day=day).order_by("at")
    return list(found.values_list("user__name", "at"))


def has_read(viewer: Viewer, shop: Shop, day: date) -> bool:
    """Whether the viewer has."""
    return BriefRead.objects.filter(brief__site=shop.site_id, brief__day=day, user=viewer.user_id).exists()


def unread_since(viewer: Viewer, shop: Shop, day: date) -> datetime | None:
    """Since when the manager knows that nobody has read today's; None where somebody has, or nobody was told."""
    viewer.require("visits.read")
    found = Brief.objects.filter(site=shop.site_id, day=day, alerted_at__isnull=False, reads__isnull=True)
    return found.values_list("alerted_at", flat=True).first()


# --- inside --------------------------------------------------------------------------------------------------------


def _by_host(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.host, []).append(row)
    return sorted(found.items())


def _gaps(rows: Sequence[Row], hosts: Sequence[Present]) -> list[tuple[str, int]]:
    held = {reason for one in hosts if one.there for reason in one.reasons}
    return _often(row.reason for row in rows if row.visit.reason_id not in held)


def _risks(rows: Sequence[Row], hosts: Sequence[Present]) -> list[Risk]:
    """A sitting of several needs its hosts once."""
    sittings = {
        row.visit.sitting_id or -row.visit.pk: (row.visit.starts_at, row.visit.ends_at, row.visit.reason.hosts)
        for row in rows
        if row.visit.state in ("booked", "arrived", "started")
    }
    return at_risk(list(sittings.values()), [span for one in hosts for span in one.there])


def _walk_ins(shop: Shop, day: date) -> list[int]:
    """Of the same weekday in the weeks before, since the site has had visits: two queries."""
    first, _end = day_of(shop, day - timedelta(weeks=WEEKS))
    until, _end = day_of(shop, day)
    began = Visit.objects.filter(site=shop.site_id).order_by("starts_at").values_list("starts_at", flat=True).first()
    if began is None:
        return []
    zone = ZoneInfo(shop.site.zone)
    found = {
        day - timedelta(weeks=n): 0 for n in range(1, WEEKS + 1)
        if day - timedelta(weeks=n) >= began.astimezone(zone).date()
    }  # fmt: skip
    came = Visit.objects.filter(site=shop.site_id, walked_in=True, starts_at__gte=first, starts_at__lt=until)
    for at in came.exclude(state="cancelled").values_list("starts_at", flat=True):
        if (on := at.astimezone(zone).date()) in found:
            found[on] += 1
    calendar = opening(shop)
    return [n for on, n in found.items() if n or openings(on, calendar)]


def _often(words: Iterable[str]) -> list[tuple[str, int]]:
    """How often each is said, the commonest first, then by its name."""
    return sorted(Counter(words).items(), key=lambda one: (-one[1], one[0]))
