"""What reaches us by no machine: letters on paper, scanned in; words said at the counter or on the phone, taken down.

Whoever takes it down vouches for who said it: it stands on her timeline, and she waits for an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.calendars import due
from egard.base.language import language_of
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.messages import addresses, files, saying
from egard.kernel.messages.conversing import SUBJECT_MAX, TEXT_MAX, Words
from egard.kernel.messages.models import Message, Thread
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased
from egard.kernel.promises.calendars import HOUSE, calendar, newest, readable
from egard.kernel.registry import registry

CHANNELS = ("post", "counter", "call")
SCANS = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp", "image/heic"})
FILES_MAX = 20
LATE_MAX = timedelta(days=366)
"""How long ago it may have been said."""
AT_LEAST = timedelta(hours=1)
"""What should have been answered already is to be answered within this."""


class BadNote(Refusal):
    """Something is wrong with what was taken down; the fields say what. Scans are PDF files or pictures."""

    code = "messages.bad_note"
    message = _("This cannot be taken down: {why}")


@transaction.atomic
def take_down(
    person: Person,
    channel: str,
    words: Words,
    *,
    said_at: datetime | None = None,
    thread: Thread | None = None,
    reference: str = "",
    by: Actor,
    now: datetime,
    key: str,
) -> Message:
    """What she wrote on paper or said at `said_at` (the day on which the letter came), else now. An answer is owed as
    from then.

    It goes on with `thread`, or the conversation that the `reference` of a letter of ours names, else one begins.
    The same key of the same person gives the first message. Raises `BadNote`, `Erased`.
    """
    alive = Person.objects.select_for_update(no_key=True).filter(pk=person.pk, erased_at=None)
    if not alive.exists():
        raise Erased
    mark = f"noted:{person.uuid}:{key}"
    known = Message.objects.filter(mark=mark).select_related("thread").first()
    if known is not None:
        return known
    text = _checked(channel, words, said_at, key, now)
    held = _going_on(person, thread, reference) or Thread.objects.create(
        person=person, channel=channel, subject=words.subject.strip(), language=person.language, created_at=now,
        last_at=now,
    )  # fmt: skip
    at = min(said_at or now, now)
    message = Message.objects.create(
        thread=held, mark=mark, direction="in", channel=channel, author=str(Actor("person", str(person.uuid))),
        subject=words.subject.strip(), text=text, state="received", trust="verified",
        language=language_of(text)[0] or person.language, moment=words.moment[:64], at=at,
    )  # fmt: skip
    files.keep(message, words.files)
    saying.trail(held, "taken_down", by=by, now=now, message=str(message.uuid))
    saying.heard(held, message, due_at=_due(channel, at, now), by=by, now=now)
    return message


def _checked(channel: str, words: Words, said_at: datetime | None, key: str, now: datetime) -> str:
    """The text. Raises `BadNote`."""
    text, wrong = words.text.replace("\r\n", "\n").strip(), {}
    if channel not in CHANNELS:
        wrong["channel"] = ", ".join(CHANNELS)
    if not key or len(key) > 100:
        wrong["key"] = str(_("its key has 1 to 100 characters"))
    if len(text) > TEXT_MAX or "\x00" in text or not (text or words.files):
        wrong["text"] = str(_("write 1 to {limit} characters, or add a scan")).format(limit=TEXT_MAX)
    if any(c in words.subject for c in "\r\n\x00") or len(words.subject) > SUBJECT_MAX:
        wrong["subject"] = str(_("a subject is one line"))
    if said_at is not None and not now - LATE_MAX <= said_at <= now + timedelta(days=1):
        wrong["said_at"] = str(_("a day of the last year"))
    size = sum(len(one.content) for one in words.files)
    if len(words.files) > FILES_MAX or size > settings.MAIL_MAX_BYTES:
        limit = settings.MAIL_MAX_BYTES // (1024 * 1024)
        wrong["files"] = str(_("at most {count} files of {limit} MB together")).format(count=FILES_MAX, limit=limit)
    elif channel == "post" and any(files.type_of(one.content) not in SCANS for one in words.files):
        wrong["files"] = str(_("a scan is a PDF file or a picture"))
    if wrong:
        raise BadNote(fields=wrong, why="; ".join(wrong.values()))
    return text


def _going_on(person: Person, thread: Thread | None, reference: str) -> Thread | None:
    """Her conversation that goes on, under a lock."""
    if thread is None and not reference.strip():
        return None
    pk = thread.pk if thread else addresses.thread_of([reference.strip()])
    found = Thread.objects.filter(pk=pk, person__in=person.members).first() if pk else None
    if found is None:
        why = str(_("no conversation of this person has this reference"))
        raise BadNote(fields={"thread" if thread else "reference": why}, why=why)
    return saying.hold(found)


def _due(channel: str, at: datetime, now: datetime) -> datetime:
    """By when she is answered, from the day on which it reached us."""
    span = readable(settings.ANSWER_WITHIN.get(channel) or registry.promises[saying.ANSWER].within)
    reckoned = calendar(newest(HOUSE).pk if span.working else None)
    return max(due(at, span, reckoned), now + AT_LEAST)
