"""Questions on what went out. Each takes the viewer first."""

from __future__ import annotations

from uuid import UUID

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.kernel.access.actors import Viewer
from egard.kernel.messages.models import STATES, Outgoing
from egard.kernel.registry import registry

READ = "messages.read"


def outbox(
    viewer: Viewer, *, state: str = "", to: str = "", limit: int = 50, cursor: str | None = None
) -> Page[Outgoing]:
    """What went out or is about to, newest first: in one state, to one address, or all. One query.

    Raises `NotAllowed` without messages.read everywhere: messages also go to staff.
    """
    viewer.require_everywhere(READ)
    found = Outgoing.objects.select_related("person").defer("html", "text").order_by("-id")
    if state in STATES:
        found = found.filter(state=state)
    if to.strip():
        found = found.filter(to=to.strip().lower().replace("\x00", ""))
    if cursor:
        found = found.filter(id__lt=decode_cursor(cursor, "outbox", int)[0])
    limit = bounded(limit)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], encode_cursor("outbox", rows[limit - 1].pk) if len(rows) > limit else None)


def outgoing(viewer: Viewer, uuid: UUID) -> Outgoing:
    """One message, whole; without the words of a kind that asks for more. Raises `NotAllowed`, `NotFound`."""
    viewer.require_everywhere(READ)
    found = Outgoing.objects.select_related("person").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    kind = registry.messages.get(found.kind)
    if kind is not None and kind.permission and not viewer.can(kind.permission):
        found.text = found.html = ""
    return found
