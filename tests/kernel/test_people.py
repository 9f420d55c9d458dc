from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from egard.base.refusal import NotFound
from egard.kernel.access.operations import ensure_site, ensure_team, grant_role
from egard.kernel.access.queries import viewer_for
from egard.kernel.people import bulk, operations, queries, search
from egard.kernel.people.models import Consent, Identifier, Person, Relationship, Role, SearchRow

pytestmark = pytest.mark.django_db


def test_a_person_needs_nothing_to_exist(make_person):
    person = make_person()
    assert person.name == ""
    assert not person.identifiers.exists()


def test_a_person_has_any_number_of_identifiers_in_their_normal_form(make_person, me, now):
    person = make_person("Anne", "Le Gall", email=" Anne@Example.ORG ", phone="06 12 34 56 78", plate="ab-123-cd")
    operations.add_identifier(person, "phone", "+33 1 99 00 00 01", by=me, now=now)
    assert set(person.identifiers.values_list("kind", "value")) == {
        ("email", "anne@example.org"),
        ("phone", "+33612345678"),
        ("phone", "+33199000001"),
        ("plate", "AB123CD"),
    }


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("email", "anne", "name@example.org"),
        ("email", "anne@", "name@example.org"),
        ("phone", "12", "+33"),
        ("phone", "+99 12 34", "+33"),
        ("customer_number", "   ", "empty"),
        ("customer_number", "x" * 321, "320"),
        ("customer_number", "a\x00b", "cannot be read"),
        ("plate", "!", "2 to 12"),
    ],
)
def test_a_bad_identifier_is_refused_with_a_word_on_what_to_write(make_person, me, now, kind, value, why):
    from django.utils.translation import override

    person = make_person()
    with override("en"), pytest.raises(operations.BadIdentifier) as refused:
        operations.add_identifier(person, kind, value, by=me, now=now)
    with override("en"):
        assert why in refused.value.fields["value"] or why in refused.value.detail
    assert not person.identifiers.exists()


def test_a_kind_that_nobody_declares_is_refused_with_the_known_ones(make_person, me, now):
    with pytest.raises(operations.UnknownKind) as refused:
        operations.add_identifier(make_person(), "pigeon", "7", by=me, now=now)
    assert "email" in refused.value.detail


def test_an_address_belongs_to_one_person_unless_said_to_be_shared(make_person, me, now):
    anne, paul = make_person("Anne", email="famille@example.org"), make_person("Paul")
    with pytest.raises(operations.IdentifierTaken):
        operations.add_identifier(paul, "email", "famille@example.org", by=me, now=now)
    operations.add_identifier(paul, "email", "famille@example.org", shared=True, by=me, now=now)
    assert set(bulk.find([("email", "famille@example.org")])[("email", "famille@example.org")]) == {anne.pk, paul.pk}


def test_what_two_share_a_third_does_not_get_alone(make_person, me, now):
    make_person("Anne", email="famille@example.org")
    operations.add_identifier(make_person("Paul"), "email", "famille@example.org", shared=True, by=me, now=now)
    with pytest.raises(operations.IdentifierTaken):
        make_person("Zoé", email="famille@example.org")


def test_a_phone_may_be_a_familys(make_person):
    make_person("Anne", phone="0612345678")
    make_person("Paul", phone="0612345678")
    assert Identifier.objects.filter(value="+33612345678").count() == 2


def test_a_person_refused_for_her_address_leaves_nothing_behind(make_person):
    make_person("Anne", email="anne@example.org")
    with pytest.raises(operations.IdentifierTaken):
        make_person("Autre", "Personne", customer_number="7", email="anne@example.org")
    assert Person.objects.count() == 1
    assert not Identifier.objects.filter(value="7").exists()


def test_adding_an_identifier_twice_changes_nothing(make_person, me, now):
    person = make_person(email="anne@example.org")
    operations.add_identifier(person, "email", "ANNE@example.org", by=me, now=now)
    assert person.identifiers.count() == 1


def test_an_identifier_taken_away_no_longer_finds_her(make_person, me, now, everything):
    person = make_person("Anne", email="anne@example.org")
    operations.remove_identifier(person, "email", "anne@example.org", by=me, now=now)
    assert search.search(everything, "anne@example.org").items == []
    with pytest.raises(NotFound):
        operations.remove_identifier(person, "email", "anne@example.org", by=me, now=now)


def test_names_too_long_or_unreadable_are_refused_by_field(make_person, me, now):
    person = make_person("Anne")
    with pytest.raises(operations.BadValue) as refused:
        operations.update_person(person, given_name="x" * 201, address="a\x00b", country="FRA", by=me, now=now)
    assert set(refused.value.fields) == {"given_name", "address", "country"}


def test_a_changed_name_is_found_and_the_old_one_is_not(make_person, me, now, everything):
    person = make_person("Anne", "Durand")
    operations.update_person(person, family_name="Kerouac", by=me, now=now)
    assert [r.name for r in search.search(everything, "kerouac").items] == ["Anne Kerouac"]
    assert search.search(everything, "durand").items == []


def test_one_person_has_several_roles_with_dates(make_person, me, now):
    person = make_person("Anne", roles=["candidate"])
    operations.end_role(person, "candidate", until=now + timedelta(days=30), by=me, now=now)
    operations.start_role(person, "Customer", since=now + timedelta(days=400), by=me, now=now)
    assert operations.start_role(person, "customer", since=now, by=me, now=now).since == now + timedelta(days=400)
    assert list(Role.objects.order_by("since").values_list("role", "until")) == [
        ("candidate", now + timedelta(days=30)),
        ("customer", None),
    ]


def test_a_role_cannot_end_before_it_began_nor_without_being_held(make_person, me, now):
    person = make_person(roles=["customer"])
    with pytest.raises(operations.BadValue):
        operations.end_role(person, "customer", until=now - timedelta(days=1), by=me, now=now)
    with pytest.raises(NotFound):
        operations.end_role(person, "member", until=now, by=me, now=now)


def test_consent_is_a_history_and_the_latest_word_holds(make_person, me, now, everything):
    person = make_person()
    for days, given in ((0, True), (10, False), (5, True)):
        operations.record_consent(
            person, "news", "email", given=given, at=now + timedelta(days=days), by=me, now=now + timedelta(days=20)
        )
    assert queries.has_consent(person.pk, "news", "email") is False
    assert [c.given for c in queries.consents(everything, person)] == [False]
    assert [c.given for c in queries.consent_history(everything, person).items] == [
        True,
        False,
        True,
    ]  # as they were recorded


def test_silence_is_no_consent(make_person):
    assert queries.has_consent(make_person().pk, "news", "sms") is False


def test_consent_cannot_be_dated_ahead_nor_rewritten(make_person, me, now):
    person = make_person()
    with pytest.raises(operations.BadValue):
        operations.record_consent(person, "news", "email", given=True, at=now + timedelta(days=1), by=me, now=now)
    operations.record_consent(person, "news", "email", given=False, by=me, now=now)
    for change in (lambda: Consent.objects.update(given=True), lambda: Consent.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
            change()


def test_a_person_has_one_adviser_at_a_time_and_the_past_is_kept(make_person, make_user, me, now, everything):
    person, anne, paul = make_person(), make_user("adviser", name="Anne"), make_user("adviser", name="Paul")
    operations.set_adviser(person, anne, since=now, by=me, now=now)
    operations.set_adviser(person, paul, since=now + timedelta(days=5), by=me, now=now)
    operations.set_adviser(person, paul, since=now + timedelta(days=6), by=me, now=now)
    assert queries.adviser(everything, person).name == "Paul"
    assert list(Relationship.objects.order_by("since").values_list("until", flat=True)) == [
        now + timedelta(days=5),
        None,
    ]
    operations.set_adviser(person, None, since=now + timedelta(days=9), by=me, now=now)
    assert queries.adviser(everything, person) is None


def test_the_card_costs_one_query_whatever_she_has(make_person, me, now, everything, django_assert_num_queries):
    person = make_person("Anne", email="a@example.org", roles=["customer"])
    for n in range(30):
        operations.add_identifier(person, "device", f"device-{n}", by=me, now=now)
        operations.record_consent(person, f"purpose{n}", "email", given=True, by=me, now=now)
    person = queries.person(everything, person.uuid)
    with django_assert_num_queries(1):
        card = queries.card(everything, person)
    assert len(card.identifiers) == 30
    assert [e.display for e in card.reach] == ["a@example.org"]


# --- who may see whom -------------------------------------------------------------------------------------------


def test_each_scope_shows_its_own_people_and_no_others(make_person, make_user, me, now):
    lyon = ensure_site("lyon", by=me, now=now)
    phone = ensure_team("phone", by=me, now=now)
    anne, colleague = make_user(name="Anne"), make_user(name="Colleague")
    for user in (anne, colleague):
        user.teams.add(phone)
    anne.sites.add(lyon)
    hers, teams, _sites = make_person("Hers"), make_person("Team's"), make_person("Site's", site=lyon)
    make_person("Nobody's")
    operations.set_adviser(hers, anne, since=now, by=me, now=now)
    operations.set_adviser(teams, colleague, since=now, by=me, now=now)
    for scope, expected in {
        "own": {"Hers"},
        "team": {"Hers", "Team's"},
        "site": {"Site's"},
        "all": {"Hers", "Team's", "Site's", "Nobody's"},
    }.items():
        grant_role(anne, "agent", scope=scope, by=me, now=now)
        viewer = viewer_for(anne)
        assert {p.given_name for p in queries.visible(viewer)} == expected
        assert {r.name for r in search.search(viewer).items} == expected
        assert {r.name for q in ("her", "tea", "sit", "nob") for r in search.search(viewer, q).items} == expected
        if scope == "own":
            with pytest.raises(NotFound):
                queries.person(viewer, teams.uuid)


def test_a_controller_sees_names_but_neither_addresses_nor_consents(make_person, make_user, me, now):
    person = make_person("Anne", "Le Gall", email="anne@example.org", customer_number="17850")
    operations.record_consent(person, "news", "email", given=True, by=me, now=now)
    viewer = viewer_for(make_user("controller"))
    card = queries.card(viewer, queries.person(viewer, person.uuid))
    assert card.reach == ()
    assert [e.value for e in card.identifiers] == ["17850"]
    assert card.consents == ()
    assert queries.persons_with(viewer, "email", "anne@example.org") == []
    row = search.search(viewer, "gall").items[0]
    assert row.contact == ""


def test_a_class_of_data_that_is_not_seen_cannot_be_searched_either(make_person, make_user):
    make_person("Anne", "Le Gall", email="secret.alias@example.org")
    viewer = viewer_for(make_user("controller"))
    assert search.search(viewer, "secret.alias").items == []
    assert search.search(viewer, "secret.alias@example.org").items == []
    assert [r.name for r in search.search(viewer, "gall").items] == ["Anne Le Gall"]


# --- races, on real connections ---------------------------------------------------------------------------------


def _together(count, work):
    def one(n):
        try:
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_eight_hands_give_one_address_to_one_person_only(make_person, me, now):
    persons = [make_person(f"P{n}") for n in range(8)]

    def give(n):
        try:
            operations.add_identifier(persons[n], "email", "same@example.org", by=me, now=now)
        except operations.IdentifierTaken:
            return "refused"
        return "given"

    assert sorted(_together(8, give)) == ["given"] + ["refused"] * 7
    assert Identifier.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_name_changed_while_an_identifier_is_added_loses_neither(make_person, me, now):
    person = make_person("Anne", "Durand")

    def change(n):
        if n % 2:
            operations.update_person(person, family_name=f"Kerouac{n}", by=me, now=now)
        else:
            operations.add_identifier(person, "customer_number", f"C{n}00", by=me, now=now)

    _together(8, change)
    text = SearchRow.objects.get(person=person).text
    assert "kerouac" in text
    assert all(f"c{n}00" in text for n in range(0, 8, 2))


def test_many_people_are_made_at_once_or_not_at_all(me, now, everything):
    persons = [
        bulk.NewPerson(
            [("customer_number", str(n))], given_name="Anne", family_name=f"Nom{n}", roles=[("customer", now)]
        )
        for n in range(50)
    ]
    ids = bulk.create(persons, by=me, now=now)
    assert len(set(ids)) == 50
    assert search.search(everything, "nom49").items[0].name == "Anne Nom49"
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.create(
            [bulk.NewPerson([("customer_number", "new")]), bulk.NewPerson([("customer_number", "7")])], by=me, now=now
        )
    assert bulk.find([("customer_number", "new")]) == {}


def test_bulk_and_single_write_the_same_search_row(make_person, me, now):
    single = make_person("Jean-Pierre", "d’Ormesson", email="jp@example.org", phone="0612345678")
    [pk] = bulk.create(
        [bulk.NewPerson([("email", "jp2@example.org"), ("phone", "+33612345678")], "Jean-Pierre", "d’Ormesson")],
        by=me,
        now=now,
    )
    one, two = SearchRow.objects.get(person=single), SearchRow.objects.get(person=pk)
    assert one.text.replace("jp@", "jp2@") == two.text


def test_identifiers_found_by_their_ends_are_added_in_bulk_once(make_person, me, now):
    person = make_person("Anne")
    rows = [(person.pk, "order_number", "A1"), (person.pk, "order_number", "A2")]
    assert bulk.add_identifiers(rows, by=me, now=now) == 2
    assert bulk.add_identifiers(rows, by=me, now=now) == 0


def test_what_a_narrow_role_adds_holds_for_its_own_people_only(make_person, make_user, me, now):
    """An adviser of her own clients who is a controller too: she sees everybody's name, and no more of the others."""
    from egard.journeys.purchases.queries import values
    from egard.kernel.access.actors import NotAllowed
    from egard.kernel.people.search import search as find
    from egard.kernel.timeline.queries import timeline

    user = make_user("controller")
    grant_role(user, "adviser", scope="own", by=me, now=now)
    mine = make_person("Mine", "Kerouac", email="mine@example.org")
    other = make_person("Other", "Kerouac", email="other@example.org", customer_number="1")
    operations.set_adviser(mine, user, since=now, by=me, now=now)
    for person in (mine, other):
        operations.record_consent(person, "news", "email", given=True, by=me, now=now)
    viewer = viewer_for(user)
    mine, other = queries.person(viewer, mine.uuid), queries.person(viewer, other.uuid)
    assert [e.value for e in queries.card(viewer, mine).reach] == ["mine@example.org"]
    assert queries.card(viewer, other).reach == ()
    assert [e.value for e in queries.card(viewer, other).identifiers] == ["1"]
    assert queries.consents(viewer, other) == []
    assert queries.consent_history(viewer, other).items == []
    assert timeline(viewer, mine).items == []
    with pytest.raises(NotAllowed):
        timeline(viewer, other)
    assert values(viewer, other) == []
    # In a list only what she sees of everybody is shown and searched.
    assert {row.contact for row in find(viewer, "kerouac").items} == {""}
    assert find(viewer, "other@example.org").items == []
    assert queries.persons_with(viewer, "email", "other@example.org") == []
