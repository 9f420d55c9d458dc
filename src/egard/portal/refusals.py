"""What the portal refuses, and what helps."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal


class WrongCode(Refusal):
    """The code is wrong, used, too old, guessed at too often, or of another browser; the five are not told apart."""

    code = "portal.wrong_code"
    title = _("This code does not work")
    message = _("This code does not work. Look at the latest message once more, or ask for a new code.")


class TooManyCodes(Refusal):
    """Many codes were asked for this address, or from this place: wait an hour."""

    code = "portal.too_many_codes"
    status = 429
    title = _("Too many codes")
    message = _("Many codes were asked for in the last hour. Use the latest one, or try again later.")


class NotSignedIn(Refusal):
    """The session ended, or there was none: sign in anew."""

    code = "portal.not_signed_in"
    status = 401
    title = _("Please sign in")
    message = _("Please sign in again; then you come back here.")


class NotTheWord(Refusal):
    """Erasure asks for a word to be typed, so that no slip of a thumb erases anybody."""

    code = "portal.not_the_word"
    title = _("The word is missing")
    message = _("Type the word “{word}” to confirm.")
