"""Counting orders, looking for repeat claimants, and having looked at one. Nobody is refused anything here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from egard.base.copytext import number_array, text_array
from egard.base.quickread import quick_rows
from egard.journeys.gestures.claimants import rules
from egard.journeys.gestures.claimants.models import Claimant
from egard.kernel.access.actors import Viewer
from egard.kernel.access.live import tell
from egard.kernel.people import queries as people
from egard.kernel.registry import Done
from egard.kernel.timeline.reactions import LoggedFact

ORDERED = "purchases.made/1"
LOOK = "gestures.look_at_claimants"
WITHIN = timedelta(days=365)
"""Claims and orders of a year are compared."""

_KEEP = """
insert into gestures_orders (person_id, month, orders)
select * from unnest(%s::bigint[], %s::date[], %s::int[])
on conflict (person_id, month) do update set orders = gestures_orders.orders + excluded.orders
"""

# Of each client (all her records as one): her claims, where what was given in one act or for one case is one claim, and
# her orders. Whoever claims without an order that we know of is counted as having made one.
_COUNTED = """
with claims as (
    select coalesce(p.root_id, p.id) as person,
           count(distinct case when g.subject = '' then g.together::text else g.subject end)::int as n
    from gestures_gesture g join people_person p on p.id = g.person_id
    where g.recorded_at >= %(since)s and g.state <> 'reversed' group by 1
), orders as (
    select coalesce(p.root_id, p.id) as person, sum(o.orders)::int as n
    from gestures_orders o join people_person p on p.id = o.person_id
    where o.month >= date_trunc('month', %(since)s at time zone 'UTC')::date group by 1
), both_ as (
    select person, coalesce(c.n, 0) as claims, greatest(coalesce(o.n, 0), 1) as orders
    from claims c full join orders o using (person)
)
"""
_PAIRS = f"{_COUNTED} select claims, orders, count(*)::int from both_ group by 1, 2"
_WHO = f"""{_COUNTED}
select b.person, b.claims, b.orders from both_ b
join unnest(%(claims)s::int[], %(orders)s::int[]) as named (claims, orders) using (claims, orders)
join people_person p on p.id = b.person and p.erased_at is null
"""


def keep_orders(facts: list[LoggedFact]) -> None:
    """The reaction: one more order of a person in a month. A correction is no order of its own."""
    held = Counter((f.person_id, f"{f.at:%Y-%m}-01") for f in facts if f.person_id and not f.corrects)
    if not held:
        return
    places = sorted(held)  # in one order for all
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                number_array(person for person, _month in places),
                text_array([month for _person, month in places]),
                number_array(held[place] for place in places),
            ],
        )


def look_at_all(*, now: datetime) -> None:
    """Fit the model to all clients, and keep who stands out. Who was looked at comes back only once she claims more."""
    since = {"since": now - WITHIN}
    counts = Counter({(claims, orders): n for claims, orders, n in quick_rows(_PAIRS, since)})
    model, named = rules.outstanding(counts)
    pairs = {"claims": number_array(c for c, _o in named), "orders": number_array(o for _c, o in named)}
    found = quick_rows(_WHO, {**since, **pairs}) if named and model else []
    with transaction.atomic():
        held = {row.person_id: row for row in Claimant.objects.select_for_update().order_by("pk")}
        for person, claims, orders in found:
            told = {
                "claims": claims, "orders": orders, "usual": model.mean, "expected": model.expected(claims, orders),
                "p_value": model.p_value(claims, orders), "found_at": now,
            }  # fmt: skip
            row = held.pop(person, None)
            if row is None:
                Claimant.objects.create(person_id=person, **told)
                continue
            if row.looked_claims is not None and claims > row.looked_claims:
                told["looked_at"] = None
            Claimant.objects.filter(pk=row.pk).update(**told)
        # Who was looked at is kept: the look stands, also where she stands out no more.
        Claimant.objects.filter(pk__in=[row.pk for row in held.values() if row.looked_at is None]).delete()
    tell("claimants")


def looked(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Somebody looked at these clients: they leave the list. Nothing else follows from it."""
    with transaction.atomic():
        rows = list(_open(viewer, ids).select_for_update(of=("self",)))
        for row in rows:
            row.looked_at, row.looked_by, row.looked_claims = now, str(viewer.actor), row.claims
        Claimant.objects.bulk_update(rows, ("looked_at", "looked_by", "looked_claims"))
    said = ngettext("Looked at.", "%(n)s clients looked at.", len(rows)) % {"n": len(rows)} if rows else _("Nothing.")
    return Done(said, {str(row.pk): now.isoformat() for row in rows})


def look_again(viewer: Viewer, former: Mapping[str, Any], *, now: datetime) -> Collection[str]:
    """They wait again."""
    seen = people.visible(viewer, LOOK)
    mine = Claimant.objects.filter(pk__in=[int(one) for one in former], looked_by=str(viewer.actor), person__in=seen)
    back = [str(pk) for pk in mine.values_list("pk", flat=True)]
    Claimant.objects.filter(pk__in=back).update(looked_at=None, looked_by="", looked_claims=None)
    return back


def _open(viewer: Viewer, ids: Sequence[str]) -> Any:
    wanted = [int(one) for one in ids if one.isdecimal() and len(one) < 19]
    seen = people.visible(viewer, LOOK)
    return Claimant.objects.filter(pk__in=wanted, looked_at=None, person__in=seen).order_by("pk")
