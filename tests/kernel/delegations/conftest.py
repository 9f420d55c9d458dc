"""Something that can be delegated, and colleagues to whom it is."""

from __future__ import annotations

import pytest

from egard.base.money import Money
from egard.kernel.delegations import operations, queries
from egard.kernel.registry import Authority, registry

GIVE = "toys.give"


@pytest.fixture(autouse=True)
def _something_to_delegate(monkeypatch):
    monkeypatch.setitem(registry.authorities, GIVE, Authority(GIVE, "Give a toy"))
    monkeypatch.setitem(registry.authorities, "toys.lend", Authority("toys.lend", "Lend", roles=("supervisor",)))


@pytest.fixture
def delegate(me, now):
    """Delegates in euros: `delegate(user, 50, per_day=100)`."""

    def run(user=None, per_act=50, *, at=now, authority=GIVE, **more):
        for name in ("per_day", "per_person"):
            if more.get(name) is not None:
                more[name] *= 100
        return operations.delegate(authority, user=user, per_act=per_act * 100, by=me, now=at, **more)

    return run


@pytest.fixture
def use(me, now):
    """Decides in euros; the decision: `use(user, 30, person=anne)`."""
    numbers = iter(range(1, 1000))

    def run(user, euros, *, at=now, key="", first=None, **more):
        key = key or f"use-{next(numbers)}"
        act = operations.use if first is None else operations.second
        if first is not None:
            more["first"] = first
        return act(user, GIVE, Money(euros * 100, "EUR"), key=key, by=me, now=at, **more)

    return run


@pytest.fixture
def decide(now):
    def run(user, euros=None, *, at=now, **more):
        amount = None if euros is None else Money(euros * 100, "EUR")
        return queries.decide(user, GIVE, amount, now=at, **more)

    return run


def codes(decision) -> list[str]:
    """The reasons of a decision by their codes; none where it is allowed."""
    assert decision.allowed == (not decision.reasons)
    return [reason.code for reason in decision.reasons]
