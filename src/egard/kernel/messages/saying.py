"""What follows from each thing said: the fact on her timeline, the state of the conversation, the promise of an answer.

The conversation's row is locked by whoever calls.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.conf import settings

from egard.kernel.access.actors import Actor, system
from egard.kernel.access.live import tell
from egard.kernel.messages.facts import EXCERPT_MAX, MessageReceived, MessageSent
from egard.kernel.messages.models import Message, Thread, ThreadEvent
from egard.kernel.people.operations import Erased
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.promises.refusals import Ended
from egard.kernel.timeline.operations import record

ANSWER = "messages.answer"


def topic_of(thread: Thread) -> str:
    return f"thread:{thread.uuid}"


def tell_thread(thread: Thread) -> None:
    """Open pages ask for it again: the conversation itself, and the lists in which it stands."""
    tell(topic_of(thread), "inbox")


def hold(thread: Thread | int) -> Thread:
    """The conversation's row under a lock; the one to which it was joined, where it was."""
    pk = thread if isinstance(thread, int) else thread.pk
    held = Thread.objects.select_for_update().filter(pk=pk)[0]
    return held if held.joined_to_id is None else hold(held.joined_to_id)


def heard(thread: Thread, message: Message, *, due_at: datetime | None = None, by: Actor, now: datetime) -> None:
    """She said this: we owe her an answer, unless a machine wrote it; a conversation that was closed is open again.
    `due_at` where she was told by when.
    """
    thread.last_at = max(thread.last_at, message.at)
    thread.language = message.language or thread.language
    if not message.automatic:
        thread.state, thread.snoozed_until = "waiting_for_us", None
        owe(thread, message, due_at=due_at, by=by, now=now)
    thread.save()
    note_fact(thread, message, now=now)
    tell_thread(thread)


def owe(thread: Thread, message: Message, *, due_at: datetime | None = None, by: Actor, now: datetime) -> None:
    """One promise for as long as she waits, however often she writes meanwhile."""
    if thread.awaiting is not None:
        return
    made = promises.promise(
        thread.person,
        ANSWER,
        due_at=due_at,
        within=None if due_at else settings.ANSWER_WITHIN.get(thread.channel),
        subject=topic_of(thread),
        owner=thread.assignee,
        team=thread.team,
        channel=message.channel,
        key=_key(thread, message),
        by=by,
        now=now,
    )
    thread.awaiting = made.uuid


def owe_again(thread: Thread, message: Message, *, due_at: datetime | None = None, by: Actor, now: datetime) -> None:
    """As `owe`; what was owed of this message before (joined and taken apart, moved and moved back) is owed again, by
    the moment that was promised.
    """
    if thread.awaiting is not None:
        return
    made = Promise.objects.filter(person=thread.person, key=_key(thread, message)).first()
    if made is None:
        owe(thread, message, due_at=due_at, by=by, now=now)
        return
    if made.ended_at is not None:
        made = promises.reopen(made, by=by, now=now)
    thread.awaiting = made.uuid


def _key(thread: Thread, message: Message) -> str:
    return f"{topic_of(thread)}:{message.uuid}"


def answered(thread: Thread, message: Message, *, by: Actor, now: datetime) -> None:
    """Our answer left: the promise is kept by it. A machine's answer keeps none."""
    thread.last_at = max(thread.last_at, message.at)
    if not message.automatic:
        if thread.awaiting is not None:
            _keep(thread.awaiting, channel=message.channel, by=by, now=now)
            thread.kept, thread.awaiting = thread.awaiting, None
        if thread.state == "waiting_for_us":
            thread.state = "waiting_for_them"
    thread.save()
    note_fact(thread, message, now=now)
    tell_thread(thread)


def unanswered(thread: Thread, message: Message, *, why: str, now: datetime) -> None:
    """Our answer did not reach her after all: what it kept is owed again, and the promise says why."""
    by = system("messages")
    if thread.awaiting is None and thread.kept is not None:
        promises.reopen(thread.kept, reason=why, by=by, now=now)
        thread.awaiting, thread.kept = thread.kept, None
    thread.state = "waiting_for_us"
    thread.save()
    trail(thread, "unanswered", by=by, now=now, message=str(message.uuid), why=why)
    tell_thread(thread)


def let_go(thread: Thread, *, reason: str, by: Actor, now: datetime) -> None:
    """Nobody waits for an answer here any more."""
    if thread.awaiting is not None:
        with suppress(Ended):  # kept meanwhile, by hand
            promises.release(thread.awaiting, reason=reason, by=by, now=now)
        thread.awaiting = None


def note_fact(thread: Thread, message: Message, *, now: datetime) -> None:
    """On her timeline, where it is known to be hers: nothing that somebody else may have written under her name."""
    person = thread.person
    if person is None or message.direction == "note" or (message.direction == "in" and not is_hers(message)):
        return
    kind = MessageReceived if message.direction == "in" else MessageSent
    more = {} if message.direction == "in" else {"automatic": message.automatic}
    with suppress(Erased):  # nothing more happens to who is gone
        record(
            person,
            kind(thread.uuid, message.uuid, message.channel, message.subject, excerpt(message), **more),
            at=min(message.at, now),
            by=actor_of(message),
            channel=message.channel,
            key=f"message:{message.uuid}",
            now=now,
        )


def is_hers(message: Message) -> bool:
    """Whether she is known to have said it: her address, and a server of ours that vouches for it."""
    return message.author.startswith("person:")


def excerpt(message: Message) -> str:
    """How it begins, on one line, without what is quoted."""
    kept, at = [], 0
    for _kind, start, end in message.folded:
        kept.append(message.text[at:start])
        at = end
    words = " ".join(f"{' '.join(kept)} {message.text[at:]}"[:2000].split())
    return words if len(words) <= EXCERPT_MAX else f"{words[: EXCERPT_MAX - 1].rstrip()}…"


def actor_of(message: Message) -> Actor:
    kind, _colon, name = message.author.partition(":")
    return Actor(kind, name)


def trail(thread: Thread, what: str, *, by: Actor, now: datetime, **data: object) -> None:
    """What was done with a conversation stays with it."""
    ThreadEvent.objects.create(thread=thread, what=what, by=str(by), at=now, data=data)


def _keep(promise: UUID, *, channel: str, by: Actor, now: datetime) -> None:
    with suppress(Ended):  # released meanwhile, by hand
        promises.keep(promise, by=by, now=now, channel=channel)
