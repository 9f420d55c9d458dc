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
    """A desk is that of a colleague; a deputy is another one."""

    code = "reach.no_staff"
    message = _("Choose a colleague; the deputy is somebody else.")


class WrongPresence(Refusal):
    """Presence is one of the known words; it ends after it begins."""

    code = "reach.wrong_presence"
    message = _("Presence is one of: {known}; its end lies ahead.")


class WrongPeriod(Refusal):
    """An absence ends after it begins."""

    code = "reach.wrong_period"
    title = _("These dates do not go together")
    message = _("The last day comes before the first one, or lies in the past.")
