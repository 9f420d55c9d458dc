"""Leaving a purpose by one click, from the letter itself (RFC 8058) or from its page."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor
from egard.kernel.messages.permitted import OWED
from egard.kernel.people.models import Person
from egard.kernel.people.operations import record_consent
from egard.kernel.people.queries import has_consent

SALT = "egard.messages.unsubscribe"


def token_of(person: Person, purpose: str, channel: str) -> str:
    """What a letter carries; it opens nothing but this way out, and for ever."""
    return signing.dumps([str(person.uuid), purpose, channel], salt=SALT, compress=False)


def headers(person: Person | None, purpose: str, channel: str) -> dict[str, str]:
    """For what needs consent, where the house has a public address to which one can click."""
    if person is None or purpose in OWED or not settings.URL:
        return {}
    address = f"{settings.URL}/p/unsubscribe/{token_of(person, purpose, channel)}"
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def read(token: str) -> tuple[Person, str, str]:
    """Whom and what a token is about. Raises `NotFound` for what is not ours, or of somebody who is gone."""
    try:
        uuid, purpose, channel = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound from None
    found = Person.objects.filter(uuid=UUID(uuid), erased_at=None).select_related("root").first()
    if found is None:
        raise NotFound
    return found.root or found, purpose, channel


def unsubscribe(token: str, *, now: datetime) -> tuple[str, str]:
    """She wants no more of this purpose on this channel; said twice, it is said once. Purpose and channel."""
    person, purpose, channel = read(token)
    if has_consent(person.pk, purpose, channel):
        by = Actor("person", str(person.uuid))
        record_consent(person, purpose, channel, given=False, proof="one-click unsubscribe", by=by, now=now)
    return purpose, channel
