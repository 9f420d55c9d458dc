"""Who of several free hosts receives a visitor. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Able:
    """Somebody who is free: her visits in the week in question (`load`), and how lately she was given one."""

    id: int
    is_hers: bool = False
    """She is the visitor's own adviser."""
    load: int = 0
    last: int = 0
    """A number that grows: which of her sittings was given last; 0 for none lately."""


def ranked(able: Iterable[Able]) -> list[int]:
    """Those who are asked first: the visitor's own adviser, then the least loaded, then who was given one least
    recently.
    """
    return [one.id for one in sorted(able, key=_rank)]


def _rank(one: Able) -> tuple[bool, int, int, int]:
    return not one.is_hers, one.load, one.last, one.id
