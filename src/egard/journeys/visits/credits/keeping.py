"""Keeping what visits lead to, by the facts of visits and of buying. This journey knows no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models.functions import Coalesce

from egard.journeys.visits.credits.models import Credit, Share
from egard.journeys.visits.models import Visit
from egard.journeys.visits.rules import sharing
from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.reactions import LoggedFact

ENDED, MADE, CANCELLED = "visits.ended/1", "purchases.made/1", "purchases.cancelled/1"
FACTS = (ENDED, MADE, CANCELLED)


def keep(facts: list[LoggedFact]) -> None:
    """A batch in log order: visits that took place are noted, and what they lead to is reckoned anew for each person
    whom the batch concerns. As many statements, however many facts.
    """
    gone = [one.corrects for one in facts if one.corrects]
    if gone:
        Credit.objects.filter(fact__in=gone).delete()
    ended = [one for one in facts if one.kind == ENDED and one.person_id and one.uuid not in gone]
    if ended:
        visits = {
            row.uuid: row
            for row in Visit.objects.filter(uuid__in=[one.data["visit"] for one in ended]).select_related("reason")
        }
        made = [_credit(one, visit) for one in ended if (visit := visits.get(UUID(one.data["visit"])))]
        Credit.objects.bulk_create(made, ignore_conflicts=True)
    reckon({one.person_id for one in facts if one.person_id})


def reckon(persons: Iterable[int]) -> None:
    """Share the sales to some persons among their visits, all rows of each together. Those who never came cost one
    query in all.
    """
    asked = set(persons)
    roots = Person.objects.filter(pk__in=asked).annotate(one=Coalesce("root_id", "id")).values("one")
    known = Credit.objects.annotate(one=Coalesce("person__root_id", "person_id")).filter(one__in=roots)
    if not known.exists():
        return
    # Persons are reckoned by one at a time: by the reaction, or by a merge.
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.visits.credits', 0))")
    credits: dict[int, list[sharing.Credit]] = defaultdict(list)
    for row in known.values("id", "at", "days", "rule", "one"):
        credits[row["one"]].append(sharing.Credit(row["id"], row["at"], row["days"], cast("sharing.Rule", row["rule"])))
    sales = _sales(credits)
    Share.objects.filter(credit__in=[one.id for some in credits.values() for one in some]).delete()
    Share.objects.bulk_create(
        Share(
            credit_id=one.credit, order=one.sale.order, sold_at=one.sale.at, sold_site=one.sale.site,
            amount=one.amount, currency=one.sale.currency,
        )
        for person, some in credits.items()
        for one in sharing.shares(some, sales.get(person, ()))
    )  # fmt: skip


def merged(survivor: Person, absorbed: Person, *, now: datetime) -> None:
    """Whose visits and whose sales are one person's changes with a merge, and with its undoing."""
    del now
    reckon([survivor.pk, absorbed.pk])


# --- inside --------------------------------------------------------------------------------------------------------


def _credit(fact: LoggedFact, visit: Visit) -> Credit:
    return Credit(
        fact=fact.uuid, visit=visit.uuid, person_id=fact.person_id, site_id=visit.site_id, host_id=visit.host_id,
        reason=visit.reason.code, at=visit.started_at or fact.at, days=visit.reason.credit_days,
        rule=visit.reason.credit_rule,
    )  # fmt: skip


def _sales(credits: dict[int, list[sharing.Credit]]) -> dict[int, list[sharing.Sale]]:
    """What was sold to them since their first visit, without what was corrected; one query."""
    since = min(one.at for some in credits.values() for one in some)
    rows = (
        Fact.objects.annotate(one=Coalesce("person__root_id", "person_id"))
        .filter(one__in=list(credits), kind__name__in=("purchases.made", "purchases.cancelled"), at__gte=since)
        .select_related("kind")
        .order_by("at", "id")
    )
    facts = list(rows)
    gone = {row.corrects for row in facts if row.corrects}
    back: dict[tuple[int, str, str], int] = defaultdict(int)
    found: dict[int, dict[tuple[str, str], Any]] = defaultdict(dict)
    for row in facts:
        total = row.data["total"]
        if row.uuid in gone:
            continue
        if row.kind.name == "purchases.cancelled":
            back[row.one, row.data.get("original") or "", total["currency"]] += total["amount"]
        else:
            found[row.one][row.data["order_number"], total["currency"]] = row
    return {
        person: [
            sharing.Sale(
                order, row.at, row.data["total"]["amount"], currency, row.data.get("site") or "",
                back[person, order, currency],
            )
            for (order, currency), row in some.items()
        ]
        for person, some in found.items()
    }  # fmt: skip
