"""A person's own copy of her accounts, and what is redacted of them when she is erased: words go, figures stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import redacting
from egard.kernel.ledger.models import Account, Lot, Transfer
from egard.kernel.ledger.queries import READ, balance
from egard.kernel.people.models import Person


def export(person: Person) -> list[dict[str, Any]]:
    """Her accounts, what each holds, and everything that came and went."""
    return [
        {
            "account": str(account),
            "unit": account.unit,
            "balance": balance(account).posted,
            "lots": list(Lot.objects.filter(account=account, remaining__gt=0).values("remaining", "expires_at")),
            "entries": [
                {
                    "at": row.at,
                    "amount": row.amount if row.credit_id == account.pk else -row.amount,
                    "phase": row.phase,
                    "reason": row.reason,
                }
                for row in Transfer.objects.filter(Q(debit=account) | Q(credit=account)).order_by("id")
            ],
        }
        for account in Account.objects.filter(person=person).order_by("id")
    ]


def counts(viewer: Viewer, person: Person) -> list[tuple[str, int]]:
    """What the preview of a merge shows as coming together."""
    return [(_("Accounts"), Account.objects.filter(person__in=person.members).count())] if viewer.can(READ) else []


def erase(person: Person, *, now: datetime) -> None:
    """The names of her accounts and the words on what moved there go; every amount stays. Twice changes nothing."""
    hers = list(Account.objects.filter(person=person).values_list("pk", flat=True))
    if not hers:
        return
    Account.objects.filter(pk__in=hers).exclude(name="").update(name="")
    with redacting():
        Transfer.objects.filter(Q(debit__in=hers) | Q(credit__in=hers)).exclude(reason="").update(reason="")
