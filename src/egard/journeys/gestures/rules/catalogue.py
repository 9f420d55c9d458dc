"""What may be given: the shape of the catalogue's file, and what is wrong with one that has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cached_property
from math import ceil
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from egard.base.calendars import BadSpan, Span
from egard.base.money import exponent
from egard.journeys.gestures.rules import FORMS, RESPONSIBILITIES
from egard.kernel.cases.rules.definition import Key
from egard.kernel.cases.rules.reading import Finding, Refused, misfits, values_of
from egard.kernel.cases.rules.text import Text

AMOUNT_MAX = 10**12
"""Minor units; more is a slip of the pen."""
KINDS_MAX = 60
_MONEY = ("credit", "voucher", "refund")
_PROMISED = ("redelivery", "upgrade", "letter", "gift", "refund")


def _decimal(value: object) -> Decimal:
    try:
        found = Decimal(str(value).replace(" ", ""))
    except InvalidOperation as error:
        raise ValueError("is no amount: write 5 or 4.50") from error
    if not found.is_finite():
        raise ValueError("is no amount: write 5 or 4.50")
    return found


def _span(value: object) -> str:
    try:
        return str(Span.parse(str(value)))
    except BadSpan as error:
        raise ValueError(str(error)) from error


Major = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0)]
"""An amount as people write it, in the catalogue's currency: 5, 4.50."""
Time = Annotated[str, BeforeValidator(_span)]
MajorOrYes = Annotated[Major | None, BeforeValidator(lambda value: None if value in (True, "yes", "") else value)]
"""An amount, or `yes` for what is worth one amount only."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Worth(Part):
    """What it is worth to the client: one amount, a choice `from` … `to` in steps, or the price of what went wrong."""

    least: Major = Field(alias="from")
    most: Major = Field(alias="to")
    step: Major = Decimal(1)
    price: bool = False
    """The price paid, up to `to`."""

    @property
    def is_fixed(self) -> bool:
        return self.least == self.most


def _worth(value: object) -> object:
    if isinstance(value, dict | Worth):
        return value
    words = str(value).split()
    if words[:1] == ["price"]:
        if len(words) not in (1, 4) or (len(words) == 4 and words[1:3] != ["up", "to"]):
            raise ValueError("write price, or price up to 200")
        return {"from": 0, "to": words[3] if len(words) == 4 else 100_000, "step": "0.01", "price": True}
    return {"from": value, "to": value}


def _share(value: object) -> object:
    """`60 %` of the worth, or an amount."""
    if isinstance(value, dict | Cost):
        return value
    words = str(value).strip()
    return {"percent": words[:-1].strip()} if words.endswith("%") else {"each": words}


class Cost(Part):
    """What it costs the house: a share of what it is worth, or an amount each."""

    percent: Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=200)] | None = None
    each: Major | None = None


class Kind(Part):
    """One thing that may be given."""

    form: Literal["credit", "voucher", "refund", "redelivery", "upgrade", "letter", "gift"]
    title: Text
    about: Text
    """What the client reads: how she has the use of it."""
    worth: Annotated[Worth, BeforeValidator(_worth)] = Worth(**{"from": Decimal(0), "to": Decimal(0)})
    cost: Annotated[Cost, BeforeValidator(_share)] = Cost(percent=Decimal(100))
    steps: tuple[Text, ...] = ()
    """What the client must do to have the use of it; nothing, if it can be helped."""
    proof_above: Major | None = None
    """Above this worth a proof is seen first; without it never."""
    responsibility: tuple[Literal["ours", "shared", "theirs", "nobody"], ...] = ("ours", "shared", "nobody")
    severity: Annotated[int, Field(ge=1, le=3)] = 1
    """From which it is proposed: 1 a nuisance, 2 a real harm, 3 grave."""
    valid: Time | None = None
    channels: tuple[Key, ...] = ()
    """Where a voucher works; everywhere, if nothing is said."""
    promise: Time | None = None
    """Within what it is done, where it is not done at once."""
    comes_with: dict[Key, MajorOrYes] = Field(default={}, alias="with")
    """Other kinds that are given in the same act, with an amount where that is to be chosen."""

    @model_validator(mode="after")
    def _whole(self) -> Kind:
        if self.form in _MONEY and not self.worth.most:
            raise ValueError("money needs worth: an amount, or from and to")
        if self.form in ("credit", "voucher") and self.valid is None:
            raise ValueError("a credit or a voucher says how long it is valid: 12 months")
        if self.form in ("redelivery", "letter", "gift", "upgrade") and self.promise is None:
            raise ValueError("what is not done at once says within what it is promised: 2 business days")
        if self.promise and self.form not in _PROMISED:
            raise ValueError("a credit or a voucher is there at once: nothing is promised")
        if self.channels and self.form != "voucher":
            raise ValueError("channels are where a voucher works")
        if self.worth.least > self.worth.most or self.worth.step <= 0:
            raise ValueError("worth goes from the smaller to the larger amount, in steps above 0")
        return self


class Rules(Part):
    """How much is enough. Recovery gains stop at about 80 % of the price paid, and nothing is gained beyond 150 %."""

    enough: Annotated[int, Field(ge=1, le=100)] = 80
    most: Annotated[int, Field(ge=100, le=300)] = 150
    usual: tuple[Major, Major, Major] = (Decimal(5), Decimal(15), Decimal(40))
    """By severity, what is fitting where no price is known."""
    good_client: Major = Decimal(1000)
    """Who spent as much in twelve months is a good client."""


class Catalogue(Part):
    """What may be given in this house."""

    catalogue: Key
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    rules: Rules = Rules()
    kinds: Annotated[dict[Key, Kind], Field(min_length=1, max_length=KINDS_MAX)]

    @cached_property
    def version(self) -> str:
        """Stands for what it says: the same content, the same version."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    def minor(self, amount: Decimal) -> int:
        """Minor units; what the linter let through has no fraction of one."""
        return int(amount.scaleb(exponent(self.currency)))

    def cost_of(self, kind: Kind, worth_minor: int) -> int:
        """What giving `worth_minor` costs the house, in minor units, rounded up: a budget is never short of a cent."""
        if kind.cost.each is not None:
            return self.minor(kind.cost.each)
        share = kind.cost.percent if kind.cost.percent is not None else Decimal(100)
        return ceil(worth_minor * share / 100)

    def bounds(self, kind: Kind, price_minor: int | None = None) -> tuple[int, int, int]:
        """The least, the most and the step of what may be given, in minor units."""
        least, most, step = (self.minor(one) for one in (kind.worth.least, kind.worth.most, kind.worth.step))
        if kind.worth.price and price_minor is not None:
            most = min(most, price_minor)
        return least, most, max(1, step)


def read(source: str) -> Catalogue:
    """The catalogue in a file. Raises `Refused`, with what is wrong by line."""
    found, findings = lint(source)
    if found is None or findings:
        raise Refused(findings)
    return found


def lint(source: str) -> tuple[Catalogue | None, list[Finding]]:
    """The catalogue of a file (None where it has no shape), and what is wrong with it, by line."""
    try:
        told, lines = values_of(source, a="a catalogue", begins="catalogue: name")
        found = Catalogue.model_validate(told)
    except Refused as refused:
        return None, refused.findings
    except ValidationError as error:
        return None, misfits(error, lines)
    wrong = {Finding(lines.at(path), rule, words) for path, rule, words in (*_amounts(found), *_together(found))}
    return found, sorted(wrong)


Wrong = tuple[tuple[str, ...], str, str]


def _amounts(found: Catalogue) -> Iterator[Wrong]:
    """Amounts that the currency does not have: half a cent, or more than anybody means."""
    for name, kind in found.kinds.items():
        told = {"worth": (kind.worth.least, kind.worth.most, kind.worth.step), "cost": (kind.cost.each,),
                "proof_above": (kind.proof_above,), "with": tuple(kind.comes_with.values())}  # fmt: skip
        for part, amounts in told.items():
            for amount in filter(None, amounts):
                if not _has_pieces(amount, found.currency):
                    words = f"{amount} is no amount of {found.currency}: it has {exponent(found.currency)} decimals"
                    yield ("kinds", name, part), "piece", words
                elif found.minor(amount) > AMOUNT_MAX:
                    yield ("kinds", name, part), "huge", f"{amount} is more than anybody means"
    for amount in (*found.rules.usual, found.rules.good_client):
        if not _has_pieces(amount, found.currency):
            yield ("rules",), "piece", f"{amount} is no amount of {found.currency}"
    if tuple(sorted(found.rules.usual)) != found.rules.usual:
        yield ("rules", "usual"), "order", "what is usual grows with severity"


def _has_pieces(amount: Decimal, currency: str) -> bool:
    scaled = amount.scaleb(exponent(currency))
    return scaled == scaled.to_integral_value()


def _together(found: Catalogue) -> Iterator[Wrong]:
    """What comes with something is a kind of the catalogue, has its amount, and brings nothing more itself."""
    for name, kind in found.kinds.items():
        for other, amount in kind.comes_with.items():
            path = ("kinds", name, "with", other)
            if other == name or other not in found.kinds:
                yield path, "unknown_kind", f"“{other}” is no other kind of this catalogue"
                continue
            worth = found.kinds[other].worth
            if found.kinds[other].comes_with or worth.price:
                yield path, "nested", f"“{other}” brings something itself, or is the price: it cannot come with another"
            elif amount is None and not worth.is_fixed:
                yield path, "amount", f"say how much of “{other}” comes with it: {other}: 5"
            elif amount is not None and not worth.least <= amount <= worth.most:
                yield path, "amount", f"“{other}” goes from {worth.least} to {worth.most}"


assert set(get_args(Kind.model_fields["form"].annotation)) == set(FORMS)
assert set(RESPONSIBILITIES) >= set(Kind.model_fields["responsibility"].default)
