"""What may be refused of a promise, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal


class UnknownKind(Refusal):
    """No journey declares this kind of promise."""

    code = "promises.unknown_kind"
    message = _("“{kind}” is no kind of promise here. Known kinds: {known}.")


class NoMoment(Refusal):
    """A promise has its moment: say by when, or within what time; one of the two."""

    code = "promises.no_moment"
    message = _("Say by when it is promised: a moment, or an amount of time; one of the two.")


class AlreadyDue(Refusal):
    """The moment has passed: nothing can be promised for it."""

    code = "promises.already_due"
    message = _("That moment has passed. Choose one that is still to come.")


class TooLong(Refusal):
    """The moment lies further away than a calendar reaches."""

    code = "promises.too_long"
    message = _("That is further away than our calendar reaches.")


class BadText(Refusal):
    """A key, a subject or a word on it is empty or too long; the fields say which."""

    code = "promises.bad_text"
    message = _("This needs some words: {name}, 1 to {most} characters.")


class PromiseKeyReused(Conflict):
    """The key names another promise to this person; a second promise is another key."""

    code = "promises.key_reused"
    message = _("The key “{key}” already names another promise to this person.")


class Ended(Conflict):
    """It was kept or released before; look at what happened to it."""

    code = "promises.ended"
    message = _("This promise has ended: nothing more can be done to it.")


class NotRunning(Conflict):
    """Only a promise that is not due yet can be paused, resumed or extended."""

    code = "promises.not_running"
    message = _("This promise was due already: it can be kept late, or released.")


class NotLater(Refusal):
    """An extension gives more time; the first moment stays visible."""

    code = "promises.not_later"
    message = _("The new moment must be later than the one that holds now.")
