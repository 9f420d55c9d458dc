"""Questions on gestures: what may be proposed, what was given, what waits, what a person has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from egard.base.paging import Page, bounded, decode_cursor, encode_cursor
from egard.base.refusal import NotFound
from egard.journeys.gestures import budgets, catalogues, uses
from egard.journeys.gestures.models import Budget, Gesture, Redemption, Voucher
from egard.journeys.gestures.rules.catalogue import Catalogue
from egard.journeys.gestures.rules.proposing import Proposal, Room, Situation, propose
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.cases import queries as cases
from egard.kernel.cases.models import Case
from egard.kernel.delegations.queries import Decision, decide
from egard.kernel.ledger import queries as ledger
from egard.kernel.ledger.models import Account
from egard.kernel.people.models import Person
from egard.kernel.people.queries import seen_as
from egard.kernel.promises.models import Promise
from egard.kernel.promises.queries import of_whom
from egard.kernel.registry import registry
from egard.kernel.timeline.models import Fact

GRANT, APPROVE, READ = "gestures.grant", "gestures.approve", "gestures.read"
YEAR = timedelta(days=365)
REPAIRED_LATE = timedelta(days=90)
"""A promise broken longer ago is not proposed to be made up for."""
SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class About:
    """What the adviser says of what went wrong; `price` in minor units, None where nobody knows it."""

    subject: str = ""
    responsibility: str = "ours"
    severity: int = 2
    price: int | None = None
    proof: bool = False
    order_number: str = ""
    """Of what it is about, where no case says it."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A short list, and what it is made of."""

    proposals: list[Proposal]
    catalogue: Catalogue
    situation: Situation
    room: Room
    decision: Decision | None
    """What the adviser may decide alone, and what is in the way; None for a program."""
    budget: Budget | None
    broken: Promise | None
    """The promise that a gesture can make up for."""


def proposals(viewer: Viewer, person: Person, about: About, *, now: datetime) -> Proposed:
    """What may be given to a person, the most fitting first: some nine questions, whatever the history.

    Raises `NotAllowed`, and `NotFound` for a case that is not hers.
    """
    seen_as(viewer, person).require(GRANT)
    catalogue = catalogues.current()
    case = _case(viewer, person, about.subject)
    broken = broken_promise(viewer, person, subject=about.subject, now=now)
    given, price = _history(person, about.subject, now), about.price
    if price is None:
        price = paid(viewer, person, order_of(viewer, case) or about.order_number, catalogue.currency)
    situation = Situation(
        responsibility=about.responsibility,
        severity=about.severity,
        price=price,
        yearly=_spent(viewer, person, catalogue.currency, now),
        given=given[0],
        gestures=given[1],
        contacts=_contacts(person, case),
        broken=broken is not None,
        proof=about.proof,
    )
    room, decision, budget = room_of(viewer, person, about.subject, case.team_id if case else None, catalogue, now=now)
    return Proposed(propose(catalogue, situation, room), catalogue, situation, room, decision, budget, broken)


def _case(viewer: Viewer, person: Person, subject: str) -> Case | None:
    if not subject:
        return None
    try:
        found = cases.case(viewer, UUID(subject.removeprefix("case:")))
    except ValueError as error:
        raise NotFound from error
    if found.person_id not in person.members:
        raise NotFound
    return found


def currency(viewer: Viewer) -> str:
    """In which gestures are given."""
    return catalogues.current().currency


def room_of(
    viewer: Viewer, person: Person, subject: str, team: UUID | None, catalogue: Catalogue, *, now: datetime
) -> tuple[Room, Decision | None, Budget | None]:
    """What the viewer may give alone, and what is left of the budget that would bear it."""
    budget = budgets.running(viewer, first=team, currency=catalogue.currency, now=now)
    left = budgets.left(budget) if budget else None
    missing = budgets.missing(budget, currency=catalogue.currency)
    if viewer.user_id is None:
        return Room(0, left, missing), None, budget
    decision = decide(User(pk=viewer.user_id), catalogues.AUTHORITY, None, person=person, case=subject, now=now)
    return Room(decision.limit.amount if decision.delegation else 0, left, missing), decision, budget


def broken_promise(viewer: Viewer, person: Person, *, subject: str = "", now: datetime) -> Promise | None:
    """The latest promise to her that was broken and that no gesture made up for yet; of the case, if one is named."""
    kinds = [kind.name for kind in registry.promises.values() if kind.portal]  # not those between colleagues
    found = of_whom(viewer, person).filter(state="broken", due_at__gt=now - REPAIRED_LATE, kind__in=kinds)
    if subject:
        found = found.filter(Q(subject=subject) | Q(subject__startswith=f"{subject}/"))
    made_up = Gesture.objects.filter(repairs__isnull=False, state__in=("granted", "waiting"), person__in=person.members)
    return found.exclude(uuid__in=made_up.values("repairs")).order_by("-due_at").first()


def _history(person: Person, subject: str, now: datetime) -> tuple[int, int]:
    """What was given about a matter already (minor units), and how many gestures she had in twelve months."""
    held = Gesture.objects.filter(person__in=person.members, state="granted")
    about = held.filter(subject=subject) if subject else held.none()
    rows = (held.filter(granted_at__gt=now - YEAR) | about).values_list(
        "granted_at", "place", "amount", "subject", "form"
    )
    given = sum(row[2] for row in rows if subject and row[3] == subject and row[4] != "redelivery")
    return given, sum(1 for row in rows if row[1] == 0 and row[0] > now - YEAR)


def _contacts(person: Person, case: Case | None) -> int:
    """How often she came about a case: as often as the timeline says that she complained of it; once at least."""
    if case is None:
        return 1
    hers = Fact.objects.filter(person__in=person.members, at__gte=case.opened_at, kind__name="complaints.received")
    return max(1, hers.filter(data__contains={"complaint": str(case.uuid)}).count())


def _spent(viewer: Viewer, person: Person, currency: str, now: datetime) -> int:
    """What she spent in twelve months, where purchases are known."""
    asked = registry.capabilities.get("purchases.spent")
    return asked.call(viewer, person, currency=currency, now=now) if asked else 0


def order_of(viewer: Viewer, case: Case | None) -> str:
    """The number of the order that a case is about, where it says one."""
    return str((case.snapshot or {}).get("data", {}).get("order_number") or "") if case else ""


def paid(viewer: Viewer, person: Person, order_number: str, currency: str) -> int | None:
    """What was paid for an order, where purchases are known."""
    asked = registry.capabilities.get("purchases.paid")
    if asked is None or not order_number:
        return None
    return asked.call(viewer, person, order_number=order_number, currency=currency)


# --- what was given ---------------------------------------------------------------------------------------------------


def visible(viewer: Viewer, permission: str = READ) -> QuerySet[Gesture]:
    """The gestures within the viewer's scope. Raises `NotAllowed`."""
    scope = viewer.require(permission)
    if scope == "all":
        return Gesture.objects.all()
    mine = Q(granted_by=viewer.user_id) if viewer.user_id else Q(pk__in=[])
    within = {"own": mine, "team": mine | Q(team__in=viewer.team_ids), "site": mine | Q(site__in=viewer.site_ids)}
    return Gesture.objects.filter(within[scope])


_RELATED = ("person__root", "granted_by", "second_by", "team", "site", "catalogue", "budget__team")


def gesture(viewer: Viewer, uuid: UUID) -> Gesture:
    """What was chosen in an act, by the public id of any of its parts. Raises `NotFound`."""
    part = visible(viewer).filter(uuid=uuid).values("together")
    found = visible(viewer).filter(together__in=part, place=0).select_related(*_RELATED).first()
    if found is None:
        raise NotFound
    return found


def act(viewer: Viewer, first: Gesture) -> list[Gesture]:
    """All that was given in one act, what was chosen first, with its vouchers."""
    return list(
        visible(viewer)
        .filter(together=first.together)
        .annotate(first_used_at=uses.first_used())
        .select_related("voucher", "person__root", "granted_by", "second_by", "catalogue")
        .order_by("place")
    )


def gestures(
    viewer: Viewer, filters: Mapping[str, Any], *, limit: int = 50, cursor: str | None = None
) -> Page[Gesture]:
    """Acts within the viewer's scope, the latest first, each by what was chosen: one query. Filters: `state`, `person`
    (a Person), `subject`, `kind`.
    """
    limit = bounded(limit)
    found = visible(viewer).filter(place=0).annotate(first_used_at=uses.first_used())
    if person := filters.get("person"):
        found = found.filter(person__in=person.members)
    for name in ("state", "subject", "kind"):
        if filters.get(name):
            found = found.filter(**{name: filters[name]})
    if cursor:
        found = found.filter(pk__lt=decode_cursor(cursor, "gestures", int)[0])
    rows = list(found.select_related(*_RELATED).order_by("-pk")[: limit + 1])
    return Page(rows[:limit], encode_cursor("gestures", rows[limit - 1].pk) if len(rows) > limit else None)


def of_person(viewer: Viewer, person: Person, *, subject: str = "") -> list[list[Gesture]]:
    """What she was given, or what waits, act by act, the latest first: one query. Staff who see her file see it."""
    if not seen_as(viewer, person).can(READ):
        return []
    found = Gesture.objects.filter(person__in=person.members).select_related("catalogue", "granted_by", "voucher")
    found = found.filter(subject=subject) if subject else found
    acts: dict[UUID, list[Gesture]] = {}
    for row in found.order_by("-pk")[:SHOWN_MAX]:
        acts.setdefault(row.together, []).append(row)
    return [sorted(rows, key=lambda row: row.place) for rows in acts.values()]


# --- what she has -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credit:
    """So much on her account, until it ends."""

    amount: int
    currency: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """A voucher of hers, with what is left of it."""

    voucher: Voucher
    left: int
    catalogue: Catalogue | None
    kind: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a person has: credits by their end, vouchers that can be used, those that ended, and what she was given."""

    credits: list[Credit] = field(default_factory=list)
    vouchers: list[Held] = field(default_factory=list)
    ended: list[Held] = field(default_factory=list)
    given: list[list[Gesture]] = field(default_factory=list)


def wallet(viewer: Viewer, person: Person, *, now: datetime) -> Wallet:
    """What she has; for herself, and for staff who see what she was given."""
    if viewer.actor.kind == "person":
        if viewer.actor.id != str(person.uuid):
            return Wallet()
    elif not seen_as(viewer, person).can(READ):
        return Wallet()
    credits = [
        Credit(lot.remaining - lot.reserved, account.unit, lot.expires_at)
        for account in Account.objects.filter(person__in=person.members, code__startswith="wallet:")
        for lot in ledger.lots(account, now)
        if lot.remaining > lot.reserved
    ]
    used = Prefetch("redemptions", Redemption.objects.filter(undone_at=None).order_by("at"), to_attr="uses")
    found = (
        Voucher.objects.filter(person__in=person.members).select_related("gesture__catalogue").prefetch_related(used)
    )
    held = [_held(row) for row in found.order_by("expires_at", "pk")]
    open_ = [one for one in held if one.voucher.ended_at is None and one.voucher.expires_at > now and one.left]
    given = Gesture.objects.filter(person__in=person.members, state="granted").select_related("catalogue")
    acts: dict[UUID, list[Gesture]] = {}
    for row in given.order_by("-granted_at", "place")[:SHOWN_MAX]:
        acts.setdefault(row.together, []).append(row)
    return Wallet(credits, open_, [one for one in held if one not in open_], list(acts.values()))


def _held(row: Voucher) -> Held:
    used = sum(one.amount for one in row.uses)  # type: ignore[attr-defined]
    gesture = row.gesture
    catalogue = catalogues.of(gesture.catalogue_id, gesture.catalogue.version) if gesture else None
    return Held(row, row.amount - used, catalogue, gesture.kind if gesture else "")
