"""What is said or done next on the phone; how a provider is told so is `voice`'s affair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from egard.journeys.reach.rules.routing import Offer
from egard.journeys.reach.rules.times import Wait


@dataclass(frozen=True, slots=True)
class AskName:
    """Several share this number: which of them is it? By given names, in the order of the keys."""

    names: tuple[str, ...]
    wrong: bool = False
    """She pressed a key that means nothing."""


@dataclass(frozen=True, slots=True)
class AskNumber:
    """Nobody is known by this number: her customer number, typed. `wrong`: what she typed is nobody's."""

    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Dial:
    """Put her through to a line."""

    line: str
    name: str
    own: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """What she may choose from, in order: the first is key 1. `name` is her adviser's."""

    offers: tuple[Offer, ...]
    name: str
    deputy: str
    why: str = ""
    """`no_answer`, `gone` (who was waited for has left), `busy`."""
    owed: datetime | None = None
    """When she is called already; key 9 keeps it."""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """When she is called back: key 1 is the first; 0 leads back; 9 keeps what is `owed` to her already."""

    times: tuple[datetime, ...]
    taken: bool = False
    name: str = ""
    owed: datetime | None = None
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """She waits; any key leads back to what else may be done. Without `aloud` nothing new is said."""

    wait: Wait
    name: str
    aloud: bool = True


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """The answer is promised by a moment; she says what it is about after the tone."""

    due_at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """Whom she talked to is no longer on the line: key 1 leads back."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The last words: `call_back` and `message` say what was promised; `unknown` how to be known; `thanks`; `silence`
    says nothing."""

    why: str
    at: datetime | None = None
    name: str = ""


Plan: TypeAlias = AskName | AskNumber | Dial | Menu | Times | Hold | LeaveMessage | CutOff | Goodbye
