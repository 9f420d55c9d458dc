"""What is said with a person when she asks for a copy, is erased, or turns out to be two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from egard.kernel.access.actors import Viewer
from egard.kernel.messages import files
from egard.kernel.messages.models import OPEN, DeadAddress, Message, Outgoing, Thread, ThreadEvent
from egard.kernel.people.models import Person
from egard.kernel.registry import registry


def export(person: Person) -> list[dict[str, Any]]:
    """All that was said with her and sent to her, oldest first. What is a secret stays one; what staff noted among them
    is theirs.
    """
    secret = {kind.name for kind in registry.messages.values() if kind.secret}
    sent = Outgoing.objects.filter(person=person, message=None).order_by("id")
    rows = [
        {
            "kind": found.kind,
            "at": found.created_at,
            "to": found.to,
            "state": found.state,
            **({} if found.kind in secret else {"subject": found.subject, "text": found.text}),
        }
        for found in sent.iterator(chunk_size=500)
    ]
    said = Message.objects.filter(thread__person=person).exclude(direction="note").order_by("id")
    rows += [_copy(one) for one in said.select_related("thread").prefetch_related("attachments").iterator(500)]
    return sorted(rows, key=lambda row: row["at"])


def _copy(message: Message) -> dict[str, Any]:
    return {
        "kind": "messages.conversation",
        "at": message.at,
        "conversation": str(message.thread.uuid),
        "channel": message.channel,
        "direction": message.direction,
        "from": message.sender,
        "state": message.state,
        "subject": message.subject,
        "text": message.text,
        "files": [{"name": one.name, "type": one.type, "bytes": one.size} for one in message.attachments.all()],
    }


def erase(person: Person, *, now: datetime) -> None:
    """Forget what was said, by whom and from where; that something was, when and on what channel stays."""
    # What others share with her is not hers to take away.
    addresses = list(
        person.identifiers.filter(kind__in=("email", "phone"), exclusive=True).values_list("value", flat=True)
    )
    sent = Outgoing.objects.filter(Q(person=person) | Q(to__in=addresses, person=None))
    sent.filter(state__in=OPEN).update(state="dropped", ended_at=now)
    sent.update(to="", subject="", text="", html="", calendar="", headers={}, error="", wiped_at=now)
    hers = Thread.objects.filter(Q(person=person) | Q(person=None, address__in=addresses))
    said = Message.objects.filter(thread__in=hers.values("pk"))
    files.forget(said)
    said.update(
        sender="", sender_name="", subject="", text="", html="", folded=[], message_id="", in_reply_to="", references=[]
    )
    said.filter(state="queued").update(state="undone")
    ThreadEvent.objects.filter(thread__in=hers.values("pk")).update(data={})
    DeadAddress.objects.filter(address__in=addresses).delete()
    Thread.objects.filter(claimed=person).update(claimed=None)
    hers.update(subject="", address="", state="closed", awaiting=None, snoozed_until=None)


def counts(viewer: Viewer, person: Person) -> list[tuple[Any, int]]:
    """What a merge brings together."""
    if not viewer.can("messages.converse"):
        return []
    return [(_("Conversations"), Thread.objects.filter(person__in=person.members, joined_to=None).count())]
