"""What is refused around calls and desks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Forbidden, Refusal


class NotSigned(Forbidden):
    """The request does not carry the signature of the provider of phone lines: set the same token here and there."""

    code = "reach.not_signed"
    title = _("Not signed by the provider")
    message = _("This address is for the provider of phone lines, who signs what it sends.")


class Replayed(Forbidden):
    """What the provider sent once was sent again, long after: calls are answered once."""

    code = "reach.replayed"
    title = _("Sent again")
    message = _("This was sent before, and is not answered a second time.")


class NotNow(Conflict):
    """The call has gone on, or is over."""

    code = "reach.not_now"
    title = _("The call has gone on")
    message = _("The call has gone on meanwhile, or is over.")


class NoCall(Refusal):
    """A call has an id of the provider's, of 1 to 64 letters and digits."""

    code = "reach.no_call"
    message = _("This tells of no call.")


class TimeTaken(Conflict):
    """The time is not free: choose another one."""

    code = "reach.time_taken"
    title = _("This time is taken")
    message = _("This time is no longer free. Choose another one.")


class NoNumber(Refusal):
    """Who is to be called back has a number: the person's own, or one that she gives."""

    code = "reach.no_number"
    title = _("Which number?")
    message = _("Write the number on which we call you.")


class NoStaff(Refusal):
    """A desk is that of a colleague; a deputy, or a new adviser, is another one whose role serves clients."""

    code = "reach.no_staff"
    message = _("Choose another colleague, of those who serve clients.")


class WrongPresence(Refusal):
    """Presence is one of the known words; it ends after it begins."""

    code = "reach.wrong_presence"
    message = _("Presence is one of: {known}; its end lies ahead.")


class WrongPeriod(Refusal):
    """An absence ends after it begins."""

    code = "reach.wrong_period"
    title = _("These dates do not go together")
    message = _("The last day comes before the first one, or lies in the past.")


class AbsentAlready(Conflict):
    """Two absences of one person do not overlap: end the other one first, or choose other days."""

    code = "reach.absent_already"
    title = _("Absent already")
    message = _("Part of this time is an absence already. Choose other days, or end the other absence first.")


class NoDeputy(Refusal):
    """What is promised of her time goes to her deputy: name one first."""

    code = "reach.no_deputy"
    title = _("No deputy")
    message = _("No deputy is named. Choose one first.")


class WrongHandover(Refusal):
    """A portfolio goes from one colleague to another, with words in each language; the fields say what is wrong."""

    code = "reach.wrong_handover"
    title = _("This cannot be handed over so")
    message = _("Look at what is marked: {why}")
    NOBODY = _("Choose clients whose adviser she is.")
    WHEN = _("Choose a moment of the year to come.")


class BegunAlready(Conflict):
    """Clients were handed over already: hand them back by another handover."""

    code = "reach.begun_already"
    title = _("It has begun")
    message = _("This handover has begun. What is done can be handed back by another one.")


class LinkOver(Refusal):
    """The link is no longer good, or never was: ask for a new one."""

    code = "reach.link_over"
    status = 404
    title = _("This link is no longer good")
    message = _("This link is no longer good. Call us, or ask your adviser for a new one.")


class PageClosed(Refusal):
    """The house takes no calls from its open page: a manager opens it under Desks."""

    code = "reach.page_closed"
    status = 404
    title = _("No call can be asked for here")
    message = _("No call can be asked for on this page. Call us, or write to us.")


class TooManyAsked(Refusal):
    """Many call backs were asked for from here or for this number: wait, or call."""

    code = "reach.too_many_asked"
    status = 429
    title = _("Too many call backs")
    message = _("Several call backs were asked for already. Try again later, or call us.")
