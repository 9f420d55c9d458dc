"""Recording what happened, correcting it by another fact, and forgetting who it happened to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from egard.base import invalid
from egard.base.ids import new_id
from egard.base.refusal import Conflict, NotFound, Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import redacting
from egard.kernel.people.bulk import add_identifiers
from egard.kernel.people.live import tell_facts
from egard.kernel.people.members import of
from egard.kernel.people.models import Person
from egard.kernel.people.operations import Erased, normalise
from egard.kernel.registry import FactType, registry
from egard.kernel.timeline import kinds, schemas
from egard.kernel.timeline.models import Fact


class BadFact(Refusal):
    """The data does not fit the fact's declared schema; the fields say where."""

    code = "timeline.bad_fact"
    message = _("The data does not fit “{kind}”: {why}")

    @classmethod
    def of(cls, fact_type: FactType, error: ValidationError) -> BadFact:
        why, fields = describe(error)
        return cls(kind=fact_type.kind, why=why, fields=fields)


class KeyReused(Conflict):
    """The key names another fact of this person already; a correction is a fact of its own with its own key."""

    code = "timeline.key_reused"
    message = _("The key “{key}” already names another fact of this person. Record a correction under a new key.")


class AlreadyCorrected(Conflict):
    """The fact was corrected before: correct that correction, so that there is one last word."""

    code = "timeline.already_corrected"
    message = _("This fact was corrected already. Correct the correction instead.")


class FromTheFuture(Refusal):
    """A fact is past: it cannot be dated more than five minutes ahead of our clock."""

    code = "timeline.from_the_future"
    message = _("“{at}” lies in the future; a fact is something that happened.")


CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead another machine's clock may be."""


def describe(error: ValidationError) -> tuple[str, dict[str, str]]:
    """A validation error as one sentence and as words by field."""
    fields = invalid.by_field(error.errors(include_url=False, include_input=False), whole="data")
    return "; ".join(f"{name}: {why}" for name, why in fields.items()), fields


def validated(fact_type: FactType, data: Any) -> bytes:
    """The data as the JSON that is stored, checked against the declaration. Raises `BadFact`."""
    adapter = schemas.adapter(fact_type.type)
    try:
        stored = adapter.dump_json(adapter.validate_python(data))
    except ValidationError as error:
        why, fields = describe(error)
        raise BadFact(kind=fact_type.kind, why=why, fields=fields) from error
    if len(stored) > schemas.DATA_MAX_BYTES:
        raise BadFact(kind=fact_type.kind, why=f"{len(stored)} bytes, at most {schemas.DATA_MAX_BYTES}")
    if b"\\u0000" in stored:
        raise BadFact(kind=fact_type.kind, why="the character NUL cannot be stored")
    return stored


@transaction.atomic
def record(
    person: Person | None,
    fact: Any,
    *,
    at: datetime,
    by: Actor,
    channel: str,
    key: str,
    now: datetime,
    corrects: UUID | None = None,
    history: bool = False,
) -> Fact:
    """Write one fact; `fact` is an instance of a declared dataclass, `at` when it happened, `key` its name for ever.

    The same key with the same content returns the first record; with other content it is refused (`KeyReused`).
    A late fact takes its place by `at`. It stays with the row of `person`, a correction with that of what it corrects,
    so that both go where they belong when a merge is undone. Raises `BadFact`, `FromTheFuture`, `Erased`, `NotFound`
    (of `corrects`), `AlreadyCorrected`.
    """
    fact_type = registry.fact_of[type(fact)]
    data = validated(fact_type, fact)
    if at > now + CLOCK_SKEW:
        raise FromTheFuture(at=at.isoformat())
    if corrects is not None:
        person = _whose(corrects, person)
    if person is not None and not _lock_alive(person.pk):
        raise Erased
    kind = kinds.number(fact_type)
    row = Fact(
        uuid=new_id(), person=person, kind_id=kind, at=at, recorded_at=now, channel=channel, key=key, by=str(by),
        corrects=corrects, history=history, data=orjson.loads(data),
    )  # fmt: skip
    if not _written(row, data):
        stored = Fact.objects.get(person=person, key=key)
        if not _same(stored, kind, at, data):
            raise KeyReused(key=key)
        return stored
    if person is None:
        return row
    tell_facts(person)
    if given := identifiers_of(fact_type, orjson.loads(data)):
        add_identifiers([(person.pk, name, value) for name, value in given], by=by, now=now)
    return row


def _whose(corrected: UUID, person: Person | None) -> Person | None:
    """The row that holds the fact to be corrected, which must be one of this person's. Raises `NotFound`."""
    if person is None:
        if not Fact.objects.filter(person=None, uuid=corrected).exists():
            raise NotFound
        return None
    holder = Fact.objects.filter(uuid=corrected).values("person")
    found = Person.objects.filter(of(person.pk), pk__in=holder).first()
    if found is None:
        raise NotFound
    return found


def identifiers_of(fact_type: FactType, data: dict[str, Any]) -> list[tuple[str, str]]:
    """The identifiers that a fact's fields give its person (`Identifies`), in their stored form.

    An order's number points to its buyer from then on. Raises `BadIdentifier`.
    """
    return [
        (kind, normalise(kind, str(data[name]))) for name, kind in schemas.identifying(fact_type.type) if data.get(name)
    ]


def _written(row: Fact, data: bytes) -> bool:
    """Write it unless its key is there; whether it was. Raises `AlreadyCorrected`."""
    if row.corrects is None:
        return _insert(row, data)
    try:
        with transaction.atomic():
            return _insert(row, data)
    except IntegrityError as error:
        # The one index that is not the key's. A twin of this very record may have come first.
        if not Fact.objects.filter(person=row.person, key=row.key, corrects=row.corrects).exists():
            raise AlreadyCorrected from error
        return False


def _insert(row: Fact, data: bytes) -> bool:
    names = ("uuid", "person_id", "kind_id", "at", "recorded_at", "channel", "key", "by", "corrects", "history")
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into timeline_fact ({', '.join(names)}, data) values ({'%s, ' * len(names)}%s::jsonb)"
            " on conflict (person_id, key) do nothing returning id, txid",
            [*(getattr(row, name) for name in names), data.decode()],
        )
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk, row.txid = found
    row._state.adding, row._state.db = False, connection.alias
    return True


def _lock_alive(pk: int) -> bool:
    """A share lock: an erasure waits for facts being written, and facts written after it are refused."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from people_person where id = %s and erased_at is null for key share", [pk])
        return cursor.fetchone() is not None


def _same(stored: Fact, kind: int, at: datetime, data: bytes) -> bool:
    return stored.kind_id == kind and stored.at == at and stored.data == orjson.loads(data)


def erase(person: Person, *, now: datetime) -> None:
    """Redact the personal fields of all her facts in place; that they happened, and their figures, stay."""
    with redacting(), connection.cursor() as cursor:
        for fact in Fact.objects.filter(person=person).select_related("kind").iterator(chunk_size=2000):
            fact_type = registry.facts.get(str(fact.kind))
            # A journey that is gone cannot say what was personal: then everything was.
            data = schemas.redact(fact.data, schemas.personal_paths(fact_type.type)) if fact_type else {}
            if data != fact.data:
                cursor.execute(
                    "update timeline_fact set data = %s::jsonb where id = %s",
                    [orjson.dumps(data).decode(), fact.pk],
                )


def export(person: Person) -> list[dict[str, Any]]:
    """Her whole timeline, oldest first, as plain data."""
    return [
        {"kind": str(f.kind), "at": f.at, "channel": f.channel, "data": f.data, "recorded_at": f.recorded_at}
        for f in Fact.objects.filter(person=person)
        .select_related("kind")
        .order_by("at", "id")
        .iterator(chunk_size=2000)
    ]


def rebase_log() -> int:
    """After a restore into another cluster, continue the log's numbering above what is stored; returns the new base.

    The log is ordered by transaction numbers, which belong to a cluster. Called by `migrate`; does nothing where the
    numbers still run ahead. Connections opened before do not see the new base.
    """
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(txid), 0), egard_log_txid() from timeline_fact")
        highest, current = cursor.fetchone()
        if highest <= current:
            return 0
        cursor.execute("select current_database(), coalesce(current_setting('egard.log_base', true), '')")
        database, base = cursor.fetchone()
        raised = int(base or 0) + highest - current + 1
        cursor.execute(f'alter database "{database}" set egard.log_base = {raised}')
        cursor.execute("select set_config('egard.log_base', %s, false)", [str(raised)])
        return raised
