"""What payments refuse, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound, Refusal


class BadAmount(Refusal):
    """An amount is a whole number of minor units above zero, in a currency."""

    code = "payments.bad_amount"
    title = _("Not an amount")
    message = _("An amount is a whole number above zero, in the smallest piece of a currency (cents for euros).")


class OtherCurrency(Refusal):
    """A payment is captured and given back in its own currency."""

    code = "payments.other_currency"
    message = _("This payment is in {currency}; amounts in {given} are another payment.")


class BadInstrument(Refusal):
    """The provider does not know this card; the person enters it again."""

    code = "payments.bad_instrument"
    message = _("The provider does not know this card. Ask the person to enter it again.")


class InstrumentGone(Conflict):
    """The card was removed; another one is needed."""

    code = "payments.instrument_gone"
    message = _("This card was removed. Use another one.")


class OtherPerson(NotFound):
    """The card is another person's, or there is none."""

    code = "payments.unknown_instrument"
    message = _("This person has no such card.")


class Away(Refusal):
    """The provider does not answer; nothing was done yet, and it may be tried again."""

    code = "payments.provider_away"
    status = 503
    title = _("The payment provider does not answer")
    message = _("The payment provider does not answer. Try again in a moment, with the same key.")


class KeyReused(Conflict):
    """The key names another payment, card or command."""

    code = "payments.key_reused"
    message = _("The key “{key}” already names something else. Use a new key for something new.")


class NotAuthorized(Conflict):
    """Only a payment that is authorized and not lapsed can be captured or voided."""

    code = "payments.not_authorized"
    message = _("This payment is not waiting to be captured: it is {state}.")


class TooMuch(Conflict):
    """No more than what was authorized is captured, and no more than what was captured is given back."""

    code = "payments.too_much"
    title = _("That is too much")
    message = _("{left} is left of this payment, and no more.")


class NotPaid(Conflict):
    """Nothing was captured: there is nothing to give back. An authorization is voided instead."""

    code = "payments.not_paid"
    message = _("Nothing of this payment was taken yet: there is nothing to give back. Void it instead.")


class BadText(Refusal):
    """A key, a subject or a reason is missing or too long."""

    code = "payments.bad_text"
    message = _("This needs some words: {name}, 1 to {most} characters.")
