"""Vouchers: looked at, used whole or in parts, a use undone, revoked, ended in time. What is left stands in the ledger,
so that one voucher used from many places at once is used once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from egard.base.money import Money, exponent
from egard.base.quickread import quick_run
from egard.journeys.gestures import accounts, asking, queries
from egard.journeys.gestures.facts import Amount, VoucherEnded, VoucherRedeemed
from egard.journeys.gestures.models import Gesture, Redemption, Voucher
from egard.journeys.gestures.refusals import (
    BadText,
    KeyReused,
    NoAmount,
    NotEnough,
    NotYoursToUndo,
    UnknownVoucher,
    VoucherElsewhere,
    WrongCurrency,
)
from egard.journeys.gestures.refusals import VoucherEnded as Ended
from egard.journeys.gestures.rules import codes
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import Site
from egard.kernel.access.operations import log_change
from egard.kernel.ledger import operations as ledger
from egard.kernel.ledger.models import Transfer
from egard.kernel.ledger.queries import balance
from egard.kernel.ledger.refusals import Insufficient
from egard.kernel.people.live import tell_facts
from egard.kernel.timeline.operations import record

REDEEM, REVOKE = "gestures.redeem", "gestures.approve"
SWEPT_MAX = 500
UNDONE = "undone by whoever used it"
OWN_UNDO = timedelta(minutes=15)
"""For so long whoever used a voucher undoes it alone; afterwards, and for others, who may agree to gestures."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A voucher as the till sees it. `state`: usable, used, expired, revoked."""

    code: str
    uuid: UUID
    amount: Money
    left: Money
    channels: tuple[str, ...]
    expires_at: datetime
    state: str

    @property
    def is_usable(self) -> bool:
        return self.state == "usable"


_CHECK = b"""
select v.uuid, v.amount, v.currency, v.channels, v.expires_at, v.ended_as,
       coalesce((select s.credits_posted - s.debits_posted - s.debits_pending from ledger_account a
                 join ledger_sum s on s.account_id = a.id
                 where a.code = 'voucher:' || v.uuid and a.unit = v.currency), 0)
from gestures_voucher v where v.code = %s
"""
_CODE = b"select code from gestures_voucher where uuid = %s"
"""By hand: tills ask it a thousand times a second."""


def check(viewer: Viewer, typed: str, *, now: datetime) -> Checked:
    """What a voucher is worth and what is left of it: one question. Raises `NotAllowed`, `UnknownVoucher`."""
    viewer.require(REDEEM)
    code = codes.read_code(typed)
    rows = quick_run(_CHECK, [code]) if code else []
    if not code or not rows:
        raise UnknownVoucher(fields={"code": str(UnknownVoucher.title)})
    uuid, amount, currency, channels, expires_at, ended, left = rows[0]
    state = ended or ("usable" if expires_at > now else "expired")
    return Checked(code, uuid, Money(amount, currency), Money(left, currency), tuple(channels), expires_at, state)


def named(viewer: Viewer, name: str, *, now: datetime) -> Checked:
    """The same by its public id too, for what does not spend it. Raises `NotAllowed`, `UnknownVoucher`."""
    viewer.require(REDEEM)
    try:
        rows = quick_run(_CODE, [UUID(name)])
    except ValueError:
        return check(viewer, name, now=now)
    return check(viewer, rows[0][0] if rows else "", now=now)


def of_act(viewer: Viewer, rows: Sequence[Gesture], *, now: datetime) -> list[Checked]:
    """The vouchers that an act gave; for whoever sees the act and takes vouchers."""
    held = [row.voucher for row in rows if row.form == "voucher" and hasattr(row, "voucher")]
    return [check(viewer, one.code, now=now) for one in held] if viewer.can(REDEEM) else []


@transaction.atomic
def redeem(
    viewer: Viewer,
    typed: str,
    amount: int | Money | None = None,
    *,
    channel: str,
    site: Site | None = None,
    reference: str = "",
    key: str,
    now: datetime,
) -> Redemption:
    """Use a voucher: all that is left of it, or `amount`. The same key uses it once.

    Raises `NotAllowed`, `UnknownVoucher`, `VoucherEnded`, `VoucherElsewhere`, `NotEnough`, `NoAmount`,
    `WrongCurrency`, `BadText`, `KeyReused`.
    """
    viewer.require(REDEEM)
    if len(reference) > 100 or "\x00" in reference:
        raise BadText(most=100, fields={"reference": str(BadText.message).format(most=100)})
    asking.check_texts(key=key, channel=channel)
    asking.hold(f"voucher {key}")
    row = _held(typed)
    wanted = _wanted(row, amount)
    if stored := Redemption.objects.filter(key=key).first():
        if stored.voucher_id != row.pk or (wanted is not None and wanted != stored.amount):
            raise KeyReused(key=key)
        return stored
    _check_usable(row, channel, now)
    account = accounts.voucher(row, by=viewer.actor, now=now)
    left = balance(account, now=now).available
    use = left if wanted is None else wanted
    if use > left or not use:
        raise NotEnough(left=_words(left, row.currency), fields={"amount": str(NotEnough.title)})
    try:
        moved = ledger.transfer(
            debit=account, credit=accounts.redeemed(row.currency, now=now), amount=use, key=f"redeem:{key}"[:200],
            source=accounts.SOURCE, subject=f"voucher:{row.uuid}", by=viewer.actor, now=now,
        )  # fmt: skip
    except Insufficient as spent:
        raise NotEnough(left=_words(0, row.currency)) from spent
    made = Redemption.objects.create(
        voucher=row, amount=use, at=now, channel=channel, site=site, reference=reference, by=str(viewer.actor), key=key,
        transfer=moved.uuid,
    )  # fmt: skip
    if use == left:
        _end(row, "used", viewer, "", now)
    if row.gesture_id:
        Gesture.objects.filter(pk=row.gesture_id, used_at=None).update(used_at=now)
    _record_use(viewer, row, made, left - use, site, now=now)
    return made


def _record_use(viewer: Viewer, row: Voucher, made: Redemption, left: int, site: Site | None, *, now: datetime) -> None:
    if row.person is None or row.person.erased_at:
        return
    fact = VoucherRedeemed(
        voucher=row.uuid, amount=Amount(made.amount, row.currency), left=Amount(left, row.currency),
        site=site.code if site else "", reference=made.reference,
    )  # fmt: skip
    record(
        row.person, fact, at=now, by=viewer.actor, channel=made.channel or "api", key=f"redemption:{made.uuid}", now=now
    )


@transaction.atomic
def undo(viewer: Viewer, redemption: UUID, *, reason: str, now: datetime) -> Redemption:
    """A use that was a mistake: the amount is on the voucher again, while it lasts. Twice changes nothing. By whoever
    used it, within a quarter of an hour; else by who may agree to gestures, with a reason.

    Raises `NotAllowed`, `UnknownVoucher`, `NotYoursToUndo`, `BadText`, `VoucherEnded`.
    """
    viewer.require(REDEEM)
    made = Redemption.objects.select_for_update(of=("self",)).select_related("voucher__person").filter(uuid=redemption)
    row = made.first()
    if row is None:
        raise UnknownVoucher
    if row.undone_at is not None:
        return row
    own = row.by == str(viewer.actor) and now - row.at < OWN_UNDO
    if not own and not (viewer.can(REVOKE) and _is_within(viewer, row.voucher)):
        raise NotYoursToUndo(minutes=OWN_UNDO // timedelta(minutes=1))
    asking.check_texts(reason=reason, needed=not own)
    held = Voucher.objects.select_for_update(of=("self",)).get(pk=row.voucher_id)
    if held.ended_as in ("expired", "revoked"):
        raise Ended(why=_why(held, now))
    ledger.reverse(
        Transfer.objects.get(uuid=row.transfer), reason=reason.strip() or UNDONE, key=f"redeem:{row.key}:back"[:200],
        source=accounts.SOURCE, by=viewer.actor, now=now,
    )  # fmt: skip
    row.undone_at, row.undone_by, row.undone_why = now, str(viewer.actor), reason.strip()
    row.save(update_fields=["undone_at", "undone_by", "undone_why"])
    log_change(
        "gestures.redemption_undone", by=viewer.actor, now=now, subject=str(row.uuid), used_by=row.by,
        amount=row.amount, currency=held.currency, own=own,
    )  # fmt: skip
    Voucher.objects.filter(pk=held.pk, ended_as="used").update(ended_at=None, ended_as="", ended_by="", ended_why="")
    if row.voucher.person is not None:
        tell_facts(row.voucher.person)
    return row


def use_of(viewer: Viewer, redemption: UUID | None) -> Redemption | None:
    """A use of hers that holds, by its id; None where it is none of hers. Raises `NotAllowed`."""
    viewer.require(REDEEM)
    if redemption is None:
        return None
    found = Redemption.objects.filter(uuid=redemption, by=str(viewer.actor), undone_at=None)
    return found.select_related("voucher").first()


def require_of(viewer: Viewer, name: str, redemption: UUID, *, now: datetime) -> None:
    """That a use is one of this voucher's. Raises `NotAllowed`, `UnknownVoucher`."""
    held = named(viewer, name, now=now)
    if not Redemption.objects.filter(uuid=redemption, voucher__uuid=held.uuid).exists():
        raise UnknownVoucher


@transaction.atomic
def revoke(viewer: Viewer, voucher: UUID, *, reason: str, now: datetime) -> Voucher:
    """It can no longer be used (stolen, or made by mistake); what was used of it stays so. Twice changes nothing. One
    of another team's gesture is unknown to whoever sees her own team alone.

    Raises `NotAllowed`, `UnknownVoucher`, `BadText`.
    """
    viewer.require(REVOKE)
    asking.check_texts(reason=reason, needed=True)
    row = Voucher.objects.select_for_update(of=("self",)).select_related("person").filter(uuid=voucher).first()
    if row is None or not _is_within(viewer, row):
        raise UnknownVoucher
    if row.ended_at is None:
        _lapse(viewer, row, "revoked", reason.strip(), now=now)
    return row


def _is_within(viewer: Viewer, row: Voucher) -> bool:
    """Whether she may agree to the gesture that this voucher is; one of no gesture is the house's."""
    if row.gesture_id is None:
        return viewer.require(REVOKE) == "all"
    return queries.visible(viewer, REVOKE).filter(pk=row.gesture_id).exists()


def sweep(viewer: Viewer, *, now: datetime) -> int:
    """End what is past its time, some at a time; how many. What is left of each goes back to the house."""
    over = (
        Voucher.objects.filter(ended_at=None, expires_at__lte=now).order_by("expires_at").values_list("pk", flat=True)
    )
    ended = 0
    for pk in list(over[:SWEPT_MAX]):
        with transaction.atomic():
            held = Voucher.objects.select_for_update(of=("self",), skip_locked=True).select_related("person")
            row = held.filter(pk=pk, ended_at=None).first()
            if row is not None:
                _lapse(viewer, row, "expired", "", now=now)
                ended += 1
    return ended


def _lapse(viewer: Viewer, row: Voucher, how: str, why: str, *, now: datetime) -> None:
    account = accounts.voucher(row, by=viewer.actor, now=now)
    left = balance(account, now=now).available
    if left:
        ledger.transfer(
            debit=account, credit=accounts.lapsed(row.currency, now=now), amount=left, key=f"{row.uuid}:end",
            source=accounts.SOURCE, subject=f"voucher:{row.uuid}", reason=why, by=viewer.actor, now=now,
        )  # fmt: skip
    _end(row, how, viewer, why, now)
    if row.person is not None and not row.person.erased_at:
        fact = VoucherEnded(row.uuid, Amount(left, row.currency), revoked=how == "revoked")
        at = row.expires_at if how == "expired" else now
        record(row.person, fact, at=at, by=viewer.actor, channel="", key=f"voucher:{row.uuid}:end", now=now)


def _end(row: Voucher, how: str, viewer: Viewer, why: str, now: datetime) -> None:
    row.ended_at, row.ended_as, row.ended_by, row.ended_why = now, how, str(viewer.actor), why
    row.save(update_fields=["ended_at", "ended_as", "ended_by", "ended_why"])


def _held(typed: str) -> Voucher:
    code = codes.read_code(typed)
    found = Voucher.objects.select_for_update(of=("self",)).select_related("person").filter(code=code or "").first()
    if found is None:
        raise UnknownVoucher(fields={"code": str(UnknownVoucher.title)})
    return found


def _wanted(row: Voucher, amount: int | Money | None) -> int | None:
    if isinstance(amount, Money):
        if amount.currency != row.currency:
            raise WrongCurrency(currency=row.currency, given=amount.currency[:16])
        amount = amount.amount
    if amount is not None and (type(amount) is not int or amount <= 0):
        raise NoAmount(decimals=exponent(row.currency), fields={"amount": str(NoAmount.title)})
    return amount


def _check_usable(row: Voucher, channel: str, now: datetime) -> None:
    if row.ended_at is not None or row.expires_at <= now:
        raise Ended(why=_why(row, now))
    if row.channels and channel and channel not in row.channels:
        raise VoucherElsewhere(channels=", ".join(channel_words().get(one, one) for one in row.channels))


def _why(row: Voucher, now: datetime) -> str:
    told: dict[str, Any] = {
        "used": _("It was used up on %(at)s."), "revoked": _("It was revoked on %(at)s."),
        "expired": _("It ended on %(at)s."),
    }  # fmt: skip
    at = row.expires_at if row.ended_as in ("", "expired") else row.ended_at
    assert at is not None
    return told[row.ended_as or "expired"] % {"at": formats.date_format(timezone.localtime(at), "DATE_FORMAT")}


def channel_words() -> dict[str, str]:
    """Where a voucher works, in the reader's language."""
    return {"shop": _("in the shop"), "web": _("on line"), "phone": _("by phone"), "counter": _("at the counter")}


def _words(amount: int, currency: str) -> str:
    return Money(amount, currency).words(get_language() or "en")
