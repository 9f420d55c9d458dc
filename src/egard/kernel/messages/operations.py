"""Writing a message, handing it over, and forgetting what it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict
from egard.kernel.access.actors import Actor
from egard.kernel.jobs.operations import TryAgain, defer, in_hand
from egard.kernel.messages import drivers, outbox, texts
from egard.kernel.messages.models import OPEN, Outgoing
from egard.kernel.messages.permitted import WRITTEN
from egard.kernel.messages.rules import retries
from egard.kernel.people.models import Person
from egard.kernel.people.operations import normalise
from egard.kernel.registry import registry

BESIDE = timedelta(seconds=20)
"""When to look again after a message that another worker has in hand."""
LOST = timedelta(minutes=5)
"""A message that is so late has lost its job (a backup was restored): it gets another."""
SWEPT_MAX = 1000
ERROR_MAX = 300


class MessageKeyReused(Conflict):
    """The key names another message already; a second message is another key."""

    code = "messages.key_reused"
    message = _("The key “{key}” already names another message.")


@transaction.atomic
def send(
    kind: str,
    to: str,
    *,
    key: str,
    fields: Mapping[str, Any] | None = None,
    person: Person | None = None,
    language: str = "",
    channel: str = "email",
    calendar: str = "",
    send_at: datetime | None = None,
    expires_at: datetime | None = None,
    last_word: bool = False,
    by: Actor,
    now: datetime,
) -> Outgoing:
    """Write a message to the address `to` of a `channel` (`email`, `sms`); it leaves once this transaction commits, not
    before `send_at`, and is sent once for ever. A letter may bring an entry for the reader's `calendar` (iCalendar).

    The same key again gives the first message, however often it is asked; with another kind or address it is refused
    (`MessageKeyReused`). After `expires_at` it is not sent any more. A `last_word` goes to somebody who was erased: her
    address is forgotten with the sending. Raises `BadIdentifier` for what is no address.
    """
    declared = registry.messages[kind]
    address = normalise(WRITTEN[channel], to)
    code = texts.language_for(language, person.language if person else "")
    words = texts.written(declared, code, fields or {}, channel=channel)
    try_at = max(now, send_at or now)
    values = {
        "kind": kind,
        "channel": channel,
        "to": address,
        "person": person,
        "language": code,
        "subject": words.subject,
        "text": words.text,
        "html": words.html,
        "calendar": calendar,
        "by": str(by),
        "created_at": now,
        "expires_at": expires_at,
        "last_word": last_word,
        "try_at": try_at,
    }
    message, created = Outgoing.objects.get_or_create(key=key, defaults=values)
    if created:
        defer("messages.deliver", not_before=try_at if try_at > now else None, message=message.pk)
    elif message.kind != kind or (message.to and message.to != address):
        raise MessageKeyReused(key=key)
    return message


def take_back(keys: Iterable[str], *, now: datetime) -> int:
    """Messages that have not left yet are not sent any more; gives how many those were."""
    waiting = Outgoing.objects.filter(key__in=list(keys), state="queued")
    return waiting.update(state="dropped", ended_at=now)


def deliver(*, message: int, now: datetime) -> None:
    """A job: hand one message to the driver. What was sent, expired or dropped is left alone: running twice is safe.

    Raises `TryAgain` while the server is away, with ever longer waits.
    """
    with in_hand(f"message.{message}", beside=BESIDE, now=now):
        found = _take(message, now=now)
        if found is None:
            return
        driver = drivers.driver(found.channel)
        try:
            provider_id = driver.send(found)
        except drivers.Refused as refusal:
            _end(found, "failed", error=str(refusal), now=now)
        except drivers.Away as error:
            if later := _put_off(found, str(error), now=now):
                raise TryAgain(later, str(error)) from error
        else:
            _end(found, "sent", driver=driver.name, provider_id=provider_id, now=now)


def sweep(*, now: datetime) -> None:
    """A job, each minute: what lost its job gets another; what is of no use any more is wiped."""
    late = Outgoing.objects.filter(state__in=OPEN, try_at__lt=now - LOST).order_by("try_at")
    for pk in late.values_list("pk", flat=True)[:SWEPT_MAX]:
        defer("messages.deliver", message=pk)
        Outgoing.objects.filter(pk=pk).update(try_at=now)
    secret = [kind.name for kind in registry.messages.values() if kind.secret]
    over = Outgoing.objects.filter(wiped_at__isnull=True, expires_at__lt=now, kind__in=secret).exclude(state__in=OPEN)
    for found in over[:SWEPT_MAX]:
        _wipe(found, now=now)


# --- inside -------------------------------------------------------------------------------------------------------


@transaction.atomic
def _take(pk: int, *, now: datetime) -> Outgoing | None:
    """The message, noted as being sent; None where there is nothing to send."""
    found = Outgoing.objects.select_for_update().filter(pk=pk, state__in=OPEN).first()
    if found is None:
        return None
    if found.expires_at and found.expires_at <= now:
        _end(found, "expired", now=now)
        return None
    found.state, found.attempts = "sending", found.attempts + 1
    found.save(update_fields=["state", "attempts"])
    return found


@transaction.atomic
def _end(
    found: Outgoing, state: str, *, now: datetime, error: str = "", driver: str = "", provider_id: str = ""
) -> None:
    """The last word on a message, unless somebody said it before (its person was erased while it was sent)."""
    changed = Outgoing.objects.filter(pk=found.pk, state__in=OPEN).update(
        state=state, ended_at=now, error=error[:ERROR_MAX], driver=driver, provider_id=provider_id
    )
    if not changed:
        return
    found.refresh_from_db()
    outbox.note_end(found, now=now)
    if found.last_word:
        Outgoing.objects.filter(pk=found.pk).update(to="", error="")
    # What nobody received but the sandbox is read there, until it expires.
    kind = registry.messages.get(found.kind)
    if kind is not None and kind.secret and not (state == "sent" and driver == drivers.Sandbox.name):
        _wipe(found, now=now)


def _put_off(found: Outgoing, error: str, *, now: datetime) -> datetime | None:
    """Note the failure; when to try again, or None where it was the last try."""
    later = retries.next_try(attempts=found.attempts, created_at=found.created_at, now=now)
    if later is None:
        _end(found, "failed", error=error, now=now)
        return None
    if found.expires_at:
        later = min(later, found.expires_at)  # to be marked expired when it is
    Outgoing.objects.filter(pk=found.pk, state="sending").update(
        state="queued", try_at=later, error="" if found.last_word else error[:ERROR_MAX]
    )
    return later


def _wipe(found: Outgoing, *, now: datetime) -> None:
    Outgoing.objects.filter(pk=found.pk).update(subject="", text="", html="", calendar="", wiped_at=now)
