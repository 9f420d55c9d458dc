"""Giving something to somebody, agreeing to what a colleague asked for, taking it back. One transaction each: it is
decided, paid from the budget, given, promised, recorded and told together, or nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from egard.base.money import Money
from egard.journeys.gestures import accounts, asking, budgets, catalogues, giving, privacy, queries
from egard.journeys.gestures.asking import Asked
from egard.journeys.gestures.facts import GestureRefused
from egard.journeys.gestures.models import Budget, Gesture, Redemption, Voucher
from egard.journeys.gestures.refusals import (
    BudgetSpent,
    KeyReused,
    NotGranted,
    NotWaiting,
    OwnRequest,
)
from egard.journeys.gestures.rules.catalogue import Catalogue
from egard.kernel.access.actors import Actor, NotAllowed, Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.models import Site, Team, User
from egard.kernel.cases.models import Case
from egard.kernel.delegations import operations as delegations
from egard.kernel.ledger import operations as ledger
from egard.kernel.ledger.models import Transfer
from egard.kernel.ledger.refusals import Insufficient
from egard.kernel.people.models import Person
from egard.kernel.people.queries import seen_as
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.operations import record

APPROVAL = "gestures.approval"
LIVE = "gestures"
TAKEN_BACK = "taken back"
"""Of what returns to a budget; why stands with the gesture."""


class _Waits(Exception):
    """It cannot be given at once; `args[0]` says what it waits for. Nothing was taken."""


@transaction.atomic
def grant(
    viewer: Viewer,
    person: Person,
    kind: str,
    amount: int | Money | None = None,
    *,
    subject: str = "",
    reason: str = "",
    responsibility: str = "",
    severity: int = 0,
    proof: bool = False,
    repairs: UUID | None = None,
    channel: str = "",
    key: str,
    by: Actor | None = None,
    now: datetime,
) -> Gesture:
    """Give something of the catalogue, with what comes with it. Above what the viewer may decide alone, above what the
    team's budget holds, or where other teams have a budget and hers has none, it waits for a second person (`state` is
    `waiting`), and nothing is given yet.

    `amount` is what it is worth to the client, in minor units; None where the catalogue leaves no choice. `subject` is
    a case (`case:<uuid>`), or nothing; `repairs` a broken promise that it makes up for. The same key is one gesture.
    Raises `NotAllowed`, `UnknownKind`, `NoAmount`, `BadAmount`, `WrongCurrency`, `ProofNeeded`, `OtherSubject`,
    `NothingToRepair`, `BadText`, `KeyReused`, `Erased`.
    """
    seen_as(viewer, person).require(queries.GRANT)
    asking.check_texts(reason=reason, key=key, channel=channel)
    asking.hold(key)
    row, catalogue = catalogues.stored(now=now)
    item = asking.item(catalogue, kind, amount)
    if held := Gesture.objects.filter(key=key).first():
        if held.person_id not in person.members or (held.kind, held.desired) != (item.kind, item.amount):
            raise KeyReused(key=key)
        return held
    asking.check_proof(catalogue, item, proof=proof)
    case = asking.case_of(viewer, person, subject)
    if catalogue.kinds[item.kind].worth.price:
        asking.check_price(
            catalogue, item, queries.paid(viewer, person, queries.order_of(viewer, case), catalogue.currency)
        )
    asking.check_repairs(person, repairs)
    team = case.team_id if case else None
    asked = Asked(
        catalogue_row=row,
        catalogue=catalogue,
        person=person,
        items=asking.together(catalogue, item),
        subject=subject,
        budget=budgets.running(viewer, first=team, currency=catalogue.currency, now=now),
        by=by or viewer.actor,
        user=asking.user_of(viewer),
        channel=channel,
    )
    told = {"responsibility": responsibility, "severity": severity, "proof": proof, "repairs": repairs}
    told |= {"reason": reason.strip(), **_place(viewer, asked, case)}
    return _carry_out(asked, key=key, told=told, now=now)


def _carry_out(asked: Asked, *, key: str, told: dict[str, Any], now: datetime) -> Gesture:
    """Given at once where it may be, else it waits."""
    try:
        waits, paid = "", _decided_alone(asked, now=now)
    except _Waits as waiting:
        waits, paid = str(waiting.args[0]), None
    state, transfer = "waiting" if waits else "granted", paid.uuid if paid else None
    rows = asking.write(asked, state=state, key=key, now=now, waits_for=waits, transfer=transfer, told=told)
    if waits:
        _ask(asked, rows, now=now)
    else:
        giving.give(asked, rows, now=now)
    tell(LIVE)
    return rows[0]


def _place(viewer: Viewer, asked: Asked, case: Case | None) -> dict[str, Any]:
    """Whose gesture it is: the team whose budget bears it, else the case's, else the viewer's; and where."""
    team = asked.budget.team if asked.budget else case.team if case else None
    site = (case.site if case else None) or asked.person.site
    if team is None and viewer.team_ids:
        team = Team.objects.filter(pk=viewer.team_ids[0]).first()
    if viewer.site_ids and site is None:
        site = Site.objects.filter(pk=viewer.site_ids[0]).first()
    return {"team": team, "site": site}


def _decided_alone(asked: Asked, *, now: datetime) -> Transfer | None:
    """By one's own authority, and paid. Raises `_Waits`, with nothing taken."""
    with transaction.atomic():
        if asked.worth:
            if asked.user is None:  # a program decides nothing
                raise _Waits("authority")
            decision = delegations.use(
                asked.user, catalogues.AUTHORITY, Money(asked.worth, asked.catalogue.currency), person=asked.person,
                case=asked.subject, key=_decision(asked.together), by=asked.by, now=now,
            )  # fmt: skip
            if not decision.allowed:
                raise _Waits("authority")
        if asked.cost and budgets.missing(asked.budget, currency=asked.catalogue.currency):
            raise _Waits("no_budget")
        try:
            return _pay(asked.budget, asked.cost, asked.catalogue, asked.together, by=asked.by, now=now)
        except Insufficient as empty:
            raise _Waits("budget") from empty


def _decision(together: UUID) -> str:
    return f"gesture:{together}"


def _pay(
    budget: Budget | None, cost: int, catalogue: Catalogue, together: UUID, *, by: Actor, now: datetime
) -> Transfer | None:
    """Take the cost of an act from the budget that bears it, else from the house. Raises `Insufficient`."""
    if not cost:
        return None
    unit = catalogue.currency
    debit = accounts.budget(budget, by=by, now=now) if budget else accounts.allowance(unit, now=now)
    return ledger.transfer(
        debit=debit, credit=accounts.given(unit, now=now), amount=cost, key=f"{together}:budget",
        source=accounts.SOURCE, subject=_decision(together), by=by, now=now,
    )  # fmt: skip


def _ask(asked: Asked, rows: Sequence[Gesture], *, now: datetime) -> None:
    """It waits in the queue, with a promise to whoever asked; the client is promised nothing yet."""
    first = rows[0]
    promises.promise(
        asked.person, APPROVAL, subject=f"gesture:{first.uuid}", owner=None, team=first.team, site=first.site,
        key=f"gesture:{first.uuid}:approval", by=asked.by, now=now,
    )  # fmt: skip
    record(
        asked.person, giving.asked_fact(asked, rows), at=now, by=asked.by, channel=asked.channel,
        key=f"gesture:{asked.together}:asked", now=now,
    )  # fmt: skip


@transaction.atomic
def approve(
    viewer: Viewer, gesture: UUID, *, amount: int | Money | None = None, reason: str = "", now: datetime
) -> Gesture:
    """A second person agrees, by an authority of her own, to all of it or to less (`amount` of what was chosen).

    Raises `NotAllowed`, `NotFound`, `OwnRequest`, `NotWaiting`, `BadAmount`, `BudgetSpent`, and the reasons of
    delegations where she may not decide so much alone.
    """
    viewer.require(queries.APPROVE)
    asking.check_texts(reason=reason)
    first = queries.gesture(viewer, gesture)
    user = _second(viewer, first)
    rows = asking.lock(first.together)  # before her authority is asked: what was decided meanwhile is told as such
    if rows[0].state != "waiting":
        raise NotWaiting
    asked, _again = asking.again(first, by=viewer.actor)
    if amount is not None:
        asked = asking.less(asked, rows[0], amount)
    if asked.worth:
        told = {"person": asked.person, "case": asked.subject, "key": _decision(asked.together)}
        told |= {"by": viewer.actor, "now": now}
        worth = Money(asked.worth, asked.catalogue.currency)
        if first.granted_by is not None:
            decision = delegations.second(user, catalogues.AUTHORITY, worth, first=first.granted_by, **told)
        else:
            decision = delegations.use(user, catalogues.AUTHORITY, worth, **told)
        decision.require()
    _bear(rows, now=now)
    try:
        with transaction.atomic():
            paid = _pay(rows[0].budget, asked.cost, asked.catalogue, asked.together, by=viewer.actor, now=now)
    except Insufficient as empty:
        raise BudgetSpent(**budgets.words(rows[0].budget, asked.cost, now=now)) from empty
    for row, item in zip(rows, asked.items, strict=True):
        row.amount, row.cost = item.amount, asked.catalogue.cost_of(asked.catalogue.kinds[item.kind], item.amount)
        row.transfer = paid.uuid if paid and not row.place else None
        _decide(row, "granted", user, reason, now)
        row.granted_at = now
        row.save()
    _decided(first, viewer, now=now)
    giving.give(asked, rows, now=now)
    tell(LIVE)
    return rows[0]


def _bear(rows: Sequence[Gesture], *, now: datetime) -> None:
    """What waited for want of a budget is borne by the one that was set meanwhile, if there is one."""
    if rows[0].budget is None:
        found = budgets.of_team(rows[0].team_id, currency=rows[0].currency, now=now)
        for row in rows:
            row.budget = found


@transaction.atomic
def refuse(viewer: Viewer, gesture: UUID, *, reason: str, now: datetime) -> Gesture:
    """A second person does not agree, and says why. Raises `NotAllowed`, `NotFound`, `OwnRequest`, `NotWaiting`,
    `BadText`.
    """
    viewer.require(queries.APPROVE)
    asking.check_texts(reason=reason, needed=True)
    first = queries.gesture(viewer, gesture)
    user = _second(viewer, first)
    rows = asking.lock(first.together)
    if rows[0].state != "waiting":
        raise NotWaiting
    for row in rows:
        _decide(row, "refused", user, reason, now)
        row.save()
    _decided(first, viewer, now=now)
    record(
        first.person, GestureRefused(first.uuid), at=now, by=viewer.actor, channel="",
        key=f"gesture:{first.together}:refused", now=now,
    )  # fmt: skip
    tell(LIVE)
    return rows[0]


def _second(viewer: Viewer, first: Gesture) -> User:
    """The viewer as the second pair of eyes. Raises `OwnRequest`, `NotAllowed` (a program is nobody's second)."""
    if str(viewer.actor) == first.by or (viewer.user_id is not None and viewer.user_id == first.granted_by_id):
        raise OwnRequest
    user = User.objects.filter(pk=viewer.user_id).first()
    if user is None:
        raise NotAllowed(permission=queries.APPROVE)
    return user


def _decide(row: Gesture, state: str, user: User, reason: str, now: datetime) -> None:
    row.state, row.second_by, row.decision, row.decided_at = state, user, reason.strip(), now
    row.waits_for = ""


def _decided(first: Gesture, viewer: Viewer, *, now: datetime) -> None:
    """The promise to decide is kept, and whoever asked hears of it."""
    waiting = Promise.objects.filter(person=first.person_id, key=f"gesture:{first.uuid}:approval").first()
    if waiting is not None:
        promises.keep(waiting, by=viewer.actor, now=now)
    if first.granted_by_id:
        tell(f"user:{first.granted_by_id}")


@transaction.atomic
def reverse(viewer: Viewer, gesture: UUID, *, reason: str, now: datetime) -> Gesture:
    """Take back what was given in one act, as long as nothing of it was used: the client's side, the budget, and the
    room of whoever decided it. By who gave it, or by who may agree to gestures.

    Raises `NotAllowed`, `NotFound`, `NotGranted`, `UsedAlready`, `BadText`.
    """
    first = queries.gesture(viewer, gesture)
    if viewer.user_id is None or viewer.user_id != first.granted_by_id:
        viewer.require(queries.APPROVE)
    asking.check_texts(reason=reason, needed=True)
    asked, _rows = asking.again(first, by=viewer.actor)
    # In the order of whoever gives and uses, so that none waits for the other: a voucher before its gesture, the budget
    # before the client's side.
    giving.hold_vouchers(first.together)
    rows = asking.lock(first.together)
    if rows[0].state != "granted":
        raise NotGranted
    paid = Transfer.objects.filter(uuid=rows[0].transfer).first() if rows[0].transfer else None
    if paid is not None:  # not her account: no words of hers on it, which no erasure would find
        ledger.reverse(
            paid, reason=TAKEN_BACK, key=f"{first.together}:budget:back", source=accounts.SOURCE, by=viewer.actor,
            now=now,
        )  # fmt: skip
    giving.take_back(asked, rows, reason=reason.strip(), now=now)
    if asked.worth:
        delegations.give_back(_decision(first.together), by=viewer.actor, now=now)
    for row in rows:
        row.state, row.reversed_at, row.decision = "reversed", now, reason.strip()
        row.save(update_fields=["state", "reversed_at", "decision"])
    tell(LIVE)
    return rows[0]


def erase(person: Person, *, now: datetime) -> None:
    """What was said of her in words goes; that something was given, and what it was worth, stays."""
    Gesture.objects.filter(person=person).exclude(reason="", decision="").update(reason="", decision="")
    Voucher.objects.filter(person=person).exclude(ended_why="").update(ended_why="")
    Redemption.objects.filter(voucher__person=person).exclude(reference="", undone_why="").update(
        reference="", undone_why=""
    )
    privacy.erase(person, now)
