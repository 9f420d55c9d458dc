"""Lists of people brought in side by side, on real connections: nothing is lost, nobody is made twice."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from egard.kernel.people.bulk import NewPerson, lock_shared
from egard.kernel.people.models import Person, SearchRow
from egard.kernel.people.upsert import put_persons
from egard.kernel.timeline import kinds
from egard.kernel.timeline.bulk import record_events
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.writing import Prepared, record_prepared

pytestmark = pytest.mark.django_db(transaction=True)


def closing(work):
    """Work for another thread, whose connection is closed at its end."""

    def run(*args):
        try:
            return work(*args)
        finally:
            connections.close_all()

    return run


def until_somebody_waits(seconds=10):
    """Returns when another connection waits for a lock."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("select exists (select from pg_locks where not granted)")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_two_lists_at_once_that_know_different_things_lose_neither(make_person, me, now):
    person = make_person("Anne", "", email="anne@example.org")
    mail = ("email", "anne@example.org")

    @closing
    def second():
        return put_persons([NewPerson([mail], address="1, rue Haute")], by=me, now=now)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = NewPerson([mail, ("customer_number", "C1")], given_name="Anne", family_name="Kerouac", country="FR")
            assert put_persons([first], by=me, now=now)[0].outcome == "updated"
            waiting = pool.submit(second)
            until_somebody_waits()
        assert waiting.result()[0].outcome == "updated"
    after = Person.objects.get(pk=person.pk)
    assert (after.family_name, after.country, after.address) == ("Kerouac", "FR", "1, rue Haute")
    assert SearchRow.objects.get(person=person).text == " kerouac anne c1 anne@example.org"


def test_rows_that_know_one_person_by_different_identifiers_lose_nothing(make_person, me, now):
    make_person("Anne", "", email="anne@example.org", customer_number="C1")
    rows = [
        NewPerson([("email", "anne@example.org")], given_name="Anne", family_name="Kerouac"),
        NewPerson([("customer_number", "C1")], country="FR"),
    ]
    assert [put.outcome for put in put_persons(rows, by=me, now=now)] == ["updated", "updated"]
    after = Person.objects.get()
    assert (after.family_name, after.country) == ("Kerouac", "FR")


# --- shared identifiers: no unique index stands between two hands --------------------------------------------------


def together(count, work):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(closing(work), range(count)))


def test_eight_batches_of_a_first_seen_device_make_one_person(me, now):
    events = [
        {
            "kind": "purchases.made/1", "key": f"K{n}", "at": now.isoformat(),
            "person": {"kind": "device", "value": f"D{n % 3}"},
            "data": {"order_number": f"A{n}", "total": {"amount": 5, "currency": "EUR"}},
        }
        for n in range(12)
    ]  # fmt: skip
    batches = together(8, lambda n: record_events(events[n:] + events[:n], by=me, now=now))
    assert Person.objects.count() == sum(batch.people_created for batch in batches) == 3
    outcomes = Counter(outcome.outcome for batch in batches for outcome in batch.outcomes)
    assert outcomes == {"recorded": 12, "unchanged": 84}
    assert Fact.objects.count() == 12


def test_eight_lists_with_a_phone_alone_make_one_person(me, now):
    row = NewPerson([("phone", "+33612345678")], given_name="Anne", family_name="Martin")
    puts = together(8, lambda _n: put_persons([row], by=me, now=now)[0].outcome)
    assert sorted(puts) == ["created"] + ["unchanged"] * 7
    assert Person.objects.count() == 1


def test_a_list_and_a_program_that_see_one_phone_first_make_one_person(me, now):
    phone = ("phone", "+33612345678")

    @closing
    def program():
        return record_prepared(
            [Prepared(0, kinds.declared("purchases.made/1"), now, "web", "K1", b"{}", pair=phone)],
            by=me, now=now, history=False, create_people=True,
        )  # fmt: skip

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            put_persons([NewPerson([("customer_number", "C1"), phone], family_name="Martin")], by=me, now=now)
            waiting = pool.submit(program)
            until_somebody_waits()
        assert waiting.result().outcomes[0].outcome == "recorded"
    assert Fact.objects.get().person.family_name == "Martin"
    assert Person.objects.count() == 1


def test_ten_thousand_newcomers_with_phones_take_a_bounded_number_of_locks(me, now):
    with transaction.atomic(), connection.cursor() as cursor:
        lock_shared([("phone", f"+336{n:08}") for n in range(10_000)])
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        assert cursor.fetchone()[0] == 128
