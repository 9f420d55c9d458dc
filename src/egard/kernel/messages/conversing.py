"""Our side of a conversation: answering, writing first, notes among us, taking back, closing, putting off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.ids import new_id
from egard.base.language import language_of
from egard.base.refusal import Conflict, Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Team, User
from egard.kernel.messages import checking, files, outbox, permitted, saying
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.rules.mime import File
from egard.kernel.messages.texts import language_for
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
from egard.kernel.registry import Draft

TEXT_MAX = 50_000
SUBJECT_MAX = 500
UNDO = timedelta(seconds=10)
"""For so long a message waits before it leaves, and can be taken back."""
CARRYING = ("email", "chat")
"""Channels on which files go with what we say."""
SENT = ("email", "sms")
"""Channels that need a driver; on the others saying it is sending it."""


class BadMessage(Refusal):
    """A message needs words, and a subject is one line; the fields say which is wrong."""

    code = "messages.bad_message"
    message = _("The message cannot be sent: {why}")


class TooLateToUndo(Conflict):
    """It has left, or was taken back already; write another message that puts it right."""

    code = "messages.too_late_to_undo"
    message = _("This message has left already. Write another one that puts it right.")


class KeyTaken(Conflict):
    """The key names another message already; a second message is another key."""

    code = "messages.key_taken"
    message = _("The key “{key}” already names another message.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is to be said: a text, and for letters a subject; `moment` names the occasion for those who check it."""

    text: str
    subject: str = ""
    moment: str = ""
    files: Sequence[File] = ()
    mentions: tuple[UUID, ...] = ()


@transaction.atomic
def reply(thread: Thread, words: Words, *, after: timedelta = UNDO, by: Actor, now: datetime, key: str) -> Message:
    """Answer in a conversation; it leaves after `after`, and until then can be taken back (`undo`).

    The promise of an answer is kept when it leaves. The same key again gives the first message. Raises `BadMessage`,
    `StyleRefused`, `AddressDead`, `Erased`, `KeyTaken`.
    """
    held = saying.hold(thread)
    known = _known(key, held, words)
    if known is not None:
        return known
    permitted.require(held.person, held.channel, "answer", address=held.address)
    last = held.messages.filter(direction="in").exclude(message_id="").order_by("-id").first()
    subject = words.subject or (_answer_to(held.subject) if held.channel == "email" else "")
    message = _said(held, words, subject=subject, follows=last, key=key, by=by, now=now)
    _send(held, message, purpose="answer", try_at=now + after, by=by, now=now)
    return message


@transaction.atomic
def write(
    person: Person,
    channel: str,
    words: Words,
    *,
    purpose: str,
    send_at: datetime | None = None,
    by: Actor,
    now: datetime,
    key: str,
) -> Message:
    """Write to somebody first: a letter begins a conversation, the other channels go on with the newest open one.

    Sent at `send_at` or now, outside her quiet hours where the channel rings. Raises `NoConsent`, `NoAddress`,
    `AddressDead`, `Erased`, `BadMessage`, `StyleRefused`, `KeyTaken`.
    """
    known = _known(key, None, words)
    if known is not None:
        return known
    permitted.require(person, channel, purpose)
    address = permitted.address_for(person, channel)
    thread = _going_on(person, channel) or Thread.objects.create(
        person=person,
        address=address,
        channel=channel,
        subject=words.subject[:SUBJECT_MAX],
        language=language_for(person.language),
        created_at=now,
        last_at=now,
    )
    message = _said(thread, words, subject=words.subject, follows=None, key=key, by=by, now=now)
    moment = permitted.not_before(person, channel, purpose, now=max(now, send_at or now))
    _send(thread, message, purpose=purpose, try_at=moment, by=by, now=now)
    return message


@transaction.atomic
def note(thread: Thread, words: Words, *, by: Actor, now: datetime, key: str) -> Message:
    """A private note of staff in a conversation; who is named in it hears of it. Raises `BadMessage`, `KeyTaken`."""
    held = saying.hold(thread)
    known = _known(key, held, words)
    if known is not None:
        return known
    message = Message.objects.create(
        thread=held, mark=_mark(key), direction="note", channel=held.channel, author=str(by),
        text=_checked(words, channel=None, needs_subject=False).text, state="written", at=now,
        language=language_of(words.text)[0], mentions=list(dict.fromkeys(words.mentions)),
    )  # fmt: skip
    files.keep(message, words.files)
    saying.tell_thread(held)
    return message


@transaction.atomic
def undo(message: Message, *, by: Actor, now: datetime) -> Message:
    """Take back a message that has not left, with its files; she waits again. Raises `TooLateToUndo`."""
    thread = saying.hold(message.thread)
    held = Message.objects.select_for_update().get(pk=message.pk)
    if held.state == "undone":
        return held
    if held.state != "queued" or not (held.channel == "post" or outbox.withdraw(held, now=now)):
        raise TooLateToUndo
    held.state = "undone"
    held.save(update_fields=["state"])
    files.forget([held])
    if thread.awaiting is not None:
        thread.state = "waiting_for_us"
        thread.save(update_fields=["state"])
    saying.trail(thread, "undone", by=by, now=now, message=str(held.uuid))
    saying.tell_thread(thread)
    return held


@transaction.atomic
def posted(message: Message, *, by: Actor, now: datetime) -> Message:
    """A letter on paper was printed and posted: it has left, and keeps what was promised. Twice is once."""
    thread = saying.hold(message.thread)
    held = Message.objects.select_for_update().get(pk=message.pk)
    if held.channel == "post" and held.state == "queued":
        held.state = "sent"
        held.save(update_fields=["state"])
        saying.answered(thread, held, by=by, now=now)
    return held


@transaction.atomic
def assign(thread: Thread, *, assignee: User | None, team: Team | None = None, by: Actor, now: datetime) -> Thread:
    """Somebody sees to it, and to its promise; a team that is not given stays."""
    held = saying.hold(thread)
    held.assignee = assignee
    held.team = team or held.team
    held.save(update_fields=["assignee", "team"])
    if held.awaiting is not None:
        promises.assign(held.awaiting, owner=assignee, team=held.team, by=by, now=now)
    named = {"assignee": str(assignee.pk) if assignee else "", "team": held.team.code if held.team else ""}
    saying.trail(held, "assigned", by=by, now=now, **named)
    saying.tell_thread(held)
    return held


@transaction.atomic
def close(thread: Thread, *, by: Actor, now: datetime) -> Thread:
    """Nothing more is to be said; what she writes next opens it again. An answer that was owed no longer is."""
    held = saying.hold(thread)
    if held.state != "closed":
        saying.let_go(held, reason=str(_("conversation closed")), by=by, now=now)
        held.state, held.snoozed_until = "closed", None
        held.save()
        saying.trail(held, "closed", by=by, now=now)
        saying.tell_thread(held)
    return held


@transaction.atomic
def reopen(thread: Thread, *, by: Actor, now: datetime) -> Thread:
    """It goes on; nobody waits yet."""
    held = saying.hold(thread)
    if held.state == "closed":
        held.state = "open"
        held.save(update_fields=["state"])
        saying.trail(held, "reopened", by=by, now=now)
        saying.tell_thread(held)
    return held


@transaction.atomic
def snooze(thread: Thread, *, until: datetime | None, by: Actor, now: datetime) -> Thread:
    """Put off until a moment (None: no longer); what was promised runs on. What she writes brings it back."""
    held = saying.hold(thread)
    held.snoozed_until = until if until is not None and until > now else None
    held.save(update_fields=["snoozed_until"])
    saying.trail(held, "snoozed", by=by, now=now, until=until.isoformat() if until else "")
    saying.tell_thread(held)
    return held


def draft_of(thread: Thread, words: Words, *, by: Actor, now: datetime) -> Draft:
    """What would be said, as those who check it read it: also while it is being typed."""
    language = language_for(language_of(words.text)[0] or thread.language)
    return Draft(
        text=words.text, language=language, channel=thread.channel, author=by, now=now, moment=words.moment,
        person=thread.person,
    )  # fmt: skip


# --- inside --------------------------------------------------------------------------------------------------------


def _said(
    thread: Thread, words: Words, *, subject: str, follows: Message | None, key: str, by: Actor, now: datetime
) -> Message:
    """Our words as a message of the conversation, read by all checks first."""
    needs_subject = thread.channel == "email" and follows is None and not subject
    checked = _checked(words, channel=thread.channel, needs_subject=needs_subject)
    language = language_of(checked.text)[0] or thread.language
    verdict = checking.require(draft_of(thread, checked, by=by, now=now))
    uuid = new_id()
    message = Message.objects.create(
        uuid=uuid,
        thread=thread,
        mark=_mark(key),
        direction="out",
        channel=thread.channel,
        author=str(by),
        subject=subject[:SUBJECT_MAX],
        text=checked.text,
        message_id=outbox.message_id_of(uuid) if thread.channel == "email" else "",
        in_reply_to=follows.message_id if follows else "",
        references=_references(follows),
        state="queued",
        automatic=by.kind == "system",
        language=language,
        moment=words.moment[:64],
        score=verdict.score,
        at=now,
    )
    files.keep(message, words.files)
    return message


def _send(thread: Thread, message: Message, *, purpose: str, try_at: datetime, by: Actor, now: datetime) -> None:
    if thread.channel in SENT:
        outbox.queue(message, to=thread.address, purpose=purpose, try_at=try_at, now=now)
        if thread.state == "waiting_for_us" and not message.automatic:
            thread.state = "waiting_for_them"
        thread.snoozed_until = None
        thread.last_at = max(thread.last_at, now)
        thread.save()
        saying.tell_thread(thread)
    elif thread.channel == "post":  # somebody prints it: it has left when she says so (`posted`)
        thread.last_at = max(thread.last_at, now)
        thread.save(update_fields=["last_at"])
        saying.tell_thread(thread)
    else:
        message.state = "sent"
        message.save(update_fields=["state"])
        saying.answered(thread, message, by=by, now=now)


def _going_on(person: Person, channel: str) -> Thread | None:
    """Her newest conversation on a channel that has no subjects, under a lock."""
    if channel == "email":
        return None
    hers = Thread.objects.filter(person__in=person.members, channel=channel, joined_to=None).exclude(state="closed")
    latest = hers.order_by("-last_at").values_list("pk", flat=True).first()
    return saying.hold(latest) if latest else None


def _known(key: str, thread: Thread | None, words: Words) -> Message | None:
    """The message of this key, if it was written before. Raises `KeyTaken` where it said something else."""
    found = Message.objects.filter(mark=_mark(key)).first()
    if found is None:
        return None
    is_same = found.text == _lines(words.text) and (thread is None or found.thread == thread)
    if not is_same or (found.state != "undone" and not files.carries(found, words.files)):
        raise KeyTaken(key=key[:100])
    return found


def _mark(key: str) -> str:
    if not key or len(key) > 180:
        raise BadMessage(why=str(_("its key has 1 to 180 characters")))
    return f"key:{key}"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _checked(words: Words, *, channel: str | None, needs_subject: bool) -> Words:
    """Words that can be sent, on a channel or to colleagues. A line break in a subject would be another header."""
    text = _lines(words.text)
    wrong: dict[str, str] = {}
    if not text or len(text) > TEXT_MAX or "\x00" in text:
        wrong["text"] = str(_("write 1 to {limit} characters")).format(limit=TEXT_MAX)
    if any(c in words.subject for c in "\r\n\x00") or len(words.subject) > SUBJECT_MAX:
        wrong["subject"] = str(_("a subject is one line"))
    elif needs_subject and not words.subject.strip():
        wrong["subject"] = str(_("a letter needs a subject"))
    if words.files and channel is not None and channel not in CARRYING:
        wrong["files"] = str(_("files go with an e-mail or a chat only"))
    elif why := files.why_not_sent(words.files):
        wrong["files"] = why
    if wrong:
        raise BadMessage(fields=wrong, why="; ".join(wrong.values()))
    return Words(text=text, subject=words.subject.strip(), moment=words.moment, files=words.files)


def _references(follows: Message | None) -> list[str]:
    """The chain that mail programs follow, the nearest last; some give up on long ones."""
    if follows is None:
        return []
    chain: Iterable[str] = [*reversed(follows.references), follows.message_id]
    return list(dict.fromkeys(one for one in chain if one))[-20:]


def _answer_to(subject: str) -> str:
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}" if subject else "Re:"
