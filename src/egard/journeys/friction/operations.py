"""Saying that somebody left, or is a client again; declaring how a process changes; having the figures reckoned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from egard.base.refusal import Refusal
from egard.console.typed import ids_of
from egard.journeys.friction import facts, refusals, words
from egard.journeys.friction.models import Alert, Change, Leaving, Mark
from egard.journeys.friction.rules import REASONS
from egard.journeys.friction.rules.arms import EVERYBODY
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.operations import log_change
from egard.kernel.jobs.operations import defer
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.registry import Choice, Done
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record

TOPIC = "friction"
JOB = "friction.evaluate"
LEAVE = "friction.leave"


def leave(
    person: Person,
    reason: str,
    *,
    said: str = "",
    at: datetime,
    by: Actor,
    channel: str = "",
    key: str,
    now: datetime,
) -> Fact:
    """Somebody is no longer a client since `at`; the same key says it once. Raises `WrongReason`, `FromTheFuture`,
    `KeyReused`, `Erased`.
    """
    if reason not in REASONS:
        raise refusals.WrongReason(known=", ".join(REASONS), fields={"reason": str(refusals.WrongReason.message)})
    fact = facts.Left(reason=reason, words=said.strip())  # type: ignore[arg-type]
    return record(person, fact, at=at, by=by, channel=channel, key=key, now=now)


def come_back(person: Person, *, at: datetime, by: Actor, channel: str = "", key: str, now: datetime) -> Fact:
    """She is a client again; at the very moment of her leaving: it was said by mistake."""
    return record(person, facts.Returned(), at=at, by=by, channel=channel, key=key, now=now)


@transaction.atomic
def declare_change(
    process: str, name: str, *, starts_at: datetime, share: int = EVERYBODY, by: Actor, now: datetime
) -> Change:
    """A process is another one from a moment on; where `share` is below 100, for so many persons in a hundred, drawn by
    lot. The same change declared again is the same. Raises `WrongChange`.
    """
    known = Mark.objects.filter(process=process).exists()
    if not name.strip() or len(name) > 120 or not known or not 1 <= share <= EVERYBODY:
        raise refusals.WrongChange(fields={"name": str(refusals.WrongChange.message)})
    what: dict[str, Any] = {"process": process, "name": name.strip(), "starts_at": starts_at, "share": share}
    made, created = Change.objects.get_or_create(**what, defaults={"declared_at": now, "by": str(by)})
    if created:
        log_change("friction.change_declared", by=by, now=now, subject=str(made.uuid), process=process)
        tell(TOPIC)
    return made


@transaction.atomic
def end_change(change: Change, *, by: Actor, now: datetime) -> Change:
    """It is compared no longer, and nobody has the new way by lot any more."""
    ended = Change.objects.filter(pk=change.pk, ends_at__isnull=True)
    if ended.update(ends_at=max(now, change.starts_at)):
        log_change("friction.change_ended", by=by, now=now, subject=str(change.uuid))
        tell(TOPIC)
    return Change.objects.get(pk=change.pk)


@transaction.atomic
def see_alert(alert: UUID, *, by: Actor, now: datetime) -> None:
    """A manager has taken note of it: it waits for nobody any more."""
    if Alert.objects.filter(uuid=alert, seen_at__isnull=True).update(seen_at=now, seen_by=str(by)):
        tell(TOPIC)


@transaction.atomic
def reckon(*, by: Actor, now: datetime) -> None:
    """Have the figures reckoned as soon as a worker can; else they are reckoned each night."""
    defer(JOB)
    log_change("friction.reckoned", by=by, now=now)


# --- what is done to persons from their pages and lists -------------------------------------------------------------


def reasons(viewer: Viewer, q: str, now: datetime) -> list[Choice]:
    """Why they left, as one may choose."""
    return [Choice(code, label) for code, label in words.REASONS.items() if q.lower() in str(label).lower()]


@transaction.atomic
def say_left(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """They left us; whoever has left already is left out."""
    gone = Leaving.objects.filter(Q(person=OuterRef("pk")) | Q(person__root=OuterRef("pk")), returned_at=None)
    seen = people.visible(viewer, LEAVE).filter(~Exists(gone), uuid__in=ids)
    former: dict[str, Any] = {}
    for person in seen.order_by("pk"):
        key = f"left:{person.uuid}:{now.isoformat()}"
        leave(person, choice, at=now, by=viewer.actor, key=key, now=now)
        former[str(person.uuid)] = now.isoformat()
    told = ngettext("%(n)d person has left us.", "%(n)d persons have left us.", len(former)) % {"n": len(former)}
    return Done(told if former else _("Nobody was changed."), former)


@transaction.atomic
def take_back(viewer: Viewer, former: Mapping[str, Any], *, now: datetime) -> Collection[str]:
    """It was a mistake: they never left."""
    restored = []
    for person in people.visible(viewer, LEAVE).filter(uuid__in=list(former)):
        try:
            at = datetime.fromisoformat(former[str(person.uuid)])
            key = f"stayed:{person.uuid}:{former[str(person.uuid)]}"
            come_back(person, at=at, by=viewer.actor, key=key, now=now)
        except Refusal:
            continue
        restored.append(str(person.uuid))
    return restored


@transaction.atomic
def note_seen(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Alerts that a manager has taken note of."""
    for one in ids_of(ids):
        see_alert(one, by=viewer.actor, now=now)
    return Done(_("Noted."))


# --- hooks ----------------------------------------------------------------------------------------------------------


def export(person: Person) -> dict[str, Any]:
    """The frictions and leavings that we count of her."""
    marks = Mark.objects.filter(person=person).order_by("at", "pk")
    gone = Leaving.objects.filter(person=person).order_by("at")
    return {
        "frictions": list(marks.values("kind", "process", "measure", "at")),
        "leavings": list(gone.values("at", "reason", "returned_at")),
    }
