"""Handing a portfolio over: planned, then done client by client, each whole or not at all, and told once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.journeys.reach import facts, moving, refusals, state
from egard.journeys.reach.handovers import wording
from egard.journeys.reach.models import Handed, Handover
from egard.journeys.reach.operations import TOPIC
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.jobs.operations import defer
from egard.kernel.messages import conversing, permitted
from egard.kernel.messages.checking import StyleRefused
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.rules.fields import Missing
from egard.kernel.messages.texts import language_for
from egard.kernel.people.models import Person, Relationship
from egard.kernel.people.operations import BadValue, set_adviser
from egard.kernel.promises.models import OUTSTANDING, Promise
from egard.kernel.promises.writing import lock_subjects
from egard.kernel.timeline.operations import record

logger = logging.getLogger(__name__)

JOB = "reach.hand_over"
SOON = timedelta(seconds=10)
"""For so long a handover that is to be done at once can be taken back."""
AHEAD_MAX = timedelta(days=366)
BATCH = 50
"""So many clients one job hands over; the next one goes on."""
LOST = timedelta(minutes=5)
"""A handover that is so late has lost its job: it gets another."""
WAYS = ("email", "sms", "post")
"""By which she is told, where she never wrote to us: in this order, as far as we have an address."""
PICKED_MAX = 2000


@transaction.atomic
def plan(
    giver: User,
    taker: User,
    words: Mapping[str, Mapping[str, str]],
    *,
    persons: Collection[Person] | None = None,
    at: datetime | None = None,
    uuid: UUID | None = None,
    by: Actor,
    now: datetime,
) -> Handover:
    """Hand the clients of `giver` to `taker`, at a moment or in ten seconds: `persons`, or None for all who are hers
    then. `words` are told to each, by language: subject and text with merge fields. The same `uuid` again is the same
    handover.

    Raises `WrongHandover`, `StyleRefused`.
    """
    if uuid:
        with connection.cursor() as cursor:  # sent twice at the same moment
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.handover.' || %s, 0))", [str(uuid)])
        if held := Handover.objects.filter(uuid=uuid).first():
            return held
    wrong: dict[str, str] = {}
    why = str(refusals.NoStaff.message)
    if taker.pk == giver.pk or not state.is_reached(taker):
        wrong["taker"] = why
    hers = {one.pk for one in persons or ()}
    if persons is not None:
        ties = Relationship.objects.filter(staff=giver, kind="adviser", until=None)
        known = set(ties.filter(person__in=hers).values_list("person", flat=True))
        if not 1 <= len(hers) <= PICKED_MAX or hers - known:
            wrong["persons"] = str(refusals.WrongHandover.NOBODY)
    if at is not None and not now - LOST <= at <= now + AHEAD_MAX:
        wrong["at"] = str(refusals.WrongHandover.WHEN)
    if wrong:
        raise refusals.WrongHandover(fields=wrong, why=" ".join(wrong.values()))
    told = wording.checked(words, by=by, now=now)
    begins = max(at or now, now + SOON)
    made = Handover.objects.create(
        uuid=uuid or new_id(), giver=giver, taker=taker, at=begins, everybody=persons is None, words=told,
        by=f"{by}", created_at=now,
    )  # fmt: skip
    Handed.objects.bulk_create([Handed(handover=made, person_id=pk) for pk in sorted(hers)])
    log_change(
        "reach.handover_planned", by=by, now=now, subject=str(giver.pk), taker=str(taker.pk), at=begins.isoformat()
    )
    defer(JOB, not_before=begins, handover=made.pk)
    tell(TOPIC)
    return made


@transaction.atomic
def withdraw(handover: Handover, *, by: Actor, now: datetime) -> Handover:
    """It is not to be done after all; twice is once. Raises `BegunAlready`."""
    held = Handover.objects.select_for_update(of=("self",)).select_related("giver", "taker").get(pk=handover.pk)
    if held.begun_at is not None:
        raise refusals.BegunAlready
    if held.withdrawn_at is None:
        held.withdrawn_at = now
        held.save(update_fields=["withdrawn_at"])
        log_change("reach.handover_withdrawn", by=by, now=now, subject=str(held.giver_id))
        tell(TOPIC)
    return held


def hand_over(*, handover: int, now: datetime) -> None:
    """A job: some clients of a handover, each in a transaction of her own; then another job, until none is left.
    Running twice, or two at once, hands nobody over twice.
    """
    held = _begin(handover, now=now)
    if held is None:
        return
    waiting = Handed.objects.filter(handover=held, at=None).order_by("pk")
    done = 0
    for pk in list(waiting.values_list("pk", flat=True)[:BATCH]):
        try:
            hand_one(held, pk, now=now)
            done += 1
        except Exception:  # one client stops nobody behind her; she is tried again with the next sweep
            logger.exception("handover %s, client %s", held.pk, pk)
    with transaction.atomic():
        if waiting.exists():
            if done:
                defer(JOB, handover=held.pk)
        elif Handover.objects.filter(pk=held.pk, ended_at=None).update(ended_at=now):
            n = Handed.objects.filter(handover=held, why__in=("", *_TOLD_NOT)).count()
            log_change("reach.handed_over", by=_by(held), now=now, subject=str(held.giver_id),
                       taker=str(held.taker_id), clients=n)  # fmt: skip
        tell(TOPIC)


def sweep(*, now: datetime) -> None:
    """A job: what is late has lost its job (a backup was restored), and gets another."""
    late = Handover.objects.filter(ended_at=None, withdrawn_at=None, at__lt=now - LOST)
    for pk in late.values_list("pk", flat=True)[:100]:
        defer(JOB, handover=pk)


@transaction.atomic
def hand_one(handover: Handover, item: int, *, now: datetime) -> None:
    """One client: her adviser, her open conversations, what she was promised, and the word to her, together or not at
    all. Not where somebody else is at it, or did it.
    """
    rows = Handed.objects.select_for_update(skip_locked=True, of=("self",)).select_related("person__root")
    held = rows.filter(pk=item, at=None).first()
    if held is None:
        return
    giver, taker, by = handover.giver, handover.taker, _by(handover)
    locked = Person.objects.select_for_update(no_key=True)  # another handover may have her, too
    person = locked.get(pk=held.person.root_id or held.person_id)
    held.at, held.why = now, _not_hers(person, giver)
    if not held.why:
        held.moved = _move_all(person, giver, taker, by=by, now=now)
        try:
            set_adviser(person, taker, since=now, by=by, now=now)
        except BadValue:  # her adviser begins later than today, by an import
            held.why = "not_hers"
        else:
            key = f"handover:{handover.uuid}:{person.uuid}"
            fact = facts.HandedOver(former=giver.name, adviser=taker.name)
            record(person, fact, at=now, by=by, channel="", key=key, now=now)
            held.told_by, held.why = _tell(handover, person, key=key, by=by, now=now)
    held.save()


# --- inside --------------------------------------------------------------------------------------------------------

_TOLD_NOT = ("no_address", "dead", "missing", "style")


@transaction.atomic
def _begin(pk: int, *, now: datetime) -> Handover | None:
    """The handover, whose clients are known from now on; None where there is nothing to do."""
    rows = Handover.objects.select_for_update(of=("self",)).select_related("giver", "taker")
    held = rows.filter(pk=pk, ended_at=None, withdrawn_at=None, at__lte=now).first()
    if held is None or held.begun_at is not None:
        return held
    if held.everybody:
        ties = Relationship.objects.filter(staff=held.giver, kind="adviser", until=None, person__root=None)
        persons = ties.order_by("person").values_list("person", flat=True)
        Handed.objects.bulk_create([Handed(handover=held, person_id=one) for one in persons], batch_size=1000)
    held.begun_at = now
    held.save(update_fields=["begun_at"])
    return held


def _not_hers(person: Person, giver: User) -> str:
    """Why she is not handed over."""
    if person.erased_at is not None:
        return "erased"
    ties = Relationship.objects.filter(person__in=person.members, kind="adviser", until=None, staff=giver)
    return "" if ties.exists() else "not_hers"


def _move_all(person: Person, giver: User, taker: User, *, by: Actor, now: datetime) -> int:
    """Her conversations and promises, all of them locked first in one order; how many promises."""
    threads = moving.threads(giver, person.members)
    owed = Promise.objects.filter(OUTSTANDING, person__in=person.members, owner=giver).order_by("pk")
    lock_subjects({one.subject for one in owed if one.subject}, wait=True)
    list(Thread.objects.select_for_update().filter(pk__in=[one.pk for one in threads]).order_by("pk"))
    n = 0
    for promise in owed:
        n += moving.move(promise, taker, keep_time=False, by=by, now=now)
    for thread in moving.threads(giver, person.members):
        conversing.assign(thread, assignee=taker, by=by, now=now)
    return n


def _tell(handover: Handover, person: Person, *, key: str, by: Actor, now: datetime) -> tuple[str, str]:
    """By which channel she is told, and why not."""
    channel, why = way_to(person)
    if not channel:
        return "", why
    words = handover.words[language_for(person.language)]
    try:
        filled = wording.filled(words, person, handover.giver, handover.taker)
        with transaction.atomic():
            said = conversing.Words(text=filled.text, subject=filled.subject, moment=wording.MOMENT)
            message = conversing.write(person, channel, said, purpose="service", by=by, now=now, key=key)
            conversing.assign(message.thread, assignee=handover.taker, by=by, now=now)
    except Missing:
        return "", "missing"
    except StyleRefused:
        return "", "style"
    except Refusal as refusal:
        return "", refusal.code.rpartition(".")[2][:16]
    return channel, ""


def way_to(person: Person) -> tuple[str, str]:
    """By which channel she is told something: the one on which she wrote to us last, else by which we can; empty, and
    why, where there is none.
    """
    said = Message.objects.filter(thread__person__in=person.members, direction="in", channel__in=WAYS)
    last = said.order_by("-id").values_list("channel", flat=True).first()
    why = "no_address"
    for channel in dict.fromkeys((*((last,) if last else ()), *WAYS)):
        with suppress(permitted.NoAddress, permitted.NoConsent):
            try:
                permitted.require(person, channel, "service", address=permitted.address_for(person, channel))
            except permitted.AddressDead:
                why = "dead"
            else:
                return channel, ""
    return "", why


def _by(handover: Handover) -> Actor:
    kind, _colon, name = handover.by.partition(":")
    user = User.objects.filter(pk=name).first() if kind == "user" else None
    return Actor(kind, name, user.name if user else "")  # type: ignore[arg-type]
