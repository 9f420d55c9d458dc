from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.models import Change, Sight
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.people import operations as people
from egard.kernel.people import search
from egard.kernel.people.models import Consent, Identifier, Person, SearchRow
from egard.kernel.timeline import bulk
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne(make_person, me, now):
    person = make_person("Anne", "Kerouac", email="anne@example.org", phone="0612345678", customer_number="17850")
    people.record_consent(person, "news", "email", given=True, proof="signed by Anne Kerouac", by=me, now=now)
    fact = PurchaseMade("A1", Amount(2500, "EUR"), note="for Anne's sister")
    record(person, fact, at=now, by=me, channel="shop", key="made:A1", now=now)
    return person


def test_her_copy_holds_everything_and_the_export_is_logged(anne, everything, now):
    copy = export_person(everything, anne, now=now)
    text = json.dumps(copy, default=str, ensure_ascii=False)
    for piece in (
        "Kerouac",
        "anne@example.org",
        "+33612345678",
        "17850",
        "signed by Anne",
        "for Anne's sister",
        "2500",
    ):
        assert piece in text
    assert Sight.objects.get(kind="export").person_id == anne.pk


def test_only_those_allowed_export(anne, make_user, now):
    with pytest.raises(NotAllowed):
        export_person(viewer_for(make_user("agent")), anne, now=now)


def test_erasure_leaves_nothing_of_who_she_was_anywhere_in_the_database(anne, everything, carry_out, me, now):
    log_sight(everything, "list", detail="kerouac", now=now)
    erase_person(anne, by=me, now=now)
    carry_out()  # the last word to her leaves, and her address with it
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
            " and table_type = 'BASE TABLE'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            cursor.execute(
                f'select count(*) from "{table}" t where t::text ~* %s', [r"kerouac|\manne\M|612345678|\m17850\M"]
            )
            assert cursor.fetchone()[0] == 0, table


def test_erasure_keeps_that_it_happened_and_every_sum(anne, me, now):
    erase_person(anne, by=me, now=now)
    assert Fact.objects.get(person=anne).data["total"] == {"amount": 2500, "currency": "EUR"}
    assert Consent.objects.get(person=anne).given is True
    assert Person.objects.get(pk=anne.pk).erased_at == now
    assert Change.objects.get(what="people.erased").subject == str(anne.uuid)
    assert not Identifier.objects.exists()
    assert not SearchRow.objects.exists()


def test_erasing_twice_changes_nothing(anne, me, now):
    erase_person(anne, by=me, now=now)
    erase_person(anne, by=me, now=now)
    assert Change.objects.filter(what="people.erased").count() == 1


def test_an_old_file_imported_again_does_not_bring_her_back(anne, me, now):
    erase_person(anne, by=me, now=now)
    event = {
        "kind": "purchases.made/1",
        "key": "made:A1",
        "at": now.isoformat(),
        "person": {"kind": "customer_number", "value": "17850"},
        "data": {"order_number": "A1", "total": {"amount": 2500, "currency": "EUR"}},
    }
    [outcome] = bulk.record_events([event], by=me, now=now).outcomes
    assert outcome.refusal.code == "people.erased"
    assert Person.objects.count() == 1


def test_nothing_can_be_added_to_an_erased_person(anne, me, now):
    erase_person(anne, by=me, now=now)
    for change in (
        lambda: people.add_identifier(anne, "email", "again@example.org", by=me, now=now),
        lambda: people.update_person(anne, given_name="Anne", by=me, now=now),
        lambda: people.start_role(anne, "customer", since=now, by=me, now=now),
        lambda: people.record_consent(anne, "news", "email", given=True, by=me, now=now),
    ):
        with pytest.raises(people.Erased):
            change()


def test_an_erased_person_is_found_by_nobody(anne, everything, me, now):
    erase_person(anne, by=me, now=now)
    for q in ("", "kerouac", "anne@example.org", "17850", "A1"):
        assert search.search(everything, q).items == []


@pytest.mark.django_db(transaction=True)
def test_facts_written_while_she_is_erased_are_redacted_or_refused(make_person, me, now):
    from egard.kernel.people.operations import Erased

    for _round in range(5):
        person = make_person("Anne", "Kerouac")

        def act(n, person=person):
            try:
                if n == 3:
                    erase_person(person, by=me, now=now)
                else:
                    fact = PurchaseMade(f"A{n}", Amount(1, "EUR"), note="Anne")
                    record(person, fact, at=now, by=me, channel="shop", key=f"made:{n}", now=now)
            except Erased:
                return "refused"
            finally:
                connection.close()
            return "done"

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, range(8)))
        assert not Fact.objects.filter(person=person, data__note="Anne").exists()


@pytest.mark.django_db(transaction=True)
def test_the_value_of_an_erased_buyer_still_counts(make_person, me, now, settle):
    from egard.journeys.purchases.models import Value

    person = make_person("Anne")
    record(person, PurchaseMade("A1", Amount(2500, "EUR")), at=now, by=me, channel="shop", key="made:A1", now=now)
    settle()
    erase_person(person, by=me, now=now)
    assert Value.objects.get(person=person).spent_minor == 2500
