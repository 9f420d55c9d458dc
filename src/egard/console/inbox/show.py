"""A conversation as its templates need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from egard.base.ids import new_id
from egard.console.inbox import later
from egard.console.morrow import ahead
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import staff_names
from egard.kernel.cases import answering, types
from egard.kernel.cases.checks import said
from egard.kernel.messages import checking, queries, templating
from egard.kernel.messages.conversing import CARRYING
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.rules.proposing import ranked
from egard.kernel.messages.saying import topic_of
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.promises import shown
from egard.kernel.promises.models import Promise
from egard.kernel.registry import Choice

STATES = {
    "open": _("Nobody waits"),
    "waiting_for_us": _("Waits for us"),
    "waiting_for_them": _("Answered"),
    "closed": _("Closed"),
}
SOON = timedelta(minutes=1)
PROPOSED_MAX = 3
FATE = {
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
    leaves_soon: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """A text of the house for this conversation; `proposed`: it fits what was asked."""

    code: str
    label: str
    began: str
    proposed: bool


@dataclass(frozen=True, slots=True)
class Shown:
    thread: Thread
    person: Person | None
    claimed: Person | None
    name: str
    said: tuple[Said, ...]
    ring: Any
    state: Any
    put_off: str
    """Until when, in words; empty where it is not."""
    doubtful: str
    """`forged` or `unverified` where a letter in it is; else empty."""
    to: str
    """Where an answer goes, in words."""
    topic: str
    """What its open pages follow."""
    replies: tuple[Ready, ...]
    siblings: tuple[Thread, ...]
    """Other conversations with the same person."""
    steps: tuple[tuple[str, str], ...]
    """Steps of her cases that an answer may complete: `case/step`, and in words."""
    moments: tuple[tuple[str, str], ...]
    later: tuple[Choice, ...]
    takes_files: bool
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
    waits = any(one.state == "queued" for one in thread.said)
    leaving = queries.leaving(viewer, thread) if waits else {}
    return Shown(
        thread=thread,
        person=person,
        claimed=known.get(thread.claimed_id) if thread.claimed_id else None,
        name=name_of(thread, person),
        said=tuple(_said(one, person, names, leaving.get(one.pk), now) for one in thread.said),
        ring=shown.ring_of(promise, now, str(_("Answer"))) if promise else None,
        state=STATES[thread.state],
        put_off=ahead(thread.snoozed_until, now) if thread.snoozed_until and thread.snoozed_until > now else "",
        doubtful=doubtful,
        to=_where(thread, person),
        topic=topic_of(thread),
        replies=_ready(thread, person, viewer),
        siblings=tuple(queries.siblings(viewer, thread)),
        steps=_steps(viewer, thread.person) if thread.person else (),
        moments=tuple(checking.moments()),
        later=tuple(later.choices(now)),
        takes_files=thread.channel in CARRYING,
        key=str(new_id()),
    )


def name_of(thread: Thread, person: Person | None) -> str:
    """With whom it is: her name, else how she calls herself, else her address."""
    return (person.name if person else "") or thread.address or str(_("Somebody unknown"))


def _where(thread: Thread, person: Person | None) -> str:
    """To which address an answer goes, or by what it reaches her."""
    match thread.channel:
        case "email" | "sms":
            return gettext("to %(address)s") % {"address": thread.address} if thread.address else ""
        case "chat":
            return gettext("by chat, in her own space")
        case "post":
            lines = (person.address if person else "").split("\n")
            return gettext("on paper, to %(address)s") % {"address": ", ".join(filter(None, map(str.strip, lines)))}
        case _:
            return gettext("taken down here: nothing is sent")


def _ready(thread: Thread, person: Person | None, viewer: Viewer) -> tuple[Ready, ...]:
    """The texts of the house in the conversation's language, those that answer what was said last first."""
    newest = templating.newest(is_reply=True)
    spoken = {one.code for one in newest if one.language == thread.language}
    rows = [one for one in newest if one.language == thread.language or one.code not in spoken]
    last = next((one for one in reversed(thread.said) if one.direction == "in"), None)
    first = ranked(last.text, [f"{one.label} {one.text}" for one in rows])[:PROPOSED_MAX] if last else []
    order = [*first, *(n for n in range(len(rows)) if n not in first)]
    values = templating.values_for(person, viewer.actor.name)
    return tuple(
        Ready(rows[n].code, rows[n].label, templating.began(rows[n], values), proposed=n in first) for n in order
    )


def _steps(viewer: Viewer, person: Person) -> tuple[tuple[str, str], ...]:
    found = answering.steps_open(viewer, person)
    return tuple(
        (f"{case.uuid}/{step.key}", f"{said(step.title)} · {said(types.defined(case.type).title)}")
        for case, step in found
    )


def _said(
    message: Message, person: Person | None, names: dict[str, str], leaves_at: datetime | None, now: datetime
) -> Said:
    if message.direction == "in":
        name = (person.name if person and message.author.startswith("person:") else "") or message.sender_name
        if name and not message.author.startswith("person:") and message.sender:
            name = f"{name} ({message.sender})"  # what somebody calls herself is not who she is
        name = name or message.sender or str(_("Somebody unknown"))
    else:
        name = names.get(message.author) or str(_("Egard"))
    soon = message.state == "queued" and leaves_at is not None and leaves_at <= now + SOON
    if is_paper(message):
        fate: Any = _("To be printed and posted")
    elif message.state == "queued":
        fate = _("Leaves in a few seconds") if soon or leaves_at is None else _leaves(leaves_at, now)
    else:
        fate = FATE.get(message.state, "")
    return Said(message, name, pieces_of(message), fate, leaves_soon=soon)


def _leaves(at: datetime, now: datetime) -> str:
    return gettext("Leaves %(moment)s") % {"moment": ahead(at, now)}


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
