"""What is refused around leavings and changes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal


class WrongReason(Refusal):
    """The reason why somebody left is none of those that figures know."""

    code = "friction.wrong_reason"
    title = _("Unknown reason")
    message = _("Choose one of the reasons: {known}.")


class WrongChange(Refusal):
    """A change of a process needs a name, a process that is known by its frictions, and a share of 1 to 100."""

    code = "friction.wrong_change"
    title = _("This change cannot be declared")
    message = _("Give it a name, one of the processes, and a share of 1 to 100 persons in a hundred.")
