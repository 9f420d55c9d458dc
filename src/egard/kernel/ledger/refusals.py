"""What the ledger refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal


class UnknownUnit(Refusal):
    """Neither a currency of ISO 4217 nor a unit that a journey declares."""

    code = "ledger.unknown_unit"
    message = _("“{unit}” is no currency and no unit here. Use an ISO code such as EUR, or one of: {known}.")


class BadAccount(Refusal):
    """The code, the kind or the limits of an account cannot be so; the fields say which."""

    code = "ledger.bad_account"
    message = _("This account cannot be opened: {why}.")


class AccountDiffers(Conflict):
    """An account of this code and unit is there already, of another kind or with other limits."""

    code = "ledger.account_differs"
    message = _("The account {code} in {unit} is there already, and is not the same. Use another code.")


class BadAmount(Refusal):
    """An amount is a whole number of the unit's smallest piece, above zero."""

    code = "ledger.bad_amount"
    message = _("An amount is a whole number from 1 to {most}, in the smallest piece of the unit (cents for euros).")


class OtherUnit(Refusal):
    """Both accounts of a transfer count the same."""

    code = "ledger.other_unit"
    message = _("{debit} and {credit} cannot be moved between: both accounts must have the same unit.")


class SameAccount(Refusal):
    """A transfer goes from one account to another."""

    code = "ledger.same_account"
    message = _("A transfer needs two accounts: this is one and the same.")


class BadTransfer(Refusal):
    """A key, a subject or a reason is too long or missing, or the moments do not fit; the fields say which."""

    code = "ledger.bad_transfer"
    message = _("This transfer cannot be made: {why}.")


class Insufficient(Conflict):
    """The account does not hold so much, once what is held back is left aside."""

    code = "ledger.insufficient"
    message = _("There is not enough: {available} of the {amount} asked for is available on {account}.")


class OverCeiling(Conflict):
    """The account would hold more than it may, once what is announced has come."""

    code = "ledger.over_ceiling"
    message = _("That is too much for {account}, which may hold {ceiling}: there is room for {room}.")


class KeyReused(Conflict):
    """The key names another transfer; a second transfer is another key."""

    code = "ledger.key_reused"
    message = _("The key “{key}” already names another transfer. Use a new key for a new transfer.")


class NotPending(Conflict):
    """Only a pending transfer is posted or voided; this one was posted at once."""

    code = "ledger.not_pending"
    message = _("This transfer was not pending: to take it back, reverse it.")


class Resolved(Conflict):
    """A pending transfer is posted, voided or expired once."""

    code = "ledger.resolved"
    message = _("This transfer is pending no longer: it was posted, voided, or it expired.")


class Expired(Conflict):
    """The moment until which the transfer was pending has passed."""

    code = "ledger.expired"
    message = _("This transfer was pending until {moment}, and can no longer be posted. Make a new one.")


class StillPending(Conflict):
    """Nothing has moved yet: void it instead."""

    code = "ledger.still_pending"
    message = _("This transfer is still pending: void it, there is nothing to reverse.")


class NotReversible(Conflict):
    """A reversal, an expiry or a voided transfer is not reversed; make a new transfer."""

    code = "ledger.not_reversible"
    message = _("This cannot be reversed. Make a new transfer the other way.")


class ReversedAlready(Conflict):
    """Reversals together give back what was moved, and no more."""

    code = "ledger.reversed_already"
    message = _("{left} of this transfer is left to be reversed, and no more.")


class NotInLots(Refusal):
    """Only an account that is kept in lots can hold what expires."""

    code = "ledger.not_in_lots"
    message = _("{account} is not kept in lots: what it holds cannot expire.")


class PeriodClosed(Conflict):
    """The books are closed for that date; a correction is dated in the open period."""

    code = "ledger.period_closed"
    message = _("The books are closed until {until}. Date the entry after that, with a word on what it corrects.")


class BadClosing(Refusal):
    """Books are closed for the past, after the last closing."""

    code = "ledger.bad_closing"
    message = _("Books are closed up to a day that has passed, later than the last closing.")
