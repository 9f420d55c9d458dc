"""Who acts (`Actor`) and who looks (`Viewer`): plain values, resolved once a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Forbidden
from egard.kernel.registry import FieldClass, Scope


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as every record keeps it: `user:<uuid>`, `key:<uuid>`, `person:<uuid>`, `system:<name>`."""

    kind: Literal["user", "key", "person", "system"]
    id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def system(name: str) -> Actor:
    """The product itself, doing `name` (`import`, `sweeper`)."""
    return Actor("system", name, name)


class NotAllowed(Forbidden):
    """The role does not carry this permission; an administrator can give one that does."""

    code = "access.not_allowed"
    title = _("You may not do this")
    message = _("Your role does not include this. Ask an administrator for the permission “{permission}”.")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks a question: what they may do, how far, and which classes of data they see.

    Made by `viewer_for` (a user) or `viewer_for_key` (a program); queries take it first.
    """

    actor: Actor
    permissions: dict[str, Scope] = field(default_factory=dict)
    classes: dict[FieldClass, Scope] = field(default_factory=dict)
    """The classes of data it sees, and on whom: a role shows its classes only as far as it reaches."""
    user_id: UUID | None = None
    team_ids: tuple[UUID, ...] = ()
    site_ids: tuple[UUID, ...] = ()
    channel: str = "page"
    reason: str = ""
    """Why a protected file is opened, where the viewer said so; it stands in the log of sights."""

    def can(self, permission: str) -> bool:
        return permission in self.permissions

    def scope(self, permission: str) -> Scope | None:
        return self.permissions.get(permission)

    def sees(self, field_class: FieldClass) -> bool:
        return field_class in self.classes

    def require(self, permission: str) -> Scope:
        """The scope of a permission that must be there, else the refusal that names it."""
        scope = self.permissions.get(permission)
        if scope is None:
            raise NotAllowed(permission=permission)
        return scope

    def require_everywhere(self, permission: str) -> None:
        """For what cannot be done person by person (a batch of events): the permission, without a limit."""
        if self.require(permission) != "all":
            raise NotAllowed(permission=permission)
