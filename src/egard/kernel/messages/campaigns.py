"""One text to many people: who may get it, filled and read by the checks for each, queued by the thousand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.jobs.operations import TryAgain, defer
from egard.kernel.messages import bulk, checking, outbox
from egard.kernel.messages.brand import organisation
from egard.kernel.messages.models import DeadAddress, Message, Outgoing, Template, Thread
from egard.kernel.messages.operations import deliver
from egard.kernel.messages.permitted import OWED
from egard.kernel.messages.rules import fields
from egard.kernel.people.models import Consent, Identifier, Person, Relationship
from egard.kernel.registry import Draft

BATCH = 1000
FIXED = ("author", "organisation")
"""Merge fields that say the same to everybody."""
SENT_TOGETHER = 200
"""Messages that one job hands over."""


@dataclass(frozen=True, slots=True)
class _Campaign:
    held: Template
    text: checking.OneText
    purpose: str
    key: str
    by: Actor
    now: datetime
    is_trial: bool


def write_all(
    persons: Iterable[int], held: Template, *, purpose: str, key: str, is_trial: bool = False, by: Actor, now: datetime
) -> Counter[str]:
    """Write the template to each of these persons by e-mail, once for ever under `key`: by the thousand, a transaction
    each, so that what was interrupted goes on where it was.

    How many were `queued`, and why the others were not: `again` (written before), `no_consent`, `no_address`, `dead`,
    `missing` (a field of the template says nothing of her), `style`. A trial (`is_trial`) tells the same and writes
    nothing.
    """
    tally: Counter[str] = Counter()
    one = _Campaign(held, checking.OneText(held.text, fixed=FIXED), purpose, key, by, now, is_trial)
    ids = iter(persons)
    while batch := list(islice(ids, BATCH)):
        with transaction.atomic():
            if not is_trial:
                _one_at_a_time(key)
            told, made = _prepared(batch, one)
            tally += told
            if not is_trial:
                _queue(made, purpose=purpose, now=now)
    return tally


def deliver_some(*, first: int, last: int, now: datetime) -> None:
    """A job: hand over what is due of these messages; each that has to wait gets a job of its own."""
    due = Outgoing.objects.filter(pk__gte=first, pk__lte=last, state="queued", try_at__lte=now).order_by("pk")
    for pk in list(due.values_list("pk", flat=True)):
        try:
            deliver(message=pk, now=now)
        except TryAgain as later:
            defer("messages.deliver", not_before=later.at, message=pk)


# --- inside --------------------------------------------------------------------------------------------------------


def _one_at_a_time(key: str) -> None:
    """Asked for twice at the same moment, the second finds what the first wrote."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.campaign.' || %s, 0))", [key])


def _prepared(batch: Sequence[int], of: _Campaign) -> tuple[Counter[str], list[Message]]:
    """A batch at a constant number of queries: what becomes of each, and the messages, not written yet."""
    people = {one.pk: one for one in Person.objects.filter(pk__in=batch, erased_at=None, root=None)}
    rows = dict(Person.objects.filter(pk__in=people).values_list("pk", "pk"))
    rows |= dict(Person.objects.filter(root__in=people).values_list("pk", "root"))
    reach = _addresses(rows)
    agreed = set(people) if of.purpose in OWED else _agreed(rows, of.purpose)
    dead = set(
        DeadAddress.objects.filter(channel="email", address__in=reach.values()).values_list("address", flat=True)
    )
    advisers = _advisers(people) if "adviser" in fields.named(of.held.text + of.held.subject) else {}
    marks = {pk: f"key:{of.key}:{one.uuid}" for pk, one in people.items()}
    known = set(Message.objects.filter(mark__in=marks.values()).values_list("mark", flat=True))
    house, tally = organisation(), Counter[str]()
    made: list[Message] = []
    for pk, person in people.items():
        address = reach.get(pk, "")
        why = (
            "again" if marks[pk] in known
            else "no_consent" if pk not in agreed
            else "no_address" if not address
            else "dead" if address in dead
            else ""
        )  # fmt: skip
        if not why:
            values = {
                "given_name": person.given_name, "family_name": person.family_name, "name": person.name,
                "adviser": advisers.get(pk, ""), "author": of.by.name, "organisation": house,
            }  # fmt: skip
            why = _prepare(person, address, of, values, marks[pk], made)
        tally[why] += 1
    return tally, made


def _prepare(
    person: Person, address: str, of: _Campaign, values: Mapping[str, str], mark: str, made: list[Message]
) -> str:
    """Her message, added to `made`; or why there is none."""
    held, by, now = of.held, of.by, of.now
    try:
        subject, text = " ".join(fields.filled(held.subject, values).split()), fields.filled(held.text, values)
    except fields.Missing:
        return "missing"
    draft = Draft(
        text=text, language=held.language, channel="email", author=by, now=now, moment=held.moment, person=person
    )
    verdict = of.text.check(draft, values)
    if verdict.blocks:
        return "style"
    if of.is_trial:
        return "queued"
    thread = Thread(
        person=person, address=address, channel="email", subject=subject, language=held.language, state="open",
        created_at=now, last_at=now,
    )  # fmt: skip
    uuid = new_id()
    message = Message(
        uuid=uuid, thread=thread, mark=mark, direction="out", channel="email", author=str(by), subject=subject,
        text=text, message_id=outbox.message_id_of(uuid), state="queued", automatic=True, language=held.language,
        moment=held.moment, score=verdict.score, at=now,
    )  # fmt: skip
    made.append(message)
    return "queued"


def _queue(made: Sequence[Message], *, purpose: str, now: datetime) -> None:
    """All of them by COPY, and a job for every few hundred."""
    if not made:
        return
    threads = [message.thread for message in made]
    bulk.number(Thread, threads)
    bulk.number(Message, made)
    for message, thread in zip(made, threads, strict=True):
        message.thread = thread  # which has its number now
    rows = [outbox.outgoing_of(one, to=one.thread.address, purpose=purpose, try_at=now, now=now) for one in made]
    bulk.number(Outgoing, rows)
    for model, those in ((Thread, threads), (Message, made), (Outgoing, rows)):
        bulk.copy(model, those)
    for at in range(0, len(rows), SENT_TOGETHER):
        some = rows[at : at + SENT_TOGETHER]
        defer("messages.deliver_some", first=some[0].pk, last=some[-1].pk)


def _addresses(rows: Mapping[int, int]) -> dict[int, str]:
    """The address that each gave last, by her own row."""
    mails = Identifier.objects.filter(person__in=rows, kind="email").order_by("id").values_list("person", "value")
    return {rows[pk]: value for pk, value in mails}


def _agreed(rows: Mapping[int, int], purpose: str) -> set[int]:
    """Whose latest word on this purpose is yes."""
    said = Consent.objects.filter(person__in=rows, purpose=purpose, channel="email").order_by("at", "id")
    latest = {rows[pk]: given for pk, given in said.values_list("person", "given")}
    return {pk for pk, given in latest.items() if given}


def _advisers(people: Mapping[int, Person]) -> dict[int, str]:
    ties = Relationship.objects.filter(kind="adviser", until=None)
    ties = ties.annotate(whose=Coalesce("person__root", "person")).filter(whose__in=people)
    ties = ties.order_by(F("person__root").asc(nulls_last=True))  # the survivor's own is the last word
    return dict(ties.values_list("whose", "staff__name"))
