"""What a journey declares that may be delegated: deciding something up to an amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Words = Any


@dataclass(frozen=True, slots=True)
class Authority:
    """Something that staff may decide alone up to an amount: `Authority("gestures.grant", _("Give a gesture"))`.

    `label` is a verb with what is given: "Give a gesture". Amounts are whole numbers of the `unit`'s smallest piece.
    `roles` may hold it; without any, every role of staff may.
    """

    name: str
    label: Words
    unit: str = "EUR"
    roles: tuple[str, ...] = ()
