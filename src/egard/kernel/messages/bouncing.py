"""What did not reach its reader, and whom our messages annoy: the address is marked, what was kept is owed again."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction

from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change
from egard.kernel.messages import addresses, saying
from egard.kernel.messages.models import DeadAddress, Message, Outgoing
from egard.kernel.messages.rules.arrivals import Report, reports
from egard.kernel.messages.rules.mime import Letter

WORDS_MAX = 300
_OURS = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@([\w.-]{1,255})>")


def note_reports(letter: Letter, *, now: datetime) -> bool:
    """What a delivery report says of messages of ours; whether it was about any.

    Believed only where it carries the Message-ID of a message that we sent to the recipient it names.
    """
    told = reports(letter)
    uuids = _named(letter)
    sent = {one.to: one for one in Outgoing.objects.filter(uuid__in=uuids)} if uuids else {}
    about = [(sent[one.address], one) for one in told if one.address in sent]
    for outgoing, report in about:
        if report.action == "failed" and not report.status.startswith("4"):
            bounce(outgoing, words=_words(report), now=now)
    return bool(about)


@transaction.atomic
def bounce(outgoing: Outgoing, *, words: str, now: datetime, why: str = "bounced") -> None:
    """A message came back (`bounced`), or its reader called it unwanted (`complained`). Twice is once."""
    if outgoing.to:
        DeadAddress.objects.get_or_create(
            channel=outgoing.channel,
            address=outgoing.to,
            defaults={"why": why, "words": words[:WORDS_MAX].replace(outgoing.to, "…"), "at": now},
        )
    if outgoing.message_id is None or why != "bounced":
        return
    thread = saying.hold(Message.objects.only("thread_id").get(pk=outgoing.message_id).thread_id)
    message = Message.objects.select_for_update().get(pk=outgoing.message_id)
    if message.state != "bounced":
        Message.objects.filter(pk=message.pk).update(state="bounced")
        saying.unanswered(thread, message, why="bounced", now=now)


def is_dead(channel: str, address: str) -> bool:
    """Whether messages to this address came back or were complained of, and nobody has said since that it lives."""
    return DeadAddress.objects.filter(channel=channel, address=address).exists()


@transaction.atomic
def revive(channel: str, address: str, *, by: Actor, now: datetime) -> None:
    """Somebody says that the address takes messages again; where it was not marked nothing changes."""
    gone, _rows = DeadAddress.objects.filter(channel=channel, address=address).delete()
    if gone:
        log_change("messages.address_revived", by=by, now=now, channel=channel)


def _named(letter: Letter) -> set[str]:
    """The messages of ours that a report carries, by their ids: in what it returns, or in its references."""
    returned = b"\n".join(file.content[:20_000] for file in letter.files).decode("latin-1")
    text = f"{letter.text[:20_000]}\n{returned}\n{' '.join(letter.answers)}"
    return {uuid for uuid, domain in _OURS.findall(text) if domain.lower() == addresses.house_domain()}


def _words(report: Report) -> str:
    return f"{report.status} {report.words}".strip()
