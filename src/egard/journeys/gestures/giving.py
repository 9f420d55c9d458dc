"""What happens when something is given: the client's side of it, and how she hears of it; and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation

from egard.base.calendars import Calendar, Span, due
from egard.base.money import Money
from egard.journeys.gestures import accounts, refunds
from egard.journeys.gestures.asking import Asked
from egard.journeys.gestures.facts import Amount, GestureAsked, GestureGranted, GestureReversed, Given
from egard.journeys.gestures.models import Gesture, Voucher
from egard.journeys.gestures.refusals import UsedAlready
from egard.journeys.gestures.rules import codes
from egard.kernel.ledger import operations as ledger
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import LotUse, Transfer
from egard.kernel.ledger.refusals import Insufficient
from egard.kernel.messages import texts
from egard.kernel.messages.notices import address_of
from egard.kernel.messages.operations import send
from egard.kernel.payments import wallet
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.operations import record

DELIVER = "gestures.deliver"
GIVEN_MESSAGE = "gestures.given"
ALWAYS = Calendar.always(settings.TIME_ZONE)


def give(asked: Asked, rows: Sequence[Gesture], *, now: datetime) -> None:
    """Credit, make the voucher, promise what is not there at once; then the timeline, and a message to the client."""
    drafts: list[Draft] = []
    vouchers: dict[int, Voucher] = {}
    for row in rows:
        kind = asked.catalogue.kinds[row.kind]
        row.ends_at = due(now, Span.parse(kind.valid), ALWAYS) if kind.valid else None
        if row.form == "voucher":
            vouchers[row.pk] = _voucher(asked, row, kind.channels, now=now)
            drafts.append(_worth(asked, row, accounts.voucher(vouchers[row.pk], by=asked.by, now=now), now=now))
        elif row.form == "credit":
            hers = wallet.account(asked.person, row.currency, by=asked.by, now=now)
            drafts.append(_worth(asked, row, hers, now=now))
        elif kind.promise:
            if row.form == "refund":
                refunds.ask(asked.person, row, by=asked.by, now=now)
            row.promise = promises.promise(
                asked.person, DELIVER, within=kind.promise, subject=f"gesture:{row.uuid}", owner=row.granted_by,
                team=row.team, site=row.site, channel=asked.channel, key=f"gesture:{row.uuid}", by=asked.by, now=now,
            ).uuid  # fmt: skip
        else:
            row.used_at = now
    Gesture.objects.bulk_update(rows, ["ends_at", "used_at", "promise"])
    ledger.transfers(drafts, by=asked.by, now=now)
    _record(asked, rows, now=now)
    _tell(asked, rows, vouchers, now=now)


def _worth(asked: Asked, row: Gesture, credit: Any, *, now: datetime) -> Draft:
    return Draft(
        debit=accounts.cost(row.currency, now=now), credit=credit, amount=row.amount, key=f"{row.uuid}:worth",
        source=accounts.SOURCE, subject=f"gesture:{row.uuid}", lot_expires_at=row.ends_at if credit.lots else None,
    )  # fmt: skip


def _voucher(asked: Asked, row: Gesture, channels: Sequence[str], *, now: datetime) -> Voucher:
    assert row.ends_at is not None
    return Voucher.objects.create(
        code=codes.new_code(), gesture=row, person=asked.person, amount=row.amount, currency=row.currency,
        channels=list(channels), made_at=now, expires_at=row.ends_at,
    )  # fmt: skip


def named(asked: Asked, rows: Sequence[Gesture]) -> list[Given]:
    """What is given, as facts tell it."""
    told = []
    for row in rows:
        title = asked.catalogue.kinds[row.kind].title
        told.append(Given(row.uuid, row.kind, title.fr[:200], title.en[:200], Amount(row.amount, row.currency)))
    return told


def asked_fact(asked: Asked, rows: Sequence[Gesture]) -> GestureAsked:
    return GestureAsked(given=named(asked, rows), subject=asked.subject)


def _record(asked: Asked, rows: Sequence[Gesture], *, now: datetime) -> None:
    fact = GestureGranted(
        given=named(asked, rows), subject=asked.subject, repairs=rows[0].repairs, steps=asked.steps
    )  # fmt: skip
    key = f"gesture:{asked.together}"
    record(asked.person, fact, at=now, by=asked.by, channel=asked.channel or "api", key=key, now=now)


def _tell(asked: Asked, rows: Sequence[Gesture], vouchers: dict[int, Voucher], *, now: datetime) -> None:
    """One message for all that was given in one act; none where no address is known (the portal shows it anyway)."""
    address = address_of(asked.person)
    if not address:
        return
    language = texts.language_for(asked.person.language)
    with translation.override(language):
        lines = []
        for row in rows:
            kind = asked.catalogue.kinds[row.kind]
            voucher = vouchers.get(row.pk)
            lines.append(
                {
                    "title": kind.title.said(language),
                    "about": kind.about.said(language),
                    "amount": Money(row.amount, row.currency).words(language) if row.ends_at else "",
                    "code": codes.shown(voucher.code) if voucher else "",
                    "ends_at": row.ends_at,
                }
            )
    fields = {
        "given_name": asked.person.given_name,
        "lines": lines,
        "repairs": rows[0].repairs is not None,
        "url": f"{settings.URL}/me/wallet/" if settings.URL else "",
    }
    send(
        GIVEN_MESSAGE, address, key=f"{GIVEN_MESSAGE}:{asked.together}", fields=fields, person=asked.person,
        by=asked.by, now=now,
    )  # fmt: skip


# --- taking back ------------------------------------------------------------------------------------------------------


def hold_vouchers(together: UUID) -> None:
    """The vouchers of an act, until the commit."""
    list(Voucher.objects.select_for_update(of=("self",)).filter(gesture__together=together).order_by("pk"))


def take_back(asked: Asked, rows: Sequence[Gesture], *, reason: str, now: datetime) -> None:
    """The client's side of an act, undone, as long as nothing of it was used. Raises `UsedAlready`."""
    for row in rows:
        if row.form == "refund" and refunds.is_asked(row):
            raise UsedAlready
        if row.promise is not None:
            _release(row, reason, asked, now=now)
        if row.form not in ("credit", "voucher"):
            continue
        if row.form == "voucher":
            _revoke(row, reason, asked, now=now)
        moved = Transfer.objects.filter(source=accounts.SOURCE, key=f"{row.uuid}:worth")[0]
        try:
            back = ledger.reverse(
                moved, reason=reason, key=f"{row.uuid}:worth:back", source=accounts.SOURCE, by=asked.by, now=now
            )
        except Insufficient as spent:
            raise UsedAlready from spent
        # Her wallet may hold other credits: what she used or let end of this one is not made up from them.
        if LotUse.objects.filter(transfer=back).exclude(lot__transfer=moved).exists():
            raise UsedAlready
    fact = GestureReversed(given=named(asked, rows))
    record(
        asked.person, fact, at=now, by=asked.by, channel=asked.channel or "api", key=f"gesture:{asked.together}:back",
        now=now,
    )  # fmt: skip


def _release(row: Gesture, reason: str, asked: Asked, *, now: datetime) -> None:
    held = Promise.objects.filter(uuid=row.promise)[0]
    if held.kept_at is not None:
        raise UsedAlready
    if held.ended_at is None:
        promises.release(held, reason=reason, by=asked.by, now=now)


def _revoke(row: Gesture, reason: str, asked: Asked, *, now: datetime) -> None:
    voucher = Voucher.objects.select_for_update().filter(gesture=row)[0]
    if voucher.ended_at is not None or voucher.redemptions.filter(undone_at=None).exists():
        raise UsedAlready
    voucher.ended_at, voucher.ended_as, voucher.ended_by, voucher.ended_why = now, "revoked", str(asked.by), reason
    voucher.save(update_fields=["ended_at", "ended_as", "ended_by", "ended_why"])


def heard(promise: Any, event: Any) -> None:
    """What becomes of what was promised: once it is kept, the client has the use of it."""
    if promise.kind == DELIVER and event.what == "kept":
        Gesture.objects.filter(promise=promise.uuid, used_at=None).update(used_at=event.at)
