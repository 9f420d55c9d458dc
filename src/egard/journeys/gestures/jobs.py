"""What is done by the clock: ending vouchers in time, and telling clients before something of theirs ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from egard.base.money import Money
from egard.journeys.gestures import accounts, catalogues, vouchers
from egard.journeys.gestures.models import Gesture
from egard.journeys.gestures.rules import codes
from egard.kernel.access.queries import system_viewer
from egard.kernel.ledger import queries as ledger
from egard.kernel.ledger.models import Account
from egard.kernel.messages import texts
from egard.kernel.messages.notices import address_of
from egard.kernel.messages.operations import send

ENDS_MESSAGE = "gestures.ends_soon"
BEFORE = timedelta(days=14)
"""So long before its end the client is told of what she has not used."""


def end_vouchers(*, now: datetime) -> None:
    """A job, each hour: vouchers past their time are ended, and what is left of them is no longer owed."""
    while vouchers.sweep(system_viewer("gestures"), now=now):
        pass  # some at a time, until all are


def warn_of_ends(*, now: datetime) -> None:
    """A job, each morning: whoever has a credit or a voucher that ends within two weeks hears of it, once."""
    soon = Gesture.objects.filter(
        ends_at__gt=now, ends_at__lte=now + BEFORE, warned_at=None, state="granted"
    ).values_list("pk", flat=True)  # fmt: skip
    for pk in list(soon.order_by("ends_at")):  # all of them: who is left to tomorrow may be told too late
        with transaction.atomic():
            held = Gesture.objects.select_for_update(of=("self",), skip_locked=True)
            row = held.select_related("person__root", "catalogue", "voucher").filter(pk=pk, warned_at=None).first()
            if row is not None:
                Gesture.objects.filter(pk=pk).update(warned_at=now)
                _warn(row, now=now)


def _warn(row: Gesture, *, now: datetime) -> None:
    person = row.person.root or row.person
    address, left = address_of(person), _left(row, now)
    if not address or not left or person.erased_at is not None:
        return
    language = texts.language_for(person.language)
    voucher = row.voucher if row.form == "voucher" else None
    kind = catalogues.of(row.catalogue_id, row.catalogue.version).kinds[row.kind]
    with translation.override(language):
        fields: dict[str, Any] = {
            "given_name": person.given_name,
            "title": kind.title.said(language),
            "left": Money(left, row.currency).words(language),
            "ends_at": row.ends_at,
            "code": codes.shown(voucher.code) if voucher else "",
            "url": f"{settings.URL}/me/wallet/" if settings.URL else "",
        }
    send(
        ENDS_MESSAGE, address, key=f"{ENDS_MESSAGE}:{row.uuid}", fields=fields, person=person, expires_at=row.ends_at,
        by=accounts.BY, now=now,
    )  # fmt: skip


def _left(row: Gesture, now: datetime) -> int:
    """What is left of it: of a voucher by its account, of a credit by the lots of her wallet that end just then."""
    code = row.voucher.account if row.form == "voucher" else f"wallet:{row.person.uuid}"
    account = Account.objects.filter(code=code, unit=row.currency).first()
    if account is None:
        return 0
    if row.form == "voucher":
        return ledger.balance(account, now=now).available
    return sum(lot.remaining - lot.reserved for lot in ledger.lots(account, now) if lot.expires_at == row.ends_at)
