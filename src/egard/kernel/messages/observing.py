"""What providers tell by themselves: letters that came in, and what became of those that went out (django-anymail)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anymail.signals import EventType

from egard.kernel.messages import bouncing
from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.models import Outgoing

UNWANTED = {EventType.COMPLAINED, EventType.UNSUBSCRIBED}
BACK = {EventType.BOUNCED, EventType.REJECTED, EventType.FAILED}


def note_inbound(event: Any, provider: str, *, now: datetime) -> None:
    """A letter that a provider took in for us; anymail has verified who tells us."""
    receive_email(event.message.as_bytes(), source=f"webhook:{provider}"[:64], mark=event.event_id or "", now=now)


def note_tracking(event: Any, *, now: datetime) -> None:
    """What became of a letter of ours; what is said of others' is left alone."""
    if event.event_type not in UNWANTED | BACK or not event.message_id:
        return
    sent = Outgoing.objects.filter(provider_id=event.message_id)
    for outgoing in sent.filter(to=(event.recipient or "").lower())[:1]:
        why = "complained" if event.event_type in UNWANTED else "bounced"
        bouncing.bounce(outgoing, words=event.mta_response or event.description or "", why=why, now=now)
