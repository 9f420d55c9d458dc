"""The routine of the welcome, gone through step by step until it is a reflex. Pure."""

from __future__ import annotations

from collections.abc import Iterable

LOOKED_BACK = 200
"""So many of her latest welcomes are looked at: after as many without the steps they are shown again."""


def is_reflex(complete: Iterable[bool], times: int) -> bool:
    """Whether somebody went through all steps so many times in a row, in any order of her welcomes."""
    run = 0
    for whole in complete:
        if run >= times:
            break
        run = run + 1 if whole else 0
    return run >= times
