"""What comes in: letters of any kind, short messages, words typed on the portal. Each is taken in once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.language import language_of
from egard.base.refusal import NotFound, Refusal
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.models import User
from egard.kernel.messages import addresses, bouncing, files, saying
from egard.kernel.messages.models import Intake, Message, Thread
from egard.kernel.messages.operations import send
from egard.kernel.messages.rules import arrivals, markup, mime
from egard.kernel.messages.rules.folding import fold
from egard.kernel.messages.rules.mime import Letter
from egard.kernel.people.models import Identifier, Person
from egard.kernel.people.operations import BadIdentifier, normalise

Outcome = Literal["received", "repeated", "too_large", "circling", "reported"]
BY = system("mail")
CHAT_MAX = 5000
SHARED_MAX = 20
DATED_AHEAD_MAX = timedelta(minutes=5)
DATED_BEHIND_MAX = timedelta(days=30)
"""A letter's own date within these is when it was written; else it was when it arrived."""


class EmptyWord(Refusal):
    """There is nothing to say, or more than one message holds; write 1 to 5,000 characters."""

    code = "messages.empty_word"
    title = _("Nothing is written")
    message = _("Write something first: a message has 1 to {limit} characters.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of something that came in; `message` where it was taken in, now or before."""

    outcome: Outcome
    message: Message | None = None


def receive_email(
    raw: bytes, *, source: str, mark: str = "", size: int = 0, vouching: Collection[str] | None = None, now: datetime
) -> Receipt:
    """Take in one letter, whatever it is. The same letter again, by any way, changes nothing.

    `source` names the way (`imap`, `lmtp`, `webhook:brevo`), `mark` what it is called there, `size` how many bytes it
    has where only its beginning was fetched, `vouching` the servers whose word on the sender holds (without it those of
    `EGARD_MAIL_AUTH_HOSTS`). A letter that is too large is refused, and its sender told so; one of our
    own that comes back is dropped; a delivery report marks what it is about. Everything else becomes a message: of the
    conversation that its recipient or its references name, else of a new one.
    """
    if mark and Intake.objects.filter(source=source, mark=mark[:200]).exists():
        return Receipt("repeated")
    too_large = max(len(raw), size) > settings.MAIL_MAX_BYTES
    letter = mime.read_headers(raw) if too_large else mime.read(raw)
    with transaction.atomic():
        if arrivals.is_circling(letter, settings.MAIL_ADDRESSES, addresses.house_mark()):
            receipt = Receipt("circling")
        elif too_large:
            receipt = _refuse_too_large(letter, now=now)
        elif letter.reports and bouncing.note_reports(letter, now=now):
            receipt = Receipt("reported")
        else:
            trust = arrivals.authenticity(letter, settings.MAIL_AUTH_HOSTS if vouching is None else vouching)
            receipt = _take_in(letter, raw, trust, now=now)
        if mark:
            Intake.objects.bulk_create(
                [Intake(source=source, mark=mark[:200], outcome=receipt.outcome, at=now)], ignore_conflicts=True
            )
    return receipt


def receive_text(sender: str, text: str, *, channel: str = "sms", key: str, now: datetime) -> Receipt:
    """Take in a short message from a phone. `key` is what its provider calls it. Raises `BadIdentifier`.

    It goes on with the newest conversation on that phone that is not closed.
    """
    phone = normalise("phone", sender)
    with transaction.atomic():
        _one_at_a_time(f"{channel}:{phone}")
        known = Message.objects.filter(mark=f"{channel}:{key}").select_related("thread").first()
        if known is not None:
            return Receipt("repeated", known)
        person = whose("phone", phone)
        open_ones = Thread.objects.filter(channel=channel, address=phone, joined_to=None).exclude(state="closed")
        latest = open_ones.order_by("-last_at").values_list("pk", flat=True).first()
        thread = (
            saying.hold(latest)
            if latest
            else _new_thread(channel, phone, person=person, claimed=None, subject="", now=now)
        )
        verified = person is not None and thread.person_id == person.pk
        message = Message.objects.create(
            thread=thread,
            mark=f"{channel}:{key}",
            direction="in",
            channel=channel,
            author=_author(person if verified else None),
            sender=phone,
            text=text[: mime.TEXT_MAX].replace("\x00", ""),
            state="received",
            trust="verified" if verified else "unverified",
            language=language_of(text)[0],
            at=now,
        )
        saying.heard(thread, message, by=system(channel), now=now)
    return Receipt("received", message)


@transaction.atomic
def receive_call(
    person: Person | None,
    number: str,
    text: str,
    *,
    assignee: User | None,
    due_at: datetime | None = None,
    language: str = "",
    key: str,
    now: datetime,
) -> Receipt:
    """Take in what somebody left by phone: a conversation of its own, that a colleague sees to, with its promise; what
    comes under the same `key` later, a recording, is said in it too. The same words again change nothing.
    """
    words = text.strip()[:CHAT_MAX]
    _one_at_a_time(f"call:{key}")
    mark = f"call:{key}:{hashlib.sha256(words.encode()).hexdigest()[:32]}"
    known = Message.objects.filter(mark=mark).select_related("thread").first()
    if known is not None:
        return Receipt("repeated", known)
    before = Message.objects.filter(mark__startswith=f"call:{key}:").order_by("id").values_list("thread", flat=True)
    held = (
        saying.hold(before[0])
        if before
        else _new_thread("call", number, person=person, claimed=None, subject="", assignee=assignee, now=now)
    )
    message = Message.objects.create(
        thread=held,
        mark=mark,
        direction="in",
        channel="call",
        author=_author(person),
        sender=number,
        text=words,
        state="received",
        trust="verified" if person else "unverified",
        language=language,
        at=now,
    )
    saying.heard(held, message, due_at=due_at, by=system("voice"), now=now)
    return Receipt("received", message)


@transaction.atomic
def receive_chat(
    person: Person,
    text: str,
    *,
    thread: Thread | None = None,
    assignee: User | None = None,
    due_at: datetime | None = None,
    key: str,
    now: datetime,
) -> Receipt:
    """Take in what somebody typed on her own pages: in a conversation of hers, else in the newest chat that is open,
    else in a new one. `assignee` sees to it where nobody does yet, and answers by `due_at` where she was told so.
    Raises `EmptyWord`, `NotFound` for a conversation that is not hers.
    """
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not words or len(words) > CHAT_MAX:
        raise EmptyWord(limit=CHAT_MAX, fields={"text": str(EmptyWord.title)})
    _one_at_a_time(f"chat:{person.pk}")
    mark = f"chat:{person.uuid}:{key[:100]}"
    known = Message.objects.filter(mark=mark).select_related("thread").first()
    if known is not None:
        return Receipt("repeated", known)
    if thread is None:
        open_ones = Thread.objects.filter(channel="chat", person__in=person.members, joined_to=None)
        latest = open_ones.exclude(state="closed").order_by("-last_at").values_list("pk", flat=True).first()
        held = (
            saying.hold(latest) if latest else _new_thread("chat", "", person=person, claimed=None, subject="", now=now)
        )
    else:
        held = saying.hold(thread)
        if held.person_id not in person.members:
            raise NotFound
    held.assignee = held.assignee or assignee
    message = Message.objects.create(
        thread=held,
        mark=mark,
        direction="in",
        channel="chat",
        author=_author(person),
        text=words,
        state="received",
        trust="verified",
        language=language_of(words)[0] or person.language,
        at=now,
    )
    saying.heard(held, message, due_at=due_at, by=Actor("person", str(person.uuid)), now=now)
    return Receipt("received", message)


def whose(kind: str, value: str) -> Person | None:
    """The one person who has this address or phone; nobody where several share it."""
    held = Identifier.objects.filter(kind=kind, value=value, person__erased_at=None)
    found = {root or pk for pk, root in held.values_list("person", "person__root")[:SHARED_MAX]}
    return Person.objects.get(pk=found.pop()) if len(found) == 1 else None


# --- inside --------------------------------------------------------------------------------------------------------


def _take_in(letter: Letter, raw: bytes, trust: str, *, now: datetime) -> Receipt:
    mark = _mark_of(letter, raw)
    _one_at_a_time(mark)
    if Message.objects.filter(mark=mark).exists():
        return Receipt("repeated", Message.objects.select_related("thread").get(mark=mark))
    sender = _normal(letter.sender)
    claimed = whose("email", sender) if sender else None
    thread, named = _thread_of(letter)
    if thread is None:
        verified = claimed if trust == "verified" else None
        subject = letter.subject
        thread = _new_thread("email", sender, person=verified, claimed=claimed, subject=subject, now=now)
    elif named and trust == "unverified" and sender and sender == thread.address:
        trust = "verified"  # it came from where we wrote to, to an address that nobody else was told
    hers = trust == "verified" and claimed is not None and thread.person_id == claimed.pk
    message = Message.objects.create(
        thread=thread,
        mark=mark,
        direction="in",
        channel="email",
        author=_author(claimed if hers else None),
        sender=sender or letter.sender[:320],
        sender_name=letter.sender_name,
        subject=letter.subject,
        text=letter.text,
        html=markup.clean(letter.html) if letter.html else "",
        folded=[[span.kind, span.start, span.end] for span in fold(letter.text) if span.kind != "text"],
        message_id=letter.message_id,
        in_reply_to=letter.answers[0] if letter.answers else "",
        references=list(letter.answers),
        state="received",
        trust=trust,
        automatic=arrivals.is_automatic(letter),
        language=language_of(letter.text)[0] or (claimed.language if claimed and hers else ""),
        at=_moment(letter.at, now),
    )
    files.keep(message, letter.files)
    saying.heard(thread, message, by=BY, now=now)
    return Receipt("received", message)


def _thread_of(letter: Letter) -> tuple[Thread | None, bool]:
    """The conversation that goes on, under a lock, and whether a signed address names it. Never by its subject."""
    named = addresses.thread_of(letter.recipients)
    if named is not None and Thread.objects.filter(pk=named).exists():
        return saying.hold(named), True
    if letter.answers:
        rows = Message.objects.filter(message_id__in=letter.answers).order_by("id")
        found = dict(rows.values_list("message_id", "thread_id"))
        for one in letter.answers:
            if one in found:
                return saying.hold(found[one]), False
    return None, False


def _new_thread(
    channel: str,
    address: str,
    *,
    person: Person | None,
    claimed: Person | None,
    subject: str,
    assignee: User | None = None,
    now: datetime,
) -> Thread:
    return Thread.objects.create(
        person=person,
        claimed=claimed,
        assignee=assignee,
        address=address,
        channel=channel,
        subject=subject,
        language=person.language if person else "",
        state="open",
        created_at=now,
        last_at=now,
    )


def _refuse_too_large(letter: Letter, *, now: datetime) -> Receipt:
    """Tell the sender, once a day at most, and never a machine (RFC 3834)."""
    sender = _normal(letter.sender)
    if sender and not arrivals.is_automatic(letter):
        who = hmac.digest(settings.SECRET_KEY.encode(), sender.encode(), hashlib.sha256).hex()[:32]
        send(
            "messages.too_large",
            sender,
            key=f"messages.too_large:{who}:{now:%Y-%m-%d}",
            fields={"subject": letter.subject[:100], "megabytes": settings.MAIL_MAX_BYTES // (1024 * 1024)},
            last_word=True,
            by=BY,
            now=now,
        )
    return Receipt("too_large")


def _mark_of(letter: Letter, raw: bytes) -> str:
    """What a letter is: its id with who wrote what. The id alone would let anybody keep another's letter out."""
    what = "\x1f".join((letter.message_id, letter.sender, letter.subject, letter.text)).encode("utf-8", "replace")
    return f"email:{hashlib.sha256(what if letter.message_id else raw).hexdigest()}"


def _one_at_a_time(name: str) -> None:
    """Until the transaction ends nobody else takes the same in."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.arriving.' || %s, 0))", [name])


def _normal(address: str) -> str:
    try:
        return normalise("email", address) if address else ""
    except BadIdentifier:
        return ""


def _moment(written_at: datetime | None, now: datetime) -> datetime:
    if written_at is None or not now - DATED_BEHIND_MAX <= written_at <= now + DATED_AHEAD_MAX:
        return now
    return min(written_at, now)


def _author(person: Person | None) -> str:
    return str(Actor("person", str(person.uuid))) if person else str(BY)
