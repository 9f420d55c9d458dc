"""Somebody with a card of each kind, and money that was taken."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.money import Money
from egard.kernel.payments import carrying, operations
from egard.kernel.payments.sandbox import Sandbox


@pytest.fixture
def now():
    """The provider's clock is its own: tests of it take the time that it is."""
    return utc_now().astimezone(UTC)


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf")


@pytest.fixture
def charge(anne, me, now):
    """Asks for money: `charge("approve", 20)` in euros; told to the provider unless `told=False`."""

    def run(kind="approve", euros=20, *, at=now, told=True, key="", person=anne, **more):
        card = operations.save_instrument(person, f"sandbox_{kind}", key=f"card-{new_id()}", by=me, now=at)
        made = operations.charge(
            person, card, Money(euros * 100, "EUR"), key=key or f"pay-{new_id()}", by=me, now=at, **more
        )
        return carrying.settle(made, now=at) if told else made

    return run


@pytest.fixture
def refund(me, now):
    def run(payment, euros=None, *, at=now, told=True, key="", **more):
        amount = None if euros is None else Money(euros * 100, "EUR")
        asked = operations.refund(payment, amount, key=key or f"back-{new_id()}", by=me, now=at, **more)
        if told:
            carrying.settle(payment, now=at)
        asked.refresh_from_db()
        payment.refresh_from_db()
        return asked

    return run


def later(moment, **more):
    return moment + timedelta(**more)


def moved(payment) -> list[tuple[str, int]]:
    """What the provider did of one payment, in its own books: approved captures and refunds."""
    words = Sandbox().statement(payment.created_at - timedelta(days=1), payment.created_at + timedelta(days=400))
    return [(word.what, word.amount.amount) for word in words if word.reference == payment.reference]


__all__ = ["later", "moved"]
