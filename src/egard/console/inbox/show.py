"""A conversation as its templates need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from egard.base.ids import new_id
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import queries, templating
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.saying import topic_of
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises import shown
from egard.kernel.promises.models import Promise

STATES = {
    "open": _("Nobody waits"),
    "waiting_for_us": _("Waits for us"),
    "waiting_for_them": _("Answered"),
    "closed": _("Closed"),
}
FATE = {
    "queued": _("Leaves in a few seconds"),
    "undone": _("Taken back"),
    "failed": _("Not sent"),
    "bounced": _("Came back: this address does not take our messages"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message: who said it, its words in pieces (`kind`, text) of which quotes and signatures are folded."""

    message: Message
    name: str
    pieces: tuple[tuple[str, str], ...]
    fate: Any


@dataclass(frozen=True, slots=True)
class Shown:
    thread: Thread
    person: Person | None
    claimed: Person | None
    name: str
    said: tuple[Said, ...]
    ring: Any
    state: Any
    doubtful: str
    """`forged` or `unverified` where a letter in it is; else empty."""
    topic: str
    """What its open pages follow."""
    last: UUID | None
    replies: tuple[Any, ...]
    key: str


def conversation(viewer: Viewer, uuid: UUID, *, now: datetime) -> Shown:
    """One conversation, whole; a constant number of queries. Raises `NotFound`."""
    thread = queries.thread(viewer, uuid)
    known = people.named(viewer, {pk for pk in (thread.person_id, thread.claimed_id) if pk})
    person = known.get(thread.person_id) if thread.person_id else None
    names = staff_names(viewer)
    promise = Promise.objects.filter(uuid=thread.awaiting).first() if thread.awaiting else None
    trusts = [one.trust for one in thread.said if one.direction == "in"]
    doubtful = next((one for one in ("forged", "unverified") if one in trusts), "") if thread.person_id is None else ""
    return Shown(
        thread=thread,
        person=person,
        claimed=known.get(thread.claimed_id) if thread.claimed_id else None,
        name=name_of(thread, person),
        said=tuple(_said(one, person, names) for one in thread.said),
        ring=shown.ring_of(promise, now, str(_("Answer"))) if promise else None,
        state=STATES[thread.state],
        doubtful=doubtful,
        topic=topic_of(thread),
        last=thread.said[-1].uuid if thread.said else None,
        replies=tuple(templating.newest(is_reply=True)),
        key=str(new_id()),
    )


def name_of(thread: Thread, person: Person | None) -> str:
    """With whom it is: her name, else how she calls herself, else her address."""
    return (person.name if person else "") or thread.address or str(_("Somebody unknown"))


def _said(message: Message, person: Person | None, names: dict[str, str]) -> Said:
    if message.direction == "in":
        name = (person.name if person and message.author.startswith("person:") else "") or message.sender_name
        if name and not message.author.startswith("person:") and message.sender:
            name = f"{name} ({message.sender})"  # what somebody calls herself is not who she is
        name = name or message.sender or str(_("Somebody unknown"))
    else:
        name = names.get(message.author) or str(_("Egard"))
    fate = _("To be printed and posted") if is_paper(message) else FATE.get(message.state, "")
    return Said(message, name, pieces_of(message), fate)


def is_paper(message: Message) -> bool:
    """A letter that somebody has to print."""
    return message.channel == "post" and message.state == "queued"


def pieces_of(message: Message) -> tuple[tuple[str, str], ...]:
    """Its words in order: what was written now, and what is folded."""
    found: list[tuple[str, str]] = []
    at = 0
    for kind, start, end in message.folded:
        found += [("text", message.text[at:start]), (kind, message.text[start:end])]
        at = end
    found.append(("text", message.text[at:]))
    return tuple((kind, words.strip("\n")) for kind, words in found if words.strip())
