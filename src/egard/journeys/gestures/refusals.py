"""What gestures refuse, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Forbidden, NotFound, Refusal


class UnknownKind(Refusal):
    """The catalogue has nothing of this name; it lists what may be given."""

    code = "gestures.unknown_kind"
    title = _("This is not in the catalogue")
    message = _("“{kind}” is not in the catalogue. What may be given: {known}.")


class BadAmount(Refusal):
    """The amount is not one of those that the catalogue allows for this kind."""

    code = "gestures.bad_amount"
    title = _("This amount cannot be given")
    message = _("Of “{title}” {least} to {most} can be given, in steps of {step}.")


class NoAmount(Refusal):
    """What is given has to have an amount: how much is it?"""

    code = "gestures.no_amount"
    title = _("How much?")
    message = _("Say how much: an amount above zero, with at most {decimals} decimals.")


class WrongCurrency(Refusal):
    """Amounts are in the catalogue’s currency; nothing is converted."""

    code = "gestures.wrong_currency"
    title = _("Another currency")
    message = _("Gestures are given in {currency}, not in {given}.")


class ProofNeeded(Refusal):
    """Above an amount a proof is seen first: look at it, and say that you did."""

    code = "gestures.proof_needed"
    title = _("See a proof first")
    message = _("Above {above}, see a proof first (a photo, a receipt), and say that you saw it.")


class OtherSubject(Refusal):
    """The case is somebody else’s, or none that you may see."""

    code = "gestures.other_subject"
    title = _("This is about somebody else")
    message = _("A gesture is about a case of the same person, or about no case at all.")


class NothingToRepair(Refusal):
    """A gesture makes up for a broken promise to the same person."""

    code = "gestures.nothing_to_repair"
    title = _("No promise to make up for")
    message = _("A gesture makes up for a promise to this person that was broken; this is none.")


class BadText(Refusal):
    """A text or a key is too long, or a reason is missing."""

    code = "gestures.bad_text"
    title = _("A reason in a few words")
    message = _("Say why in 1 to {most} characters.")


class KeyReused(Conflict):
    """The key names another gesture; a second gesture is another key."""

    code = "gestures.key_reused"
    message = _("The key “{key}” already names another gesture. Use a new key for a new gesture.")


class NotWaiting(Conflict):
    """It was decided meanwhile."""

    code = "gestures.not_waiting"
    title = _("Decided already")
    message = _("This gesture does not wait any more: somebody decided it.")


class OwnRequest(Forbidden):
    """Nobody agrees to what she asked for herself: four eyes."""

    code = "gestures.four_eyes"
    title = _("Somebody else has to agree")
    message = _("You asked for this gesture yourself: somebody else has to agree.")


class NotGranted(Conflict):
    """Only what was given can be taken back."""

    code = "gestures.not_granted"
    title = _("Nothing to take back")
    message = _("Only what was given can be taken back, and once.")


class UsedAlready(Conflict):
    """The client used it: it stays given."""

    code = "gestures.used_already"
    title = _("The client has used it")
    message = _("The client has used it already, whole or in part: it stays given.")


class BudgetSpent(Conflict):
    """The team’s budget does not hold so much: raise it, or give less."""

    code = "gestures.budget_spent"
    title = _("The budget does not hold so much")
    message = _(
        "It would cost {cost}, and {left} is left in the budget of {team}. Raise the budget first, or give less."
    )


class BadBudget(Refusal):
    """A budget has a team, a period and an amount that is not below what was spent of it."""

    code = "gestures.bad_budget"
    title = _("This budget cannot be set so")
    message = _("{why}")


class BadCatalogue(Refusal):
    """The file is no catalogue; the fields say where, by line."""

    code = "gestures.bad_catalogue"
    title = _("This is no catalogue")
    message = _("Line {line}: {why}.")


class UnknownVoucher(NotFound):
    """No voucher has this code, or it was typed wrong."""

    code = "gestures.unknown_voucher"
    title = _("No such voucher")
    message = _("No voucher has this code. Look at it again: twelve letters and digits, no vowels.")


class VoucherEnded(Conflict):
    """It was used up, has ended, or was revoked."""

    code = "gestures.voucher_ended"
    title = _("This voucher can no longer be used")
    message = _("{why}")


class VoucherElsewhere(Conflict):
    """It works on other channels."""

    code = "gestures.voucher_elsewhere"
    title = _("Not here")
    message = _("This voucher works here: {channels}.")


class NotEnough(Conflict):
    """More is asked than is left on the voucher."""

    code = "gestures.not_enough"
    title = _("Not so much is left")
    message = _("{left} is left on this voucher.")


class NotYoursToUndo(Forbidden):
    """Whoever used a voucher undoes it within a quarter of an hour; later, or for a colleague, a manager does."""

    code = "gestures.not_yours_to_undo"
    title = _("A manager undoes this")
    message = _(
        "You undo what you took off yourself, within {minutes} minutes. For this one, ask a manager: the reason is"
        " written down."
    )


class TooManyWrongCodes(Refusal):
    """Too many wrong codes came from this colleague, till or place: wait, and look at the voucher again."""

    code = "gestures.too_many_wrong_codes"
    status = 429
    title = _("Too many wrong codes")
    message = _("Many wrong codes were tried here. Try again in {seconds} seconds.")
