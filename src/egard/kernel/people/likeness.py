"""Why two records may be one person: pure. The same rules propose a pair, rank it and explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from egard.base.text import words
from egard.kernel.people.models import Person

Code = Literal["identifier", "name", "address", "site", "other_name"]
HOLDERS_MAX = 5
"""An identifier that more people have than this is an office's or a shop's: it says nothing of two of them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of a person: all her rows together."""

    given: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()
    address: str = ""
    sites: frozenset[str] = frozenset()
    identifiers: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, person: Person, identifiers: Mapping[int, set[tuple[str, str]]]) -> Known:
        """From a person as `queries` load her (with her members, blanks filled) and the identifiers by row."""
        sites = {str(person.site_id or ""), *(row["site"]["id"] for row in person.absorbed if row["site"])}
        return cls(
            given=frozenset(words(person.given_name)),
            family=frozenset(words(person.family_name)),
            address=" ".join(words(person.address)),
            sites=frozenset(sites - {""}),
            identifiers=frozenset(pair for pk in person.members for pair in identifiers.get(pk, ())),
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that two have in common, or (`other_name`) one that speaks against it."""

    code: Code
    kind: str = ""
    value: str = field(default="", repr=False)


WEIGHTS: Mapping[str, int] = {"identifier": 3, "name": 2, "address": 2, "site": 1, "other_name": -2}
ENOUGH = 3
"""The score from which a pair that shares no identifier is proposed: a name alone is not enough, nor is an address."""


def why(a: Known, b: Known) -> list[Reason]:
    """What two have in common, the strongest first; empty where it is too little to propose them.

    A shared identifier is enough. The same name (both words of it) counts together with an address or a home shop: two
    of one name are many. Two first names of which none begins the other speak against: a family has one phone.
    """
    found = [Reason("identifier", kind, value) for kind, value in sorted(a.identifiers & b.identifiers)]
    same_name = bool(a.given and a.family) and (a.given, a.family) == (b.given, b.family)
    if same_name:
        found.append(Reason("name"))
    if a.address and a.address == b.address and (same_name or found):
        found.append(Reason("address"))
    if a.sites & b.sites and same_name:
        found.append(Reason("site"))
    if a.given and b.given and not any(x.startswith(y) or y.startswith(x) for x in a.given for y in b.given):
        found.append(Reason("other_name"))
    shares = any(reason.code == "identifier" for reason in found)
    return found if shares or score(found) >= ENOUGH else []


def score(reasons: list[Reason]) -> int:
    """How much speaks for it: the order of the list, no probability."""
    return max(0, sum(WEIGHTS[reason.code] for reason in reasons))
