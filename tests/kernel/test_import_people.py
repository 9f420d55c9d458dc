"""Lists of people: new ones are made, known ones completed, two with one address are never mixed up."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta

import pytest
from importing import EVENTS, HEAD, PEOPLE, TICKETS, database, rejected

from egard.kernel.access.models import Site
from egard.kernel.lifecycle.imports.running import MissingFields
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.people.models import Consent, Person
from egard.kernel.people.operations import end_role, record_consent

pytestmark = pytest.mark.django_db


def test_a_list_of_people_is_in(bring):
    summary = bring(
        "people",
        HEAD + "C1,Élodie,Lebœuf,Elodie@Example.org,06 12 34 56 78,03/02/2011,oui\nC2,Paul,Roy,,,31/12/2020,\n",
        PEOPLE,
    )
    assert summary.data()["imported"] == summary.data()["people"] == 2
    assert rejected(summary) == []
    elodie = Person.objects.get(family_name="Lebœuf")
    assert set(elodie.identifiers.values_list("kind", "value")) == {
        ("customer_number", "C1"),
        ("email", "elodie@example.org"),
        ("phone", "+33612345678"),
    }
    assert elodie.roles.get().since == datetime(2011, 2, 2, 23, tzinfo=UTC)
    assert elodie.consents.get().given is True
    assert elodie.search_row.text == " leboeuf elodie c1 elodie@example.org 33612345678 0612345678"


def test_a_second_import_changes_nothing(bring):
    text = HEAD + "C1,Élodie,Lebœuf,e@example.org,06 12 34 56 78,03/02/2011,oui\nC2,Paul,Roy,,,31/12/2020,non\n"
    bring("people", text, PEOPLE)
    before = database()
    again = bring("people", text, PEOPLE)
    assert (again.tally.unchanged, again.tally.imported, again.tally.people) == (2, 0, 0)
    assert database() == before


def test_what_a_list_knows_more_completes_the_person(bring):
    bring("people", HEAD + "C1,Élodie,,,,,\n", PEOPLE)
    summary = bring("people", HEAD + "C1,Élodie,Lebœuf,e@example.org,,03/02/2011,non\n", PEOPLE)
    assert (summary.tally.imported, summary.tally.people) == (1, 0)
    person = Person.objects.get()
    assert person.family_name == "Lebœuf"
    assert person.sort_key == "leboeuf\x1felodie"
    assert person.identifiers.count() == 2
    assert "leboeuf" in person.search_row.text
    assert Consent.objects.get().given is False
    assert bring("people", HEAD + "C1,,,,,,\n", PEOPLE).tally.unchanged == 1
    assert Person.objects.get().family_name == "Lebœuf"


def test_of_two_dates_on_which_a_role_began_the_earlier_one_holds(bring, me, now):
    def began(date):
        summary = bring("people", HEAD + f"C1,Anne,,,,{date},\n", PEOPLE + "zone: UTC\n")
        assert rejected(summary) == []
        role = Person.objects.get().roles.get()
        return role.since.date().isoformat(), summary.tally.imported, summary.tally.unchanged

    assert began("03/02/2011") == ("2011-02-03", 1, 0)
    assert began("01/02/2010") == ("2010-02-01", 1, 0)
    assert began("01/02/2010") == ("2010-02-01", 0, 1)
    assert began("03/02/2011") == ("2010-02-01", 0, 1)
    assert began("") == ("2010-02-01", 0, 1)
    end_role(Person.objects.get(), "customer", until=now, by=me, now=now)
    assert began("01/01/2009") == ("2010-02-01", 0, 1)


# --- consent ---------------------------------------------------------------------------------

DATED = PEOPLE + "  consents.news.email.at: {column: dit, format: d/m/Y}\n"
DATED_HEAD = HEAD.replace("news\n", "news,dit\n")


def words_of_news():
    return list(Consent.objects.order_by("at", "id").values_list("given", flat=True))


def test_an_old_list_does_not_undo_what_she_said_since(bring, me, now):
    text = HEAD + "C1,Anne,Martin,anne@example.org,,,oui\n"
    bring("people", text, PEOPLE)
    record_consent(Person.objects.get(), "news", "email", given=False, by=me, now=now + timedelta(hours=1))
    before = database()
    again = bring("people", text, PEOPLE)
    assert (again.tally.unchanged, again.tally.imported) == (1, 0)
    assert database() == before
    assert words_of_news() == [True, False]


def test_a_dated_word_takes_its_place_in_her_history(bring, me, now):
    bring("people", DATED_HEAD + "C1,Anne,Martin,,,,oui,03/02/2025\n", DATED)
    record_consent(Person.objects.get(), "news", "email", given=False, at=now - timedelta(days=30), by=me, now=now)
    text = DATED_HEAD + "C1,,,,,,oui,03/02/2025\nC1,,,,,,oui,04/02/2025\nC1,,,,,,oui,\n"
    assert bring("people", text, DATED).tally.imported == 1  # the one of 4 February; the undated one is no news
    assert words_of_news() == [True, True, False]
    before = database()
    assert bring("people", text, DATED).tally.unchanged == 3
    assert database() == before
    late = now - timedelta(days=2)
    bring("people", DATED_HEAD + f"C1,,,,,,oui,{late:%d/%m/%Y}\n", DATED)
    assert words_of_news() == [True, True, False, True]


def test_a_word_of_tomorrow_and_a_date_without_its_word_are_refused(bring, now):
    tomorrow = now + timedelta(days=2)
    summary = bring("people", DATED_HEAD + f"C1,Anne,Martin,,,,oui,{tomorrow:%d/%m/%Y}\n", DATED)
    assert rejected(summary) == [(2, "timeline.from_the_future")]
    with pytest.raises(MissingFields) as refused:
        bring(
            "people",
            DATED_HEAD + "C1,Anne,Martin,,,,oui,03/02/2025\n",
            DATED.replace("  consents.news.email: news\n", ""),
        )
    assert "consents.news.email" in refused.value.detail
    assert not Person.objects.exists()


def test_two_people_with_one_email_are_not_mixed_up(bring):
    summary = bring(
        "people",
        HEAD
        + "C1,Anne,Martin,famille@example.org,,,\n"
        + "C2,Paul,Durand,famille@example.org,,,\n"  # another number: another person
        + ",Luc,Petit,famille@example.org,,,\n"  # another name, and nothing else to know him by
        + ",Anne,Martin,famille@example.org,,,\n",  # herself
        PEOPLE,
    )
    assert rejected(summary) == [(3, "people.identifier_taken"), (4, "people.another_name")]
    assert Person.objects.get().name == "Anne Martin"
    assert (summary.tally.imported, summary.tally.unchanged, summary.tally.rejected) == (1, 1, 2)


def test_a_family_phone_is_shared(bring):
    text = HEAD + "C1,Anne,Martin,,06 12 34 56 78,,\nC2,Paul,Martin,,06 12 34 56 78,,\n"
    assert bring("people", text, PEOPLE).tally.people == 2
    text = HEAD + ",Anne,Martin,,06 12 34 56 78,03/02/2011,\n"
    assert bring("people", text, PEOPLE).tally.people == 0


def test_what_cannot_be_an_identifier_is_refused_with_words(bring):
    summary = bring(
        "people",
        HEAD
        + "C1,Anne,A,not an address,,,\n"
        + "C2,Bea,B,,12 34,,\n"
        + "C3,Cleo,C,,0612345678,30/02/2020,\n"
        + "C4,Dan,D,,+1 202 555 0143,,peut-être\n"
        + ",Eve,E,,,,\n"
        + f"C6,{'x' * 300},F,,,,\n"
        + "C7,Gus,G,g@example.org,,,\n",
        PEOPLE,
    )
    assert rejected(summary) == [
        (2, "people.bad_identifier"),
        (3, "people.bad_identifier"),
        (4, "no_such_date"),
        (5, "bad_flag"),
        (6, "people.no_identifier"),
        (7, "people.bad_value"),
    ]
    why = {row["line"]: row["why"] for row in csv.DictReader(summary.rejects.open(encoding="utf-8-sig"))}
    assert "mail: " in why["2"]
    assert "not an address" in why["2"]
    assert "30/02/2020" in why["4"]
    assert Person.objects.get().given_name == "Gus"


def test_an_unknown_site_is_refused_and_a_known_one_is_home(bring):
    site = Site.objects.create(code="paris", name="Paris")
    mapped = "columns: {identifiers.customer_number: n, site: s, given_name: g}\n"
    summary = bring("people", "n,s,g\n1,paris,Anne\n2,rome,Bea\n", mapped)
    assert rejected(summary) == [(3, "access.unknown_site")]
    assert Person.objects.get().site == site


def test_an_erased_person_does_not_come_back_by_an_old_file(bring, me, now):
    text = HEAD + "C1,Anne,Martin,anne@example.org,,,\n"
    bring("people", text, PEOPLE)
    erase_person(Person.objects.get(), by=me, now=now)
    summary = bring("people", text, PEOPLE)
    assert rejected(summary) == [(2, "people.erased")]
    assert Person.objects.get().name == ""
    tickets = bring("events", TICKETS + "T1,03/02/2026,C1,,100\n", EVENTS)
    assert rejected(tickets) == [(2, "people.erased")]
