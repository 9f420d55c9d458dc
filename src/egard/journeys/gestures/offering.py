"""What other journeys may offer in an act of theirs: gestures that the adviser gives alone, at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language

from egard.journeys.gestures import queries, shown
from egard.journeys.gestures.queries import GRANT, About
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person

MOST = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """One choice: `choice` names it (`kind:amount` in minor units), `title` and `more` are for the adviser."""

    choice: str
    title: str
    more: tuple[str, ...]


def offers(viewer: Viewer, person: Person, *, severity: int = 2, order_number: str = "", now: datetime) -> list[Offer]:
    """The most fitting gestures that need nobody's second word and no proof first; none for who may give none."""
    if not viewer.can(GRANT):
        return []
    about, language = About(severity=severity, order_number=order_number), get_language() or "en"
    found = queries.proposals(viewer, person, about, now=now)
    kinds, unit = found.catalogue.kinds, found.catalogue.currency

    def title(kind: str, amount: int) -> str:
        said, fixed = kinds[kind].title.said(language), kinds[kind].worth.is_fixed
        return said if fixed or not amount else f"{said} ({shown.money(amount, unit)})"

    at_once = [one for one in found.proposals if not one.waits and not one.proof_first]
    return [
        Offer(
            f"{one.kind}:{one.amount}",
            title(one.kind, one.amount),
            tuple(title(item.kind, item.amount) for item in one.comes_with),
        )
        for one in at_once[:MOST]
    ]
