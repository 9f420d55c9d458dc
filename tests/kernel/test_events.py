"""Many facts at once, as programs send them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.timeline import bulk, operations
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


def event(n, *, customer="17850", **changes):
    return {
        "kind": "purchases.made/1",
        "key": f"made:{n}",
        "at": "2026-03-01T10:00:00Z",
        "channel": "web",
        "person": {"kind": "customer_number", "value": customer},
        "data": {"order_number": str(n), "total": {"amount": 100, "currency": "EUR"}},
        **changes,
    }


def outcomes(batch):
    return [o.outcome if o.refusal is None else o.refusal.code for o in batch.outcomes]


def test_events_make_their_people_and_are_recorded_once(me, now, everything):
    batch = bulk.record_events([event(1), event(2), event(3, customer="9")], by=me, now=now)
    assert outcomes(batch) == ["recorded"] * 3
    assert batch.people_created == 2
    again = bulk.record_events([event(1), event(2), event(3, customer="9")], by=me, now=now)
    assert outcomes(again) == ["unchanged"] * 3
    assert [o.id for o in again.outcomes] == [o.id for o in batch.outcomes]
    assert again.people_created == 0
    assert Fact.objects.count() == 3


def test_a_batch_keeps_its_good_rows_and_says_what_is_wrong_with_the_others(me, now, make_person):
    make_person("Anne", phone="0612345678")
    make_person("Paul", phone="0612345678")
    rows = [
        event(1),
        event(2, kind="purchases.dreamt"),
        event(3, at="2026-02-30T10:00:00Z"),
        event(4, at="2026-03-01T10:00:00"),
        event(5, at="2027-03-01T10:00:00Z"),
        event(6, person=None),
        event(7, person={"kind": "email", "value": "nobody"}),
        event(8, person={"kind": "phone", "value": "0612345678"}),
        event(9, person={"id": "01890000-0000-7000-8000-000000000000"}),
        event(10, data={"order_number": "10", "total": {"amount": 1, "currency": "EUR"}, "colour": "red"}),
        event(11, data=[]),
        event(1, data={"order_number": "1", "total": {"amount": 999, "currency": "EUR"}}),
        event(1),
        "not an event",
        None,
        event(12, data={"order_number": "a\x00b", "total": {"amount": 1, "currency": "EUR"}}),
        event("13\x00"),
        event(14, data={"order_number": "x", "total": {"amount": 1, "currency": "EUR"}, "note": "y" * 201}),
    ]
    assert outcomes(bulk.record_events(rows, by=me, now=now)) == [
        "recorded",
        "timeline.unknown_kind",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.from_the_future",
        "no_person",
        "people.bad_identifier",
        "people.several",
        "people.unknown",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.key_reused",
        "unchanged",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.bad_fact",
        "timeline.bad_fact",
    ]
    assert Fact.objects.count() == 1


def test_anonymous_events_are_kept_only_when_asked(me, now, db):
    assert outcomes(bulk.record_events([event(1, person=None)], by=me, now=now, anonymous=True)) == ["recorded"]
    assert outcomes(bulk.record_events([event(1, person=None)], by=me, now=now, anonymous=True)) == ["unchanged"]


def test_unknown_people_can_be_refused_instead_of_made(me, now, db):
    assert outcomes(bulk.record_events([event(1)], by=me, now=now, create_people=False)) == ["people.unknown"]


def test_an_order_number_finds_its_buyer_from_then_on(me, now, everything):
    from egard.kernel.people.search import search

    bulk.record_events([event("C536379x")], by=me, now=now)
    assert len(search(everything, "c536379X").items) == 1


def test_the_bulk_way_and_the_single_way_write_the_same(me, now, make_person):
    one, two = make_person(customer_number="1"), make_person(customer_number="2")
    fact = PurchaseMade(order_number="7", total=Amount(100, "EUR"))
    operations.record(one, fact, at=now, by=me, channel="shop", key="made:7", now=now)
    bulk.record_events([event(7, customer="2", at=now.isoformat())], by=me, now=now)
    first, second = (
        Fact.objects.values("kind", "at", "key", "by", "data", "history").get(person=p) for p in (one, two)
    )
    assert first == second


@pytest.mark.django_db(transaction=True)
def test_eight_batches_at_once_make_each_person_and_fact_once(me, now):
    rows = [event(n, customer=str(n % 20)) for n in range(100)]

    def send(_n):
        try:
            return bulk.record_events(rows, by=me, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(send, range(8)))
    assert sum(b.people_created for b in batches) == 20
    assert sum(outcomes(b).count("recorded") for b in batches) == 100
    assert Fact.objects.count() == 100


def test_a_correction_of_nothing_or_of_somebody_elses_fact_is_refused(me, now):
    [theirs] = bulk.record_events([event(1, customer="other")], by=me, now=now).outcomes
    rows = [
        event(2, corrects=str(theirs.id)),
        event(3, corrects="01890000-0000-7000-8000-000000000000"),
        event(4, customer="other", corrects=str(theirs.id)),
    ]
    assert outcomes(bulk.record_events(rows, by=me, now=now)) == ["not_found", "not_found", "recorded"]
