"""Lists of people brought in side by side, on real connections: nothing is lost, nobody is made twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from egard.kernel.people.bulk import NewPerson
from egard.kernel.people.models import Person, SearchRow
from egard.kernel.people.upsert import put_persons

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
