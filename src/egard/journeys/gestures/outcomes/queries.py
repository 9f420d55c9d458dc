"""Time, amount and repurchase of complaints that got a gesture and of those that did not, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from egard.base.figures import interval
from egard.base.quickread import quick_rows
from egard.kernel.access.actors import Viewer
from egard.kernel.cases.rules.improving import Median, median
from egard.kernel.people import queries as people

FIGURES = "gestures.compare"
DAYS = (30, 90, 180)
"""Within how many days a person may buy again to count."""

NO_CAUSE = _(
    "This shows no cause: gestures are given where things went worse, and to those whom we know better. Only where "
    "lots had decided who gets one would a difference be their effect."
)

# One line a complaint: how long it took, what was given for it (by its case), and whether she bought again in time.
_OUTCOMES = """
select extract(epoch from o.resolved_at - o.received_at)::float8, g.amount::bigint, g.n::int,
       case when o.resolved_at + %(within)s <= %(now)s then exists (
           select 1 from timeline_fact f
           where f.person_id = any(array(select m.id from people_person m where m.id = coalesce(p.root_id, p.id)
                                         or m.root_id = coalesce(p.root_id, p.id)))
             and f.at > o.resolved_at and f.at <= o.resolved_at + %(within)s
             and f.kind_id in (select k.id from timeline_kind k where k.name = 'purchases.made')
             and not exists (select 1 from timeline_fact c where c.corrects = f.uuid)) end
from gestures_outcome o join people_person p on p.id = o.person_id
left join lateral (
    select sum(g.amount) filter (where g.currency = %(currency)s) as amount, count(*) as n from gestures_gesture g
    where g.subject = 'case:' || o.complaint and g.state = 'granted'
) g on true
where o.received_at >= %(since)s and o.received_at < %(until)s
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two groups of complaints. Times in seconds, amounts in minor units of one currency; `again` of `judged`:
    those who bought again in time, of those whose time has passed.
    """

    n: int
    resolved: int
    time: Median
    amount: Median
    again: int
    judged: int

    @property
    def bounds(self) -> tuple[float, float]:
        """Of the share who bought again, at 95 % (Wilson)."""
        return interval(self.again, self.judged)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Complaints that got a gesture, and those that did not. Nobody chose by lot who got one: no cause can be read."""

    given: Side
    without: Side
    days: int
    currency: str


def side_by_side(
    viewer: Viewer, *, since: datetime, until: datetime, days: int = 90, currency: str = "EUR", now: datetime
) -> SideBySide:
    """Of complaints received between two moments (the second not included), within the viewer's scope: one query."""
    scope = viewer.require(FIGURES)
    query, parameters = _OUTCOMES, {
        "within": timedelta(days=days), "now": now, "currency": currency, "since": since, "until": until,
    }  # fmt: skip
    if scope != "all":
        seen = list(people.visible(viewer, FIGURES).values_list("pk", flat=True))
        query, parameters = f"{query} and coalesce(p.root_id, p.id) = any(%(seen)s)", {**parameters, "seen": seen}
    rows = quick_rows(query, parameters)
    return SideBySide(
        _side(row for row in rows if row[2]), _side(row for row in rows if not row[2]), days, currency
    )  # fmt: skip


def _side(rows: Iterable[tuple[float | None, int | None, int, bool | None]]) -> Side:
    held = list(rows)
    times = [row[0] for row in held if row[0] is not None]
    judged = [row[3] for row in held if row[3] is not None]
    amounts = median(float(row[1]) for row in held if row[1] is not None)
    return Side(len(held), len(times), median(times), amounts, sum(judged), len(judged))
