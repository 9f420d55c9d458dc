"""Frictions added up by the database: the index of many persons at once, by the same points as the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from egard.base.quickread import quick_rows
from egard.journeys.friction.rules import NOT_LEAVING
from egard.journeys.friction.rules.weights import HALF_LIFE_DAYS, WEIGHTS, WINDOW_DAYS

CONTACT = timedelta(days=365)
"""Figures are of persons who were in contact within a year before the moment they are of."""
HORIZON = timedelta(days=90)
"""Leaving is looked for within so many days."""
LANDMARKS = 4
ROWS_MAX = 60_000
"""So many persons who stayed are drawn at most (by lot, the same each night); they then count for the others."""
LOTS = 100_000

_HEAD = """
with weight as (
    select * from unnest(%(kinds)s::text[], %(free)s::float8[], %(each)s::float8[], %(most)s::float8[])
        as w(kind, free, each, most)
), moment as (
    select at from unnest(%(moments)s::timestamptz[]) as m(at)
), mark as (
    select coalesce(p.root_id, p.id) as person, m.process, m.at,
           least(w.most, w.each * greatest(m.measure - w.free, 0)) as points
    from friction_mark m join weight w using (kind) join people_person p on p.id = m.person_id
    where m.at > (select min(at) from moment) - make_interval(days => %(window)s)
), gone as (
    select coalesce(p.root_id, p.id) as person, l.at, l.returned_at, l.reason = any(%(no_leaving)s) as otherwise
    from friction_leaving l join people_person p on p.id = l.person_id
    where l.returned_at is null or l.returned_at > l.at
), absent as (
    select distinct g.person, t.at from gone g join moment t
        on g.at <= t.at and (g.returned_at is null or g.returned_at > t.at)
), leaving as (
    select g.person, t.at, bool_and(g.otherwise) as otherwise from gone g join moment t
        on g.at > t.at and g.at <= t.at + %(horizon)s
    group by 1, 2
), lived as (
    select m.person, t.at, m.process,
           sum(m.points * power(0.5::float8, extract(epoch from t.at - m.at)::float8 / 86400 / %(half)s)) as points,
           max(m.at) as last_at
    from moment t join mark m on m.at <= t.at and m.at > t.at - make_interval(days => %(window)s)
    group by 1, 2, 3
), indexed as (
    select l.person, l.at, sum(l.points) as points, max(l.last_at) > l.at - %(contact)s as met,
           jsonb_object_agg(l.process, l.points)::text as parts
    from lived l where not exists (select 1 from absent a where a.person = l.person and a.at = l.at)
    group by 1, 2
)
"""

_SAMPLE = (
    _HEAD
    + """
select i.person, i.at, i.points, i.parts, coalesce(not e.otherwise, false) as left_us
from indexed i left join leaving e on e.person = i.person and e.at = i.at
where i.met and not coalesce(e.otherwise, false)
  and (e.person is not null or hashint8extended(i.person, 6) & 2147483647 < %(keep)s * 2147483648.0)
order by i.person, i.at
"""
)

_STANDING = (
    _HEAD
    + """
select i.at, p.site_id, p.uuid, i.points, i.parts from indexed i join people_person p on p.id = i.person where i.met
order by i.at, i.person
"""
)

_LIVED = """
with weight as (
    select * from unnest(%(kinds)s::text[], %(free)s::float8[], %(each)s::float8[], %(most)s::float8[])
        as w(kind, free, each, most)
)
select r.uuid, sum(least(w.most, w.each * greatest(m.measure - w.free, 0))),
       exists (select 1 from friction_leaving l join people_person o on o.id = l.person_id
               where coalesce(o.root_id, o.id) = r.id and l.at >= %(since)s and l.at < %(until)s
                 and l.reason <> all(%(no_leaving)s) and (l.returned_at is null or l.returned_at > l.at))
from friction_mark m join weight w using (kind) join people_person p on p.id = m.person_id
join people_person r on r.id = coalesce(p.root_id, p.id)
where m.process = %(process)s and m.at >= %(since)s and m.at < %(until)s
group by r.id, r.uuid order by r.id
"""


def sample(moments: Sequence[datetime], *, keep: float = 1.0) -> list[tuple[int, datetime, float, str, bool]]:
    """Of each person and moment: the person's number, the moment, her index then, its parts by process (JSON), and
    whether she left within the horizon. Those who stayed: the share `keep` of them, by lot. One query.
    """
    return quick_rows(_SAMPLE, _parameters(moments) | {"keep": keep})


def standing(moments: Sequence[datetime]) -> list[tuple[datetime, Any, Any, float, str]]:
    """Of each person in contact and moment: the moment, her home place, her public id, index and parts. One query."""
    return quick_rows(_STANDING, _parameters(moments))


def lived(process: str, since: datetime, until: datetime) -> list[tuple[Any, float, bool]]:
    """Of each person whom a process touched from `since` to before `until`: her public id, the points (not faded) that
    it cost her, whether she left in that time. One query.
    """
    return quick_rows(_LIVED, _parameters([]) | {"process": process, "since": since, "until": until})


def _parameters(moments: Sequence[datetime]) -> dict[str, Any]:
    return {
        "kinds": list(WEIGHTS),
        "free": [one.free for one in WEIGHTS.values()],
        "each": [one.each for one in WEIGHTS.values()],
        "most": [one.most for one in WEIGHTS.values()],
        "moments": list(moments),
        "window": int(WINDOW_DAYS),
        "half": HALF_LIFE_DAYS,
        "horizon": HORIZON,
        "contact": CONTACT,
        "no_leaving": list(NOT_LEAVING),
    }
