"""Remembering answers by `Idempotency-Key`, and forgetting them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from egard.api.models import IdempotencyRecord
from egard.api.refusals import Mismatch
from egard.kernel.access.actors import Actor
from egard.kernel.people.models import Person

KEPT = timedelta(hours=24)
"""How long an answer is remembered."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer, as it was given."""

    status: int
    content_type: str
    content: bytes


def claim(actor: Actor, key: str, *, path: str, body: bytes, now: datetime) -> int | Remembered:
    """Take the key inside a transaction: the number of our record, or the answer that was given under it.

    A twin at the same moment waits here until the first transaction has ended: then it finds the answer, or, where the
    first was refused, takes the key itself. A record past its time is taken over. Raises `Mismatch`.
    """
    body_hash = hashlib.sha256(body).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into api_idempotencyrecord as held"
            " (actor, key, path, body_hash, status, content_type, response, created_at)"
            " values (%s, %s, %s, %s, null, '', '', %s)"
            " on conflict (actor, key) do update set path = excluded.path, body_hash = excluded.body_hash,"
            " status = null, content_type = '', response = '', created_at = excluded.created_at"
            " where held.created_at < %s returning id",
            [str(actor), key, path, body_hash, now, now - KEPT],
        )
        ours = cursor.fetchone()
    if ours:
        # Each new answer takes a few old ones away: nothing has to be scheduled, and the table stays small.
        purge_idempotency(now=now, batch=20)
        return ours[0]
    held = IdempotencyRecord.objects.get(actor=str(actor), key=key)
    if held.path != path or bytes(held.body_hash) != body_hash or held.status is None:
        raise Mismatch
    return Remembered(held.status, held.content_type, held.response.encode())


def remember(record: int, *, status: int, content_type: str, content: bytes) -> None:
    """Keep the answer, in the transaction of what it answers. A record that an erasure forgot stays so."""
    IdempotencyRecord.objects.filter(pk=record).update(
        status=status, content_type=content_type, response=content.decode()
    )


def purge_idempotency(*, now: datetime, batch: int = 5000) -> int:
    """Delete the answers past their time, at most `batch` of them; how many went. Others may do so at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from api_idempotencyrecord where id in (select id from api_idempotencyrecord"
            " where created_at < %s order by created_at limit %s for update skip locked)",
            [now - KEPT, batch],
        )
        return cursor.rowcount


def forget_person(person: Person, *, now: datetime) -> None:
    """On erasure: answers and addresses that hold the person's id go."""
    uuid = str(person.uuid)
    IdempotencyRecord.objects.filter(Q(path__contains=uuid) | Q(response__contains=uuid)).delete()
