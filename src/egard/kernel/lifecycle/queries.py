"""What staff see before they say that two are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from egard.base.refusal import Refusal
from egard.kernel.access.actors import Viewer
from egard.kernel.people import merges
from egard.kernel.people import queries as people
from egard.kernel.people.members import FILLED
from egard.kernel.people.models import Person
from egard.kernel.people.queries import ConsentState, PersonCard
from egard.kernel.registry import FieldClass, registry

Source = Literal["survivor", "absorbed", "both", ""]


@dataclass(frozen=True, slots=True)
class Compared:
    """One value side by side. `kept` is what the merged person shows, `source` whose it is."""

    name: str
    survivor: str
    absorbed: str
    kept: str
    source: Source


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A purpose and channel on which the two said different things; the later word holds."""

    survivor: ConsentState
    absorbed: ConsentState

    @property
    def holds(self) -> ConsentState:
        return max(self.survivor, self.absorbed, key=lambda state: state.at)


@dataclass(frozen=True, slots=True)
class Count:
    """How many of something each has; a merge brings them together."""

    label: Any
    survivor: int
    absorbed: int

    @property
    def together(self) -> int:
        return self.survivor + self.absorbed


@dataclass(frozen=True, slots=True)
class Preview:
    """The two as they are, what the merged person will show, and what will be together."""

    survivor: PersonCard
    absorbed: PersonCard
    values: tuple[Compared, ...]
    disagreements: tuple[Disagreement, ...]
    counts: tuple[Count, ...]
    refusal: Refusal | None
    """Why they cannot be merged as they are."""


def pair(viewer: Viewer, one: UUID, other: UUID) -> tuple[Person, Person]:
    """Two persons whom the viewer may merge, by the ids of any of their rows.

    Raises `NotFound`, `merges.WithHerself`, `merges.AlreadyMerged` (they are one already).
    """
    survivor = people.person(viewer, one, people.MERGE)
    if one == other:
        raise merges.WithHerself
    absorbed = people.person(viewer, other, people.MERGE)
    if survivor.pk == absorbed.pk:
        raise merges.AlreadyMerged
    return survivor, absorbed


def preview(viewer: Viewer, survivor: Person, absorbed: Person) -> Preview:
    """Both side by side, within what the viewer sees of each; a constant number of queries, few for each journey."""
    seen = [people.seen_as(viewer, person) for person in (survivor, absorbed)]
    cards = [people.card(one, person) for one, person in zip(seen, (survivor, absorbed), strict=True)]
    refusal = None
    try:
        rows = Person.objects.filter(pk__in=[*survivor.members, *absorbed.members])
        merges.refuse(survivor, absorbed, list(rows))
    except Refusal as refused:
        refusal = refused
    counts = [
        Count(label, mine, dict(theirs).get(label, 0))
        for hooks in registry.hooks.values()
        if hooks.counts is not None
        for theirs in [hooks.counts(seen[1], absorbed)]
        for label, mine in hooks.counts(seen[0], survivor)
    ]
    return Preview(
        *cards,
        values=tuple(_compared(seen, cards)),
        disagreements=tuple(_disagreements(*cards)),
        counts=tuple(count for count in counts if count.together),
        refusal=refusal,
    )


def _compared(seen: list[Viewer], cards: list[PersonCard]) -> list[Compared]:
    sides = [_values(viewer, card) for viewer, card in zip(seen, cards, strict=True)]
    found = []
    for name, mine in sides[0].items():
        theirs = sides[1].get(name, "")
        if mine or theirs:
            same = mine.casefold() == theirs.casefold()
            source: Source = "both" if same else "survivor" if mine else "absorbed"
            found.append(Compared(name, mine, theirs, mine or theirs, source))
    return found


def _values(viewer: Viewer, card: PersonCard) -> dict[str, str]:
    """What a person shows, by the name of the value; `site` and `adviser` by their own names."""
    person = card.person
    values = {name: getattr(person, name) for name in FILLED}
    values |= {"site": person.site.name if person.site else "", "adviser": card.adviser.name if card.adviser else ""}
    if not viewer.sees(FieldClass.IDENTITY):
        values |= {"given_name": "", "family_name": ""}
    if not viewer.sees(FieldClass.CONTACT):
        values["address"] = ""
    return values


def _disagreements(survivor: PersonCard, absorbed: PersonCard) -> list[Disagreement]:
    theirs = {(state.purpose, state.channel): state for state in absorbed.consents}
    return [
        Disagreement(state, other)
        for state in survivor.consents
        if (other := theirs.get((state.purpose, state.channel))) and other.given != state.given
    ]
