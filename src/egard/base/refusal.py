"""A refusal: the organisation's own "no", with a stable code and a word on what to do.

Everything that a person or a program may be refused is a class below `Refusal`. Pages, the API, imports and
jobs translate it; nothing else in the product turns an error into words for people.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """The request cannot be done; the message says what to do instead.

    `code` is stable and public (`people.unknown`). `status` is the HTTP status an API answers with. `message`
    is a template (or a lazily translated one) filled from the keyword arguments, which also travel as `context`.
    `fields` names the inputs at fault, each with its own words.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    title: ClassVar[Any] = _("The request was refused")
    message: ClassVar[Any] = _("This cannot be done.")

    def __init__(self, *, fields: dict[str, str] | None = None, **context: Any) -> None:
        self.context = context
        self.fields = fields or {}
        super().__init__(self.code)

    @property
    def detail(self) -> str:
        """The words for the person, in the language that is active now."""
        return str(self.message).format(**self.context) if self.context else str(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class NotFound(Refusal):
    """Nothing there, or nothing that this user may see; the two are not told apart."""

    code = "not_found"
    status = 404
    title = _("Not found")
    message = _("There is nothing here, or nothing that you may see.")


class Forbidden(Refusal):
    """The user may not do this; an administrator can grant the role that may."""

    code = "forbidden"
    status = 403
    title = _("You may not do this")
    message = _("You may not do this. An administrator can give you the role that may.")


class Conflict(Refusal):
    """It collides with what is already there."""

    code = "conflict"
    status = 409
    title = _("This collides with what is there")
    message = _("This collides with what is already there.")
