"""What may deviate in a gesture: the words of controllers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "not_due": _("Nothing had gone wrong"),
    "too_much": _("More than it was worth"),
    "no_proof": _("The proof is missing"),
    "no_reason": _("The reason does not say why"),
    "split": _("Split to stay below a limit"),
    "close": _("Given to somebody close"),
    "wrong_person": _("Given to the wrong person"),
    "other": _("Something else"),
}
"""By their name, in the order in which they are offered."""

RESPONSIBILITY = {
    "ours": _("ours"),
    "shared": _("shared"),
    "theirs": _("the client’s"),
    "nobody": _("nobody’s"),
}
"""Whose fault it was, as it is read beside an act."""
