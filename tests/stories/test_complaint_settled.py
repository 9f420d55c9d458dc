"""A complaint settled in one contact: decided, given, told to the client, closed; by one page or one call."""

from __future__ import annotations

import json

import pytest

from egard.base.clock import utc_now
from egard.journeys.complaints.models import Complaint
from egard.journeys.gestures.models import Gesture
from egard.journeys.gestures.tests.giving import furnish
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.messages.models import Outgoing
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(make_user, me):
    return furnish(make_user, me, utc_now())


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org", language="en")


def ended():
    """What every way must leave behind: one contact, answered, closed, nothing owed, one gesture that she heard of."""
    row, given = Complaint.objects.select_related("case").get(), Gesture.objects.first()
    assert (row.contacts, row.settled_at_once, row.case.status) == (1, True, "closed")
    assert row.answered_at is not None
    assert given.state == "granted"
    assert given.subject == f"case:{row.case.uuid}"
    assert set(Promise.objects.filter(subject__startswith="case:").values_list("state", flat=True)) <= {"kept"}
    assert Outgoing.objects.filter(kind="gestures.given", person=row.case.person).count() == 1
    told = list(Fact.objects.filter(person=row.case.person).order_by("id").values_list("kind__name", flat=True))
    assert told[0] == "complaints.received"
    assert "gestures.granted" in told
    assert told[-1] == "complaints.closed"
    return given


def test_the_adviser_hears_it_gives_five_euros_and_closes_it_on_one_screen(client, house, anne):
    client.force_login(house.camille)
    page = client.get(f"/complaints/new?person={anne.uuid}").content.decode()
    choice = page.split('name="gesture" value="')[2].split('"')[0]
    kind, _colon, amount = choice.partition(":")
    form = {"person": str(anne.uuid), "words": "The dish came broken.", "category": "product", "channel": "phone",
            "at_once": "yes", "settled": "Excuses, and a gesture.", "gesture": choice, "key": "one"}  # fmt: skip
    for _twice in range(2):
        sent = client.post("/complaints/new", form)
        assert sent.status_code == 302
    given = ended()
    assert (given.kind, given.amount) == (kind, int(amount))
    assert Gesture.objects.values("together").distinct().count() == 1, "sent twice, given once"


def test_staff_do_the_same_by_the_api_in_one_call(client, house, anne):
    client.force_login(house.camille)
    body = {"person": str(anne.uuid), "words": "The dish came broken.", "category": "product", "settled": "Made good.",
            "gesture": {"kind": "credit", "amount": {"amount": 500, "currency": "EUR"}}}  # fmt: skip
    made = client.post("/api/v1/complaints", json.dumps(body), "application/json")
    assert made.status_code == 201, made.content
    assert ended().amount == 500


def test_a_client_who_is_named_is_picked_and_her_order_says_what_the_same_again_is_worth(client, house, anne, me):
    bought = PurchaseMade(order_number="A-7", total=Amount(18_40, "EUR"), lines=[])
    record(anne, bought, at=utc_now(), by=me, channel="web", key="made:A-7", now=utc_now())
    client.force_login(house.camille)
    typed = {"words": "The dish came broken.", "contact": "lebœuf", "order_number": "A-7", "key": "one"}
    found = client.post("/complaints/new/joins", typed).content.decode()
    assert f'name="pick" value="{anne.uuid}"' in found
    page = client.post("/complaints/new", {**typed, "pick": str(anne.uuid)}).content.decode()
    assert not Complaint.objects.exists(), "picking a client takes nothing in"
    assert "The dish came broken." in page
    assert f'name="person" value="{anne.uuid}"' in page
    assert 'value="redelivery:1840"' in page
    unknown = client.post("/complaints/new/joins", {**typed, "contact": "", "order_number": "", "person": anne.uuid})
    assert "redelivery" not in unknown.content.decode()


def test_what_needs_a_second_person_is_not_called_settled(client, house, anne):
    from egard.journeys.complaints.operations import receive

    receive(
        house.adviser, "The oven burnt the kitchen.", person=anne, channel="phone", settled="A credit.",
        category="product", gesture=("credit", 10_000), key="k", now=utc_now(),
    )  # fmt: skip
    row = Complaint.objects.select_related("case").get()
    assert row.case.status == "open"
    assert row.answered_at is None
    assert Gesture.objects.first().state == "waiting"


def test_a_gesture_for_nobody_known_or_for_what_is_not_settled_is_refused_and_nothing_is_kept(house, anne):
    from egard.journeys.complaints.operations import NoGesture, receive

    for person, settled in ((None, "Done."), (anne, "")):
        with pytest.raises(NoGesture):
            receive(
                house.adviser, "Broken.", person=person, channel="phone", settled=settled, gesture=("credit", 500),
                key="k", now=utc_now(),
            )  # fmt: skip
    assert not Complaint.objects.exists()
