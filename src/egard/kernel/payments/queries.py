"""Payments, cards and differences, as far as somebody may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor, micros, moment_of
from egard.base.refusal import NotFound
from egard.kernel.access.actors import NotAllowed, Viewer
from egard.kernel.payments import wallet
from egard.kernel.payments.models import Command, Difference, Instrument, Payment, Reconciliation
from egard.kernel.people.models import Person
from egard.kernel.people.queries import visible as visible_people

READ, TAKE, REFUND, RECONCILE = "payments.read", "payments.take", "payments.refund", "payments.reconcile"


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Payment]:
    """The payments of those whom the viewer reaches. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    found = Payment.objects.select_related("instrument", "person__root")
    if scope == "all":
        return found
    reached = visible_people(viewer, permission).values("pk")
    return found.filter(Q(person__in=reached) | Q(person__root__in=reached))


def payments(
    viewer: Viewer,
    *,
    person: Person | None = None,
    state: str = "",
    subject: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Payment]:
    """The latest first. One query. Raises `NotAllowed`."""
    found = visible(viewer)
    if person is not None:
        found = found.filter(person__in=person.members)
    if state:
        found = found.filter(state=state)
    if subject:
        found = found.filter(subject=subject)
    if cursor:
        at, pk = decode_cursor(cursor, "payments", int, str)
        found = found.filter(Q(created_at__lt=moment_of(at)) | Q(created_at=moment_of(at), id__lt=UUID(pk)))
    limit = bounded(limit)
    rows = list(found.order_by("-created_at", "-id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor("payments", micros(last.created_at), str(last.pk)) if last else None)


def payment(viewer: Viewer, uuid: UUID, permission: str = READ) -> Payment:
    """One of them, with what was asked for it (`commands`, in order). Raises `NotFound`."""
    asked = Prefetch("asked", Command.objects.order_by("asked_at", "id"), to_attr="commands")
    found = visible(viewer, permission).prefetch_related(asked).filter(pk=uuid).first()
    if found is None:
        raise NotFound
    return found


def _require(viewer: Viewer, person: Person) -> None:
    """Staff who see payments, and herself: under the id of any row that is her. Raises `NotAllowed`."""
    hers = (str(person.uuid), *(str(row["uuid"]) for row in person.absorbed))
    if viewer.actor.kind != "person":
        viewer.require(READ)
    elif viewer.actor.id not in hers:
        raise NotAllowed(permission=READ)


def instruments(viewer: Viewer, person: Person) -> list[Instrument]:
    """The cards that a person left, the last one first; for staff who see her file, and for herself. One query.

    Raises `NotAllowed`.
    """
    _require(viewer, person)
    return list(Instrument.objects.filter(person__in=person.members, removed_at=None).order_by("-added_at", "-id"))


def instrument(viewer: Viewer, person: Person, uuid: UUID) -> Instrument:
    """One of them. Raises `NotFound`."""
    viewer.require(READ)
    found = Instrument.objects.filter(person__in=person.members, pk=uuid).first()
    if found is None:
        raise NotFound
    return found


def purses(viewer: Viewer, person: Person, *, now: datetime) -> list[wallet.Purse]:
    """What a person holds with us. Raises `NotAllowed`."""
    _require(viewer, person)
    return wallet.purses(person, now=now)


def reconciliations(viewer: Viewer, *, limit: int = 50, cursor: str | None = None) -> Page[Reconciliation]:
    """The comparings, the latest first. Raises `NotAllowed`."""
    viewer.require(RECONCILE)
    return _paged(Reconciliation.objects.all(), "done_at", "reconciliations", limit, cursor)


def differences(
    viewer: Viewer, *, settled: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[Difference]:
    """What is to be looked at, the latest first; with `settled` also what was. Raises `NotAllowed`."""
    viewer.require(RECONCILE)
    found = Difference.objects.select_related("command__payment")
    found = found if settled else found.filter(settled_at=None)
    return _paged(found, "found_at", "differences", limit, cursor)


def _paged(found: QuerySet[Any], by: str, name: str, limit: int, cursor: str | None) -> Page[Any]:
    if cursor:
        at, pk = decode_cursor(cursor, name, int, str)
        found = found.filter(Q(**{f"{by}__lt": moment_of(at)}) | Q(**{by: moment_of(at)}, id__lt=UUID(pk)))
    limit = bounded(limit)
    rows = list(found.order_by(f"-{by}", "-id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], encode_cursor(name, micros(getattr(last, by)), str(last.pk)) if last else None)
