"""What is asked for when something is to be given: checked, put together, and written as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from egard.base.ids import new_id
from egard.base.money import Money, exponent
from egard.base.refusal import NotFound
from egard.journeys.gestures import catalogues
from egard.journeys.gestures.models import Budget, Catalogue, Gesture
from egard.journeys.gestures.refusals import (
    BadAmount,
    BadText,
    NoAmount,
    NothingToRepair,
    OtherSubject,
    ProofNeeded,
    UnknownKind,
    WrongCurrency,
)
from egard.journeys.gestures.rules import catalogue as rules
from egard.journeys.gestures.rules.proposing import Item, needs_proof, with_
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.models import User
from egard.kernel.cases import queries as cases
from egard.kernel.cases.checks import said
from egard.kernel.cases.models import Case
from egard.kernel.people.models import Person
from egard.kernel.promises.models import Promise

KEY_MAX, REASON_MAX, CHANNEL_MAX = 180, 500, 32


@dataclass(frozen=True, slots=True)
class Asked:
    """All that one act gives, before it is given."""

    catalogue_row: Catalogue
    catalogue: rules.Catalogue
    person: Person
    items: tuple[Item, ...]
    subject: str
    budget: Budget | None
    by: Actor
    user: User | None
    """Who decides, or asks; None for a program."""
    channel: str
    together: UUID = field(default_factory=new_id)
    """The same for all that is given in one act."""

    @property
    def worth(self) -> int:
        return sum(item.amount for item in self.items)

    @property
    def cost(self) -> int:
        return sum(self.catalogue.cost_of(self.catalogue.kinds[item.kind], item.amount) for item in self.items)

    @property
    def steps(self) -> int:
        return sum(len(self.catalogue.kinds[item.kind].steps) for item in self.items)


def hold(key: str) -> None:
    """Whoever asks twice at once is served one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.gesture.' || %s, 0))", [key])


def check_texts(*, reason: str = "", key: str = "-", channel: str = "", needed: bool = False) -> None:
    """Raises `BadText`."""
    least = 1 if needed else 0
    texts = {
        "reason": (reason.strip(), least, REASON_MAX),
        "key": (key, 1, KEY_MAX),
        "channel": (channel, 0, CHANNEL_MAX),
    }
    for name, (text, low, high) in texts.items():
        if not low <= len(text) <= high or "\x00" in text:
            raise BadText(most=high, fields={name: str(BadText.message).format(most=high)})


def item(catalogue: rules.Catalogue, name: str, amount: int | Money | None) -> Item:
    """What is chosen, at its worth. Raises `UnknownKind`, `WrongCurrency`, `NoAmount`, `BadAmount`."""
    kind = catalogue.kinds.get(name)
    if kind is None:
        raise UnknownKind(kind=name[:64], known=", ".join(catalogue.kinds))
    if isinstance(amount, Money):
        if amount.currency != catalogue.currency:
            raise WrongCurrency(
                currency=catalogue.currency, given=amount.currency[:16], fields={"amount": str(WrongCurrency.title)}
            )
        amount = amount.amount
    least, most, step = catalogue.bounds(kind)
    if amount is None:
        if not kind.worth.is_fixed:
            raise _no_amount(catalogue)
        return Item(name, most)
    if type(amount) is not int or amount < 0 or (amount == 0 and most > 0):
        raise _no_amount(catalogue)
    if not least <= amount <= most or (amount - least) % step:
        raise _bad_amount(catalogue, kind, most)
    return Item(name, amount)


def check_price(catalogue: rules.Catalogue, chosen: Item, price: int | None) -> None:
    """That what gives back the price gives back no more than was paid, where that is known. Raises `BadAmount`."""
    kind = catalogue.kinds[chosen.kind]
    most = catalogue.bounds(kind, price)[1]
    if chosen.amount > most:
        raise _bad_amount(catalogue, kind, most)


def _bad_amount(catalogue: rules.Catalogue, kind: rules.Kind, most: int) -> BadAmount:
    least, _most, step = catalogue.bounds(kind)
    words = {"least": least, "most": most, "step": step}
    told = {name: Money(minor, catalogue.currency).words(_language()) for name, minor in words.items()}
    return BadAmount(title=said(kind.title), fields={"amount": str(BadAmount.title)}, **told)


def _no_amount(catalogue: rules.Catalogue) -> NoAmount:
    decimals = exponent(catalogue.currency)
    return NoAmount(decimals=decimals, fields={"amount": str(NoAmount.message).format(decimals=decimals)})


def _language() -> str:
    from django.utils.translation import get_language

    return get_language() or "en"


def together(catalogue: rules.Catalogue, chosen: Item) -> tuple[Item, ...]:
    """What is chosen and what comes with it."""
    return (chosen, *with_(catalogue, catalogue.kinds[chosen.kind]))


def check_proof(catalogue: rules.Catalogue, chosen: Item, *, proof: bool) -> None:
    """Raises `ProofNeeded`."""
    kind = catalogue.kinds[chosen.kind]
    if not proof and needs_proof(catalogue, kind, chosen.amount):
        assert kind.proof_above is not None
        above = Money(catalogue.minor(kind.proof_above), catalogue.currency).words(_language())
        raise ProofNeeded(above=above, fields={"proof": str(ProofNeeded.title)})


def case_of(viewer: Viewer, person: Person, subject: str) -> Case | None:
    """The case that a subject names; None for no subject. Raises `OtherSubject`."""
    if not subject:
        return None
    try:
        found = cases.case(viewer, UUID(subject.removeprefix("case:"))) if subject.startswith("case:") else None
    except (ValueError, NotFound) as error:
        raise OtherSubject from error
    if found is None or found.person_id not in person.members or subject != f"case:{found.uuid}":
        raise OtherSubject
    return found


def check_repairs(person: Person, promise: UUID | None) -> None:
    """Raises `NothingToRepair`."""
    if promise is None:
        return
    if not Promise.objects.filter(uuid=promise, person__in=person.members, state="broken").exists():
        raise NothingToRepair


def user_of(viewer: Viewer) -> User | None:
    """The colleague who looks; None for a program."""
    return User.objects.filter(pk=viewer.user_id).first() if viewer.user_id else None


def write(
    asked: Asked, *, state: str, key: str, now: datetime, waits_for: str, transfer: UUID | None, told: dict[str, Any]
) -> list[Gesture]:
    """One row for each thing that is given; what was chosen comes first and bears the key."""
    told = told | {"granted_by": asked.user, "granted_at": now if state == "granted" else None, "waits_for": waits_for}
    rows = []
    for place, one in enumerate(asked.items):
        kind = asked.catalogue.kinds[one.kind]
        rows.append(
            Gesture(
                person=asked.person,
                subject=asked.subject,
                kind=one.kind,
                form=kind.form,
                catalogue=asked.catalogue_row,
                desired=one.amount,
                amount=one.amount,
                currency=asked.catalogue.currency,
                cost=asked.catalogue.cost_of(kind, one.amount),
                state=state,
                together=asked.together,
                place=place,
                by=str(asked.by),
                budget=asked.budget,
                channel=asked.channel,
                key=f"{key}#{place}" if place else key,
                steps=len(kind.steps),
                transfer=None if place else transfer,
                recorded_at=now,
                **told,
            )
        )
    return Gesture.objects.bulk_create(rows)


def again(first: Gesture, *, by: Actor) -> tuple[Asked, list[Gesture]]:
    """What was asked for in one act, as it stands in its rows."""
    related = ("person__root", "catalogue", "budget__team", "team", "site", "granted_by")
    rows = list(Gesture.objects.filter(together=first.together).select_related(*related).order_by("place"))
    row = rows[0]
    asked = Asked(
        catalogue_row=row.catalogue,
        catalogue=catalogues.of(row.catalogue_id, row.catalogue.version),
        person=row.person.root or row.person,
        items=tuple(Item(one.kind, one.amount) for one in rows),
        together=row.together,
        subject=row.subject,
        budget=row.budget,
        by=by,
        user=row.granted_by,
        channel=row.channel,
    )
    return asked, rows


def less(asked: Asked, first: Gesture, amount: int | Money) -> Asked:
    """The same with less of what was chosen. Raises as `item`, and `BadAmount` for more than was asked."""
    chosen = item(asked.catalogue, first.kind, amount)
    if chosen.amount > first.desired:
        raise _bad_amount(asked.catalogue, asked.catalogue.kinds[first.kind], first.desired)
    return replace(asked, items=(chosen, *asked.items[1:]))


def lock(together: UUID) -> list[Gesture]:
    """The rows of an act, held until the commit."""
    held = Gesture.objects.select_for_update(of=("self",)).filter(together=together).order_by("place")
    return list(held.select_related("person__root", "budget__team", "team", "site", "granted_by"))


def sum_of(rows: Sequence[Gesture]) -> Money:
    """What an act is worth to the client."""
    return Money(sum(row.amount for row in rows), rows[0].currency)
