"""A refund that is given as a gesture is asked of the provider once, and keeps what was promised with it."""

from __future__ import annotations

import pytest

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.money import Money
from egard.journeys.gestures.operations import grant, reverse
from egard.journeys.gestures.refusals import UsedAlready
from egard.journeys.gestures.tests.giving import furnish
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations as cases
from egard.kernel.payments import carrying
from egard.kernel.payments import operations as payments
from egard.kernel.payments.models import Command
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    """The provider's clock is its own."""
    return utc_now()


@pytest.fixture
def house(make_user, me, now):
    return furnish(make_user, me, now, alone=200_000)


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org", language="en")


@pytest.fixture
def paid(anne, me, now):
    """Anne paid 30 EUR for an order with a card of some kind."""

    def charge(kind="approve", order="A7"):
        card = payments.save_instrument(anne, f"sandbox_{kind}", key=f"card-{new_id()}", by=me, now=now)
        made = payments.charge(
            anne, card, Money(30_00, "EUR"), subject=f"order:{order}", key=f"pay-{new_id()}", by=me, now=now
        )
        return carrying.settle(made, now=now)

    return charge


@pytest.fixture
def give(house, anne, now):
    """Camille refunds 20 EUR of the order that a complaint names."""

    def refund(order="A7"):
        case = cases.open_case(
            system_viewer("test"), "complaint", anne, data={"order_number": order, "subject": "Broken"}, now=now
        )
        return grant(house.adviser, anne, "refund", 20_00, subject=f"case:{case.uuid}", key=f"k{new_id()}", now=now)

    return refund


def owed(gesture):
    return Promise.objects.get(uuid=gesture.promise)


def test_money_goes_back_on_the_card_once_and_the_promise_is_kept_by_it(paid, give, settle, now, house, anne):
    payment = paid()
    given = give()
    assert owed(given).state == "open"
    for _twice in range(2):
        carrying.settle(payment, now=now)
    settle()
    payment.refresh_from_db()
    given.refresh_from_db()
    assert (payment.captured, payment.refunded) == (30_00, 20_00)
    assert owed(given).state == "kept"
    assert given.used_at is not None
    with pytest.raises(UsedAlready):
        reverse(house.lead, given.uuid, reason="No", now=now)


def test_another_order_is_not_refunded_by_a_guess_and_stays_a_promise(paid, give):
    paid(order="B8")
    given = give("A7")
    assert not Command.objects.filter(what="refund").exists()
    assert owed(given).state == "open"


def test_what_the_provider_refuses_stays_owed(paid, give, settle, now):
    payment = paid("norefund")
    given = give()
    carrying.settle(payment, now=now)
    settle()
    payment.refresh_from_db()
    assert payment.refunded == 0
    assert owed(given).state == "open", "somebody must give it back in another way"
