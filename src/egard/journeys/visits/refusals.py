"""What is refused around visits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal


class SlotFull(Conflict):
    """Somebody else has the time now: ask for `slots` again and choose another one."""

    code = "visits.slot_full"
    title = _("This time is taken")
    message = _("This time is no longer free. Choose another one.")


class NotOffered(Refusal):
    """The time is not one of those of `slots`: outside the hours, too soon, too far ahead, or off their grid."""

    code = "visits.not_offered"
    message = _("No visit can begin at this time. Choose one of those that are offered.")


class HoldOver(Conflict):
    """The hold has lapsed, and somebody else has the time: choose another one."""

    code = "visits.hold_over"
    title = _("The time is no longer held for you")
    message = _("The time was held for some minutes, and is taken now. Choose another one.")


class NotNow(Conflict):
    """The visit has gone on: it was cancelled, has begun, or is over."""

    code = "visits.not_now"
    title = _("The visit has gone on")
    message = _("This is no longer possible: the visit was cancelled, has begun, or is over.")


class TooLate(Conflict):
    """Who comes changes her visit on line until some time before it; after that the shop does."""

    code = "visits.too_late"
    title = _("Too late to change it here")
    message = _("The visit is too near to change it here. Please call the shop.")


class ManyDays(Refusal):
    """Times are asked for on 62 days at once at most."""

    code = "visits.many_days"
    message = _("Ask for {most} days at once at most, the last one not before the first.")


class WrongHours(Refusal):
    """The opening hours contradict themselves; the message says where."""

    code = "visits.wrong_hours"
    message = _("These are no opening hours: {why}.")


class WrongShop(Refusal):
    """What is said of the shop cannot be: the message says what."""

    code = "visits.wrong_shop"
    message = _("This cannot be said of a shop: {why}.")


class WrongReason(Refusal):
    """What is said of the reason cannot be: the message says what."""

    code = "visits.wrong_reason"
    message = _("This cannot be said of a reason to come: {why}.")


class WrongHost(Refusal):
    """Only staff who are active receive people; the limits of a host are whole numbers."""

    code = "visits.wrong_host"
    message = _("This cannot be said of who receives: {why}.")


class MissingAnswer(Refusal):
    """The reason asks something that was not answered, or not by one of its choices: `fields` name what."""

    code = "visits.missing_answer"
    message = _("Please answer the questions that are marked.")


class NoVisitor(Refusal):
    """Who comes has a name, and an e-mail address or a phone number."""

    code = "visits.no_visitor"
    message = _("Give a name, and an e-mail address or a phone number.")


class WrongWish(Refusal):
    """Who waits says at which shops, between which dates, at what time of day, and how she is told; `fields` name what
    is wrong.
    """

    code = "visits.wrong_wish"
    message = _("Choose shops, dates that are still to come, and how we may tell you.")


class WrongFeed(Refusal):
    """The other calendar of a host is read from a public web address; `fields` say what is wrong with this one."""

    code = "visits.wrong_feed"
    message = _("This is no address from which a calendar can be read.")


class NotHere(Refusal):
    """Nobody receives people for this reason at this site."""

    code = "visits.not_here"
    message = _("Nobody receives people for this here. Choose another shop, or another reason.")


class FormOver(Refusal):
    """The form is of another day, or of somebody else: open the page again."""

    code = "visits.form_over"
    title = _("This page was open for too long")
    message = _("This page was open for too long. Choose the time again.")


class TooMany(Refusal):
    """Many visits were asked for from one place or for one person: later again, or by phone."""

    code = "visits.too_many"
    status = 429
    title = _("Too many visits at once")
    message = _("Many visits were booked from here in a short time. Try again in an hour, or call the shop.")


class NotByThis(Refusal):
    """The house keeps nothing under this address any more: another one, or by phone."""

    code = "visits.not_by_this"
    message = _("We cannot book with this address. Give another one, or call the shop.")


class HostBusy(Conflict):
    """The host is with somebody else now: end that visit first, or choose another host."""

    code = "visits.host_busy"
    title = _("Busy with somebody else")
    message = _("This host is with somebody else now. Choose another one, or end that visit first.")


class NoHost(Refusal):
    """Say who receives her."""

    code = "visits.no_host"
    message = _("Say who receives her.")


class NotToday(Conflict):
    """Somebody arrives on the day of her visit: move the visit, or take her in as a visitor without one."""

    code = "visits.not_today"
    title = _("Not today")
    message = _("This visit is on another day. Move it, or take her in without a booking.")


class SlipOver(Conflict):
    """An arrival is taken back within some minutes of the tap, while nobody has received her."""

    code = "visits.slip_over"
    title = _("Too late to take it back")
    message = _("This can be taken back for some minutes only, and only before she is received.")


class WrongOutcome(Refusal):
    """The outcome is none of those that the page offers; a follow-up is dated ahead and promised to somebody known."""

    code = "visits.wrong_outcome"
    message = _("This cannot be said of how a visit went: {why}.")
