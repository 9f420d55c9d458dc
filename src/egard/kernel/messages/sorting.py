"""Putting conversations in order: whose one is, what belongs together, what does not. Each leaves its trail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.messages import saying
from egard.kernel.messages.models import Message, Outgoing, Thread
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.promises.refusals import Ended


class NothingToSplit(Refusal):
    """A conversation is split between some of its messages and others: choose some of them, not all."""

    code = "messages.nothing_to_split"
    message = _("Choose some of the messages of this conversation, not all of them.")


class NotTheSame(Conflict):
    """Two persons' conversations cannot be one; merge the persons first, or take the message elsewhere."""

    code = "messages.not_the_same"
    message = _("These conversations are with different people. If they are one, merge them first.")


@transaction.atomic
def identify(thread: Thread, person: Person, *, by: Actor, now: datetime) -> Thread:
    """Somebody of ours vouches that the unknown sender is this person: what was said is on her timeline from then on.

    Doing it again changes nothing. Raises `NotTheSame` for a conversation that is somebody else's, `Erased`.
    """
    held = saying.hold(thread)
    if person.erased_at is not None:
        raise Erased
    if held.person_id is not None:
        if held.person_id in person.members:
            return held
        raise NotTheSame
    held.person, held.claimed = person, None
    held.language = held.language or person.language
    senders = held.messages.filter(direction="in", sender=held.address)
    senders.exclude(trust="forged").update(author=f"person:{person.uuid}")
    Outgoing.objects.filter(message__thread=held).update(person=person)
    for message in held.messages.exclude(direction="note").filter(state__in=("received", "sent")).order_by("id"):
        saying.note_fact(held, message, now=now)
    waiting = held.messages.filter(direction="in", automatic=False).order_by("-id").first()
    if held.awaiting is not None and waiting is not None:
        _owe_to(held, waiting, by=by, now=now)
    held.save()
    saying.trail(held, "identified", by=by, now=now, person=str(person.uuid))
    saying.tell_thread(held)
    return held


@transaction.atomic
def split(thread: Thread, messages: Collection[Message], *, by: Actor, now: datetime) -> Thread:
    """These messages are about something else: they become a conversation of their own. Raises `NothingToSplit`."""
    held = saying.hold(thread)
    chosen = held.messages.filter(pk__in=[one.pk for one in messages]).order_by("id")
    first = chosen.first()
    if first is None or chosen.count() == held.messages.count():
        raise NothingToSplit
    made = Thread.objects.create(
        person=held.person, claimed=held.claimed, address=held.address, channel=held.channel,
        subject=first.subject or held.subject, language=held.language, assignee=held.assignee, team=held.team,
        state="open", created_at=now, last_at=now,
    )  # fmt: skip
    Message.objects.filter(pk__in=[one.pk for one in chosen]).update(thread=made)
    for one in (held, made):
        _settle(one, by=by, now=now)
    saying.trail(held, "split", by=by, now=now, to=str(made.uuid))
    saying.trail(made, "split_from", by=by, now=now, of=str(held.uuid))
    return made


@transaction.atomic
def join(thread: Thread, into: Thread, *, by: Actor, now: datetime) -> Thread:
    """Two conversations with the same person are one: all is said in `into` from then on, also what answers the other.

    Raises `NotTheSame`.
    """
    gone, kept = _both(thread, into)
    if gone.pk == kept.pk:
        return kept
    _same_person(gone, kept)
    moved = [str(one) for one in gone.messages.order_by("id").values_list("uuid", flat=True)]
    gone.messages.update(thread=kept)
    lent = kept.person is None and gone.person is not None
    kept.person = kept.person or gone.person
    owed = Promise.objects.filter(uuid=gone.awaiting).values_list("due_at", flat=True).first()
    saying.let_go(gone, reason=str(_("conversations joined")), by=by, now=now)
    gone.joined_to, gone.state = kept, "closed"
    gone.save()
    _settle(kept, due_at=owed, by=by, now=now)
    saying.trail(gone, "joined_to", by=by, now=now, to=str(kept.uuid), messages=moved, lent=lent)
    saying.trail(kept, "joined", by=by, now=now, of=str(gone.uuid))
    saying.tell_thread(gone)
    return kept


@transaction.atomic
def part(thread: Thread, *, by: Actor, now: datetime) -> Thread:
    """What was joined to another conversation stands by itself again, with the messages that it had and that are still
    there; whom the other one was with by that alone, nobody vouches for any more. Where it is joined to none nothing
    changes.
    """
    if thread.joined_to_id is None:
        return thread
    _one_at_a_time()
    held = Thread.objects.select_for_update().get(pk=thread.pk)
    last = held.trail.filter(what="joined_to").order_by("-id").first()
    if held.joined_to_id is None or last is None:
        return held
    kept = saying.hold(held.joined_to_id)
    kept.messages.filter(uuid__in=last.data.get("messages", ())).update(thread=held)
    held.joined_to = None
    if last.data.get("lent") and kept.person_id == held.person_id:
        if Promise.objects.filter(uuid=kept.awaiting, person__isnull=False).exists():
            saying.let_go(kept, reason=str(_("conversations taken apart")), by=by, now=now)
        kept.person = None
    for one in (kept, held):
        _settle(one, by=by, now=now)
    saying.trail(kept, "parted", by=by, now=now, of=str(held.uuid))
    saying.trail(held, "parted", by=by, now=now, of=str(kept.uuid))
    return held


@transaction.atomic
def move(message: Message, into: Thread, *, by: Actor, now: datetime) -> Message:
    """One message belongs to another conversation of the same person. Raises `NotTheSame`."""
    origin, target = _both(message.thread, into)
    if target.pk == origin.pk:
        return message
    _same_person(origin, target)
    Message.objects.filter(pk=message.pk).update(thread=target)
    message.thread = target
    for one in (origin, target):
        _settle(one, by=by, now=now)
    saying.trail(origin, "moved", by=by, now=now, message=str(message.uuid), to=str(target.uuid))
    saying.trail(target, "moved_in", by=by, now=now, message=str(message.uuid), of=str(origin.uuid))
    return message


def _both(one: Thread, other: Thread) -> tuple[Thread, Thread]:
    """Where each stands now, under locks; twice the same one, where they are joined."""
    _one_at_a_time()
    return saying.hold(_end_of(one.pk)), saying.hold(_end_of(other.pk))


def _end_of(pk: int) -> int:
    after = Thread.objects.filter(pk=pk).values_list("joined_to", flat=True)[0]
    return pk if after is None else _end_of(after)


def _one_at_a_time() -> None:
    """Who holds two conversations is alone in doing so, and nobody else joins or takes apart meanwhile. All others hold
    one, and lock what was joined before that to which it was (`saying.hold`), as `part` does: nobody waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.sorting', 0))")


def _same_person(one: Thread, other: Thread) -> None:
    if one.person_id is None or other.person_id is None:
        return
    if one.person is None or other.person is None or other.person_id not in (one.person.root or one.person).members:
        raise NotTheSame


def _settle(thread: Thread, *, due_at: datetime | None = None, by: Actor, now: datetime) -> None:
    """Its state and its promise, as its messages now have it; by `due_at`, where an answer was owed by then already."""
    said = (
        Message.objects.filter(thread=thread, automatic=False)
        .exclude(direction="note")
        .exclude(state="undone")
        .order_by("id")
    )
    last = said.last()
    if last is not None and last.direction == "in":
        thread.state = "waiting_for_us"
        saying.owe_again(thread, last, due_at=due_at if due_at and due_at > now else None, by=by, now=now)
    else:
        saying.let_go(thread, reason=str(_("nobody waits here any more")), by=by, now=now)
        thread.state = "waiting_for_them" if last is not None else "closed"
    thread.last_at = last.at if last is not None else thread.last_at
    thread.save()
    saying.tell_thread(thread)


def _owe_to(thread: Thread, message: Message, *, by: Actor, now: datetime) -> None:
    """The same promise by the same moment, made to her; the one that was made to nobody goes."""
    old = Promise.objects.get(uuid=thread.awaiting)
    if old.due_at > now:
        try:
            promises.release(old.uuid, reason=str(_("the sender is known now")), by=by, now=now)
        except Ended:
            return
        made = promises.promise(
            thread.person, saying.ANSWER, due_at=old.due_at, subject=old.subject, owner=thread.assignee,
            team=thread.team, channel=message.channel, key=f"{old.key}:known", by=by, now=now,
        )  # fmt: skip
        thread.awaiting = made.uuid
