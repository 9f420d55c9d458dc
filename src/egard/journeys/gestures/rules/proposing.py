"""What to propose to somebody whom something went wrong: a short list, the most fitting first, each with its reasons.

Sources of the numbers: recovery gains stop at about 80 % of the price paid and nothing is gained beyond 150 %; speed
beats amount; what the client went through already weighs more than what he spends (docs/gestures.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from egard.journeys.gestures.rules import words
from egard.journeys.gestures.rules.catalogue import Catalogue, Kind
from egard.journeys.gestures.rules.words import Reason

PROPOSED_MAX = 4
OFTEN = 3
"""From so many gestures in twelve months on, the adviser is told to look at the history first. Never a refusal."""
_FULL = {1: 20, 2: 50, 3: 80}
"""By severity, what is sought where the fault is ours, in percent of the price."""
_OURS = {"ours": 100, "shared": 50, "nobody": 30, "theirs": 0}
"""By responsibility, how much of that."""
CONTACT_POINTS, CONTACTS_MAX, BROKEN_POINTS, GOOD_POINTS = 10, 3, 10, 10
STEP_COST, WAIT_COST, WAITING_COST, PROOF_COST, RESTORED = 8, 5, 40, 10, 10
"""What makes a proposal less fitting, in points of a hundred: a step for the client, having to wait for it, having to
wait for a second person, a proof; and more fitting: it gives back what was bought."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of what went wrong, and of whom. Amounts are minor units of the catalogue's currency."""

    responsibility: str = "ours"
    severity: int = 2
    price: int | None = None
    """What was paid for what went wrong."""
    yearly: int = 0
    """What the client spent in twelve months."""
    given: int = 0
    """What was given to her about this matter already."""
    gestures: int = 0
    """How many gestures she had in twelve months."""
    contacts: int = 1
    """How often she came about this matter."""
    broken: bool = False
    """A promise made to her was broken."""
    proof: bool = False
    """A proof was seen."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the adviser may give alone for this matter, and what is left in the team’s budget; None: no bound."""

    alone: int | None = None
    budget: int | None = None
    unbudgeted: bool = False
    """The house has budgets, and none runs for this team: what costs anything waits."""


@dataclass(frozen=True, slots=True)
class Sought:
    """How much is fitting in all: minor units, and why."""

    amount: int
    most: int | None
    """Beyond it nothing is gained."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is given: its name in the catalogue and its worth in minor units."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something to give, ready for one click."""

    kind: str
    amount: int
    comes_with: tuple[Item, ...]
    worth: int
    """Of all that is given in the act."""
    cost: int
    """Expected, of all."""
    steps: int
    waits: str
    """`authority`, `budget` or `no_budget`: a second person must agree first. Empty: given at once."""
    proof_first: bool
    score: int
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def items(self) -> tuple[Item, ...]:
        return (Item(self.kind, self.amount), *self.comes_with)


def sought(catalogue: Catalogue, at: Situation) -> Sought:
    """How much is fitting: by whose fault it was and how grave, more for what the client went through, less what was
    given already; never beyond the most that the price bears.
    """
    told = [words.responsibility(at.responsibility), words.severity(at.severity)]
    share = _FULL[at.severity] * _OURS[at.responsibility] // 100
    if share:
        share, more = _more(catalogue, at, share)
        told += more
    most: int | None = None
    if at.price is None:
        full = catalogue.minor(catalogue.rules.usual[at.severity - 1])
        amount = full * share // _FULL[at.severity]
    else:
        amount, most = at.price * share // 100, at.price * catalogue.rules.most // 100
        if share:
            told.append(words.price(catalogue, at.price, share))
    if at.given:
        amount = max(0, amount - at.given)
        most = max(0, most - at.given) if most is not None else None
        told.append(words.given(at.given, catalogue.currency))
    return Sought(amount, most, tuple(told))


def _more(catalogue: Catalogue, at: Situation, share: int) -> tuple[int, list[Reason]]:
    """What is added for what she went through; beyond what is enough, only where it was grave."""
    told: list[Reason] = []
    again = min(at.contacts - 1, CONTACTS_MAX)
    if again > 0:
        share += CONTACT_POINTS * again
        told.append(words.effort(at.contacts))
    if at.broken:
        share += BROKEN_POINTS
        told.append(words.broken())
    if at.yearly >= catalogue.minor(catalogue.rules.good_client):
        share += GOOD_POINTS
        told.append(words.good_client(at.yearly, catalogue.currency))
    return min(share, catalogue.rules.most if at.severity == 3 else catalogue.rules.enough), told


def propose(catalogue: Catalogue, at: Situation, room: Room) -> list[Proposal]:
    """At most four proposals, the most fitting first; what may be given at once before what must wait."""
    aim = sought(catalogue, at)
    found = []
    for name, kind in catalogue.kinds.items():
        if at.responsibility not in kind.responsibility or at.severity < kind.severity:
            continue
        if kind.worth.price and at.price is None:
            continue
        made = _proposal(catalogue, name, kind, at, aim, room)
        if made is not None:
            found.append(made)
    found.sort(key=lambda one: (bool(one.waits), -one.score, one.cost, one.kind))
    return [one for one in found if one.score >= 0][:PROPOSED_MAX] or found[:1]


def _proposal(catalogue: Catalogue, name: str, kind: Kind, at: Situation, aim: Sought, room: Room) -> Proposal | None:
    with_it = tuple(with_(catalogue, kind))
    beside = sum(item.amount for item in with_it)
    restores = kind.form == "redelivery"
    amount = _amount(catalogue, kind, max(0, aim.amount - beside), at.price)
    if amount is None:
        return None
    worth = amount + beside
    beyond = beside if restores else worth  # what was bought is owed anyway
    if aim.most is not None and beyond > max(aim.most, beside):
        return None
    cost = sum(catalogue.cost_of(catalogue.kinds[one.kind], one.amount) for one in (Item(name, amount), *with_it))
    proof_first = needs_proof(catalogue, kind, amount) and not at.proof
    waits = waits_for(worth, cost, room)
    steps = len(kind.steps)
    told = [*aim.reasons, *words.of_kind(catalogue, kind, amount, proof_first=proof_first)]
    told.append(words.of_room(catalogue.currency, waits=waits, alone=room.alone, budget=room.budget))
    if at.gestures >= OFTEN:
        told.append(words.often(at.gestures))
    score = _fit(beyond, aim.amount)
    if restores:
        told.insert(0, words.restores())
        enough = (at.price or 0) * catalogue.rules.enough // 100
        score = RESTORED + (100 if beyond <= max(aim.amount, enough) else score)
    score -= STEP_COST * steps + PROOF_COST * proof_first + WAIT_COST * bool(kind.promise) + WAITING_COST * bool(waits)
    return Proposal(name, amount, with_it, worth, cost, steps, waits, proof_first, score, tuple(told))


def with_(catalogue: Catalogue, kind: Kind) -> list[Item]:
    """What is given in the same act, each at its worth."""
    return [
        Item(name, catalogue.minor(amount if amount is not None else catalogue.kinds[name].worth.most))
        for name, amount in kind.comes_with.items()
    ]


def _amount(catalogue: Catalogue, kind: Kind, wanted: int, price: int | None) -> int | None:
    """What is fitting of this kind: as much as is wanted, within its bounds, on its steps, rounded in the client’s
    favour. None where that cannot be: the same again is the whole price, or nothing.
    """
    least, most, step = catalogue.bounds(kind, price)
    if kind.form == "redelivery":
        return price if price is not None and price <= most else None
    up = least + -(-max(0, wanted - least) // step) * step
    return max(least, min(up, most - (most - least) % step))


def _fit(worth: int, aim: int) -> int:
    """How near to what is fitting, 0 to 100: what falls short is as far away as what goes beyond."""
    if worth == aim:
        return 100
    return max(0, 100 - 100 * abs(worth - aim) // max(worth, aim))


def needs_proof(catalogue: Catalogue, kind: Kind, amount: int) -> bool:
    """Whether a proof is seen before so much is given."""
    return kind.proof_above is not None and amount > catalogue.minor(kind.proof_above)


def waits_for(worth: int, cost: int, room: Room) -> str:
    """What a gesture waits for: nothing where it may be given at once."""
    if room.alone is not None and worth > room.alone:
        return "authority"
    if room.unbudgeted and cost:
        return "no_budget"
    return "budget" if room.budget is not None and cost > room.budget else ""
