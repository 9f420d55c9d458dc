"""Messages of conversations in the outbox, and what is noted when they have left it."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.conf import settings

from egard.kernel.jobs.operations import defer
from egard.kernel.messages import addresses, markup_page, saying, unsubscribing
from egard.kernel.messages.models import Message, Outgoing
from egard.kernel.messages.rules.arrivals import MARK

_METHOD = re.compile(r"^METHOD:([A-Z]+)\r?$", re.MULTILINE)
BACK = {"failed": "failed", "expired": "failed"}


def message_id_of(uuid: UUID) -> str:
    """The same at every try: who gets the message twice knows it for one."""
    return f"<{uuid}@{addresses.house_domain()}>"


def calendar_type(entry: str) -> str:
    """What a calendar entry is, as a mail program is told: its method decides what is done with it."""
    found = _METHOD.search(entry)
    return f"text/calendar; method={found[1] if found else 'PUBLISH'}"


def queue(message: Message, *, to: str, purpose: str, try_at: datetime, now: datetime) -> Outgoing:
    """Put a message of a conversation into the outbox, to leave at `try_at`."""
    outgoing = outgoing_of(message, to=to, purpose=purpose, try_at=try_at, now=now)
    outgoing.save(force_insert=True)
    defer("messages.deliver", not_before=try_at if try_at > now else None, message=outgoing.pk)
    return outgoing


def outgoing_of(message: Message, *, to: str, purpose: str, try_at: datetime, now: datetime) -> Outgoing:
    """The row of the outbox, not written yet."""
    letter = message.channel == "email"
    return Outgoing(
        uuid=message.uuid,
        key=f"message:{message.uuid}",
        kind="messages.conversation",
        channel=message.channel,
        to=to,
        person=message.thread.person,
        message=message,
        purpose=purpose,
        headers=_headers(message, purpose, to) if letter else {},
        language=message.language or settings.LANGUAGE_CODE,
        subject=message.subject,
        text=message.text,
        html=markup_page.page(message.text, message.language) if letter else "",
        by=message.author,
        created_at=now,
        try_at=try_at,
    )


def withdraw(message: Message, *, now: datetime) -> bool:
    """Take a message back before it is handed over; False where it was."""
    return bool(
        Outgoing.objects.filter(message=message, state="queued", attempts=0).update(state="dropped", ended_at=now)
    )


def note_end(outgoing: Outgoing, *, now: datetime) -> None:
    """What became of a message of a conversation: it left, and keeps what was promised, or it did not."""
    if outgoing.message_id is None:
        return
    thread = saying.hold(Message.objects.only("thread_id").get(pk=outgoing.message_id).thread_id)
    message = Message.objects.select_for_update().get(pk=outgoing.message_id)
    if message.state != "queued":
        return
    if outgoing.state == "sent":
        message.state = "sent"
        message.save(update_fields=["state"])
        message.thread = thread
        saying.answered(thread, message, by=saying.actor_of(message), now=now)
    elif outgoing.state in BACK:
        message.state = BACK[outgoing.state]
        message.save(update_fields=["state"])
        saying.unanswered(thread, message, why="not_sent", now=now)


def headers_of_house() -> dict[str, str]:
    """What each letter of ours bears, by which it is known when it comes back."""
    return {MARK: addresses.house_mark()}


def _headers(message: Message, purpose: str, to: str) -> dict[str, str]:
    found = {
        "Reply-To": addresses.reply_to(message.thread_id),
        "In-Reply-To": message.in_reply_to,
        "References": " ".join(message.references),
        "Auto-Submitted": "auto-generated" if message.automatic else "",
        **unsubscribing.headers(message.thread.person, purpose, message.channel),
    }
    return {name: value for name, value in found.items() if value}
