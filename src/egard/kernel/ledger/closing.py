"""Closing the books: from then on nothing is dated before a moment; and the sums with which the next period begins."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change
from egard.kernel.ledger import refusals
from egard.kernel.ledger.models import Closing

NOTE_MAX = 500
_SUM = """
with last as (select id, until from ledger_closing where until < %(until)s and summed_at is not null
  order by until desc limit 1),
rows as (
  select account_id, debits, credits from ledger_closing_sum where closing_id = (select id from last)
  union all select debit_id, amount, 0 from ledger_transfer where phase in ('posted', 'post')
    and at >= coalesce((select until from last), '-infinity') and at < %(until)s
  union all select credit_id, 0, amount from ledger_transfer where phase in ('posted', 'post')
    and at >= coalesce((select until from last), '-infinity') and at < %(until)s)
insert into ledger_closing_sum (account_id, closing_id, debits, credits)
select account_id, %(closing)s, sum(debits), sum(credits) from rows group by account_id
"""


def close_period(*, until: datetime, note: str = "", by: Actor, now: datetime) -> Closing:
    """Close the books before `until`: entries dated there are refused from now on, whoever makes them.

    Writers wait for a moment, while the closing is written; the sums are added up after that, beside their work.
    Raises `BadClosing` (not past, or not after the last one).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Whoever writes has it: we come after him, and he who comes after us finds the closing.
            cursor.execute("lock table ledger_transfer in share row exclusive mode")
        last = Closing.objects.order_by("-until").first()
        if until > now or (last is not None and until <= last.until):
            raise refusals.BadClosing(fields={"until": str(refusals.BadClosing.message)})
        made = Closing.objects.create(until=until, closed_at=now, by=str(by), note=note[:NOTE_MAX])
        log_change("ledger.closed", by=by, now=now, subject=f"{until:%Y-%m-%d}")
    add_up(now=now)
    made.refresh_from_db()
    return made


@transaction.atomic
def add_up(*, now: datetime) -> int:
    """Write the sums of closings that have none yet (their process may have died); how many. Twice changes nothing."""
    waiting = list(Closing.objects.filter(summed_at=None).order_by("until").select_for_update())
    for closing in waiting:
        with connection.cursor() as cursor:
            cursor.execute(_SUM, {"until": closing.until, "closing": closing.pk})
        Closing.objects.filter(pk=closing.pk).update(summed_at=now)
    return len(waiting)


def finish(*, now: datetime) -> None:
    """A job: whoever closed the books may have died before their sums were written."""
    add_up(now=now)
