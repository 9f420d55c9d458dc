from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egard.base.refusal import NotFound
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons, undo_merge
from egard.kernel.people import operations, queries, search
from egard.kernel.people.bulk import NewPerson, find
from egard.kernel.people.models import Duplicate, Identifier, Merge, Person, Role
from egard.kernel.people.upsert import put_persons
from egard.kernel.timeline.bulk import record_events
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.queries import fact, timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Kerouac", email="anne@example.org", customer_number="C1")


@pytest.fixture
def nan(make_person):
    """The same Anne, met again under her nickname."""
    return make_person("Nan", "Kerouac", email="nan@example.net", phone="0612345678", customer_number="C2")


@pytest.fixture
def buys(me, now):
    def buy(person, number, *, at=now, **more):
        bought = PurchaseMade(number, Amount(2500, "EUR"))
        return record(person, bought, at=at, by=me, channel="shop", key=f"made:{number}", now=now, **more)

    return buy


@pytest.fixture
def look(everything):
    """A person as she is read: by the id of any of her rows."""
    return lambda person: queries.person(everything, person.uuid)


def _keys(everything, person):
    return [entry.key for entry in timeline(everything, person).items if entry.key.startswith("made:")]


def test_a_merge_moves_nothing_and_shows_everything(anne, nan, buys, look, everything, me, now):
    buys(anne, "A1", at=now - timedelta(days=2))
    buys(nan, "B1", at=now - timedelta(days=1))
    before = list(Fact.objects.order_by("id").values_list("id", "person"))
    merge_persons(anne, nan, reason="same voice", by=me, now=now)
    one = look(anne)
    assert one.members == (anne.pk, nan.pk)
    assert _keys(everything, one) == ["made:B1", "made:A1"]
    card = queries.card(everything, one)
    assert {e.value for e in card.reach} == {"anne@example.org", "nan@example.net", "+33612345678"}
    assert list(Fact.objects.filter(key__startswith="made:").order_by("id").values_list("id", "person")) == before
    assert timeline(everything, one).items[0].kind == "people.merged/1"


def test_every_name_mail_phone_and_number_finds_the_survivor_once(anne, nan, buys, everything, me, now):
    buys(nan, "B1")
    merge_persons(anne, nan, by=me, now=now)
    typed = ("Anne Kerouac", "nan", "kerouac", "ke", "nan@example.net", "12 34 56", "C1", "C2", "B1", "anne 0612345678")
    for q in typed:
        assert [row.id for row in search.search(everything, q).items] == [anne.uuid], q
    assert [row.name for row in search.search(everything, "").items] == ["Anne Kerouac"]
    for kind, value in (("email", "nan@example.net"), ("customer_number", "C1")):
        assert [p.pk for p in queries.persons_with(everything, kind, value)] == [anne.pk]


def test_a_hit_says_the_name_of_the_merged_record_that_was_found(anne, nan, everything, me, now):
    merge = merge_persons(anne, nan, by=me, now=now)
    also = {
        q: search.search(everything, q).items[0].also
        for q in ("nan", "nan@example.net", "12 34 56", "C2", "anne", "kerouac", "C1", "")
    }
    assert also == dict.fromkeys(also, "") | dict.fromkeys(("nan", "nan@example.net", "12 34 56", "C2"), "Nan Kerouac")
    undo_merge(merge, by=me, now=now)
    assert {row.also for row in search.search(everything, "kerouac").items} == {""}


def test_who_sees_no_phones_finds_nobody_by_a_phone_of_a_merged_row(anne, nan, make_user, everything, me, now):
    merge_persons(anne, nan, by=me, now=now)
    controller = viewer_for(make_user("controller", "host"))
    blind = controller.__class__(
        actor=controller.actor, permissions=controller.permissions, classes=dict.fromkeys(("identity",), "all")
    )
    assert [row.id for row in search.search(blind, "nan").items] == [anne.uuid]
    assert search.search(blind, "612345").items == []


def test_the_id_of_a_merged_row_leads_to_the_survivor(anne, nan, look, me, now):
    merge_persons(anne, nan, by=me, now=now)
    assert look(nan).pk == anne.pk


def test_the_survivors_values_hold_and_her_blanks_are_filled(make_person, look, me, now):
    paris = ensure_site("paris", "Paris", by=me, now=now)
    short = make_person("Anne", "")
    long = make_person("Nan", "Kerouac", language="fr", site=paris)
    operations.update_person(long, address="1, rue Haute", country="FR", by=me, now=now)
    merge = merge_persons(short, long, by=me, now=now)
    one = look(short)
    assert (one.name, one.language, one.address, one.country) == ("Anne Kerouac", "fr", "1, rue Haute", "FR")
    assert one.site.name == "Paris"
    # Nothing was copied: a form that sends back what it showed makes nothing her own, and the undoing takes all back.
    operations.update_person(
        one, given_name="Anna", family_name="Kerouac", address="1, rue Haute", site=one.site, by=me, now=now
    )
    undo_merge(merge, by=me, now=now)
    one = look(short)
    assert (one.name, one.language, one.address, one.site) == ("Anna", "", "", None)


def test_the_latest_word_on_a_consent_is_that_of_any_row(anne, nan, look, everything, me, now):
    def say(person, given, hours):
        at = now - timedelta(hours=hours)
        operations.record_consent(person, "news", "email", given=given, at=at, by=me, now=now)

    say(anne, True, 3)
    say(nan, False, 2)
    merge = merge_persons(anne, nan, by=me, now=now)
    assert [c.given for c in queries.consents(everything, look(anne))] == [False]
    assert [queries.has_consent(p.pk, "news", "email") for p in (anne, nan)] == [False, False]
    say(look(anne), True, 1)
    assert [queries.has_consent(p.pk, "news", "email") for p in (anne, nan)] == [True, True]
    undo_merge(merge, by=me, now=now)
    assert [queries.has_consent(p.pk, "news", "email") for p in (anne, nan)] == [True, False]


def test_a_role_of_both_is_one_and_ends_for_both(anne, nan, look, everything, me, now):
    for person, days in ((anne, 5), (nan, 9)):
        operations.start_role(person, "customer", since=now - timedelta(days=days), by=me, now=now)
    merge_persons(anne, nan, by=me, now=now)
    [role] = queries.roles(everything, look(anne))
    assert role.since == now - timedelta(days=9)
    operations.start_role(look(anne), "customer", since=now, by=me, now=now)
    operations.end_role(look(anne), "customer", until=now, by=me, now=now)
    assert not Role.objects.filter(until=None).exists()


def test_the_adviser_is_the_survivors_else_the_others(anne, nan, look, make_user, everything, me, now):
    hers = make_user("adviser", name="Camille")
    operations.set_adviser(nan, hers, since=now, by=me, now=now)
    merge = merge_persons(anne, nan, by=me, now=now)
    assert queries.adviser(everything, look(anne)).name == "Camille"
    assert [row.adviser for row in search.search(everything, "kerouac").items] == ["Camille"]
    operations.set_adviser(look(anne), make_user("adviser", name="Sacha"), since=now, by=me, now=now)
    assert queries.adviser(everything, look(anne)).name == "Sacha"
    undo_merge(merge, by=me, now=now)
    assert [queries.adviser(everything, look(p)).name for p in (anne, nan)] == ["Sacha", "Camille"]


def test_facts_that_come_after_the_merge_go_where_their_identifier_belongs(anne, nan, look, everything, me, now, buys):
    merge = merge_persons(anne, nan, by=me, now=now)

    def event(number, person):
        data = {"order_number": number, "total": {"amount": 100, "currency": "EUR"}}
        names = {"kind": "purchases.made/1", "key": f"made:{number}", "at": now.isoformat()}
        return {**names, "person": person, "data": data}

    came = [
        event("1", {"kind": "customer_number", "value": "C2"}),
        event("2", {"kind": "customer_number", "value": "C1"}),
        event("3", {"id": str(nan.uuid)}),
        event("4", {"id": str(anne.uuid)}),
    ]
    assert {o.outcome for o in record_events(came, by=me, now=now).outcomes} == {"recorded"}
    buys(look(nan), "5")  # by her page, which is the survivor's
    assert set(_keys(everything, look(anne))) == {f"made:{n}" for n in range(1, 6)}
    undo_merge(merge, by=me, now=now)
    assert set(_keys(everything, look(nan))) == {"made:1", "made:3"}
    assert set(_keys(everything, look(anne))) == {"made:2", "made:4", "made:5"}
    assert [row.id for row in search.search(everything, "3").items if row.matched] == [nan.uuid]


def test_a_shared_phone_of_two_rows_is_one_persons_once_they_are_merged(make_person, everything, me, now):
    a, b = make_person("Anne", phone="0612345678"), make_person("Nan", phone="0612345678")
    phone = ("phone", "+33612345678")
    event = {
        "kind": "purchases.made/1", "key": "made:1", "at": now.isoformat(),
        "person": {"kind": "phone", "value": "0612345678"},
        "data": {"order_number": "1", "total": {"amount": 100, "currency": "EUR"}},
    }  # fmt: skip
    assert record_events([event], by=me, now=now).outcomes[0].refusal.code == "people.several"
    merge_persons(b, a, by=me, now=now)
    assert find([phone]) == {phone: [b.pk]}
    assert record_events([event], by=me, now=now).outcomes[0].outcome == "recorded"
    card = queries.card(everything, queries.person(everything, a.uuid))
    assert [e.value for e in card.reach] == ["+33612345678"]


def test_a_correction_stays_with_what_it_corrects(anne, nan, look, buys, everything, me, now):
    wrong = buys(nan, "B1")
    merge = merge_persons(anne, nan, by=me, now=now)
    right = buys(look(anne), "B1-bis", corrects=wrong.uuid)
    assert right.person_id == nan.pk
    again = {
        "kind": "purchases.made/1", "key": "made:B1-ter", "at": now.isoformat(), "corrects": str(right.uuid),
        "person": {"id": str(anne.uuid)}, "data": {"order_number": "B1", "total": {"amount": 1, "currency": "EUR"}},
    }  # fmt: skip
    for outcome in ("recorded", "unchanged"):
        assert record_events([again], by=me, now=now).outcomes[0].outcome == outcome
    undo_merge(merge, by=me, now=now)
    assert set(_keys(everything, look(nan))) == {"made:B1", "made:B1-bis", "made:B1-ter"}
    with pytest.raises(NotFound):
        buys(look(anne), "B1-quater", corrects=right.uuid)


def test_a_list_that_names_both_rows_is_about_one_person(anne, nan, look, everything, me, now):
    row = NewPerson(
        [("customer_number", "C2"), ("email", "anne@example.org")],
        family_name="Kerouac",
        roles=[("customer", now - timedelta(days=1))],
    )
    assert put_persons([row], by=me, now=now)[0].refusal.code == "people.identifier_taken"
    operations.start_role(anne, "customer", since=now, by=me, now=now)
    merge_persons(anne, nan, by=me, now=now)
    assert [put.outcome for put in put_persons([row], by=me, now=now)] == ["updated"]  # a customer since yesterday
    assert [put.outcome for put in put_persons([row], by=me, now=now)] == ["unchanged"]
    row = NewPerson([("customer_number", "C2"), ("email", "third@example.org")], given_name="Nanette")
    assert [put.outcome for put in put_persons([row], by=me, now=now)] == ["updated"]
    for q in ("nanette", "third@example", "anne@example"):
        assert [r.id for r in search.search(everything, q).items] == [anne.uuid], q


def test_a_chain_is_undone_in_any_order(make_person, look, me, now):
    a, b, c, d = (make_person(name) for name in "abcd")
    first = merge_persons(a, b, by=me, now=now)
    second = merge_persons(c, a, by=me, now=now)
    third = merge_persons(d, look(b), by=me, now=now)  # by any row of hers: c is absorbed
    assert third.absorbed_id == c.pk
    assert {look(p).pk for p in (a, b, c, d)} == {d.pk}
    undo_merge(first, by=me, now=now)  # b leaves from the middle; the others stay one
    assert [look(p).pk for p in (a, b, c, d)] == [d.pk, b.pk, d.pk, d.pk]
    undo_merge(third, by=me, now=now)
    assert [look(p).pk for p in (a, b, c, d)] == [c.pk, b.pk, c.pk, d.pk]
    undo_merge(second, by=me, now=now)
    assert {look(p).pk for p in (a, b, c, d)} == {a.pk, b.pk, c.pk, d.pk}
    assert not Person.objects.exclude(root=None).exists()


def test_what_was_merged_before_goes_with_the_absorbed(make_person, look, me, now):
    a, b, c = (make_person(name) for name in "abc")
    merge_persons(b, c, by=me, now=now)
    merge = merge_persons(a, b, by=me, now=now)
    undo_merge(merge, by=me, now=now)
    assert [look(p).pk for p in (a, b, c)] == [a.pk, b.pk, b.pk]


def _refused(code, do):
    with pytest.raises(Exception) as refused:
        do()
    assert refused.value.code == code
    assert str(refused.value.detail)


def test_what_cannot_be_merged_is_refused_with_a_word(anne, nan, make_person, make_user, look, me, now):
    def merge(one, other):
        return lambda: merge_persons(one, other, by=me, now=now)

    _refused("people.merge_with_herself", merge(anne, anne))
    third = make_person("Paul")
    first = merge_persons(anne, nan, by=me, now=now)
    _refused("people.already_merged", merge(third, nan))  # somebody who still holds her old row
    _refused("people.already_merged", merge(nan, third))
    Person.objects.filter(pk=nan.pk).update(user=make_user())
    Person.objects.filter(pk=third.pk).update(user=make_user())
    _refused("people.two_accounts", merge(look(anne), third))
    undo_merge(first, by=me, now=now)
    _refused("people.merge_undone", lambda: undo_merge(first, by=me, now=now))
    erase_person(third, by=me, now=now)
    _refused("people.erased", merge(anne, third))
    assert not Person.objects.exclude(root=None).exists()


def test_an_erasure_takes_all_her_rows_and_cannot_be_undone_by_parting_them(anne, nan, buys, look, everything, me, now):
    buys(nan, "B1")
    merge = merge_persons(anne, nan, reason="Nan told me", by=me, now=now)
    copy = export_person(everything, look(nan), now=now)
    assert (copy["people"]["given_name"], copy["merged"][0]["people"]["given_name"]) == ("Anne", "Nan")
    assert copy["merged"][0]["timeline"][0]["data"]["order_number"] == "B1"
    erase_person(look(nan), by=me, now=now)
    assert Person.objects.filter(erased_at=now).count() == 2
    assert not Identifier.objects.exists()
    assert Merge.objects.get().reason == ""
    assert look(nan).pk == anne.pk
    _refused("people.erased", lambda: undo_merge(merge, by=me, now=now))


def test_an_erasure_asked_for_by_an_absorbed_row_takes_the_whole_person(anne, nan, me, now):
    merge_persons(anne, nan, by=me, now=now)
    erase_person(Person.objects.get(pk=nan.pk), by=me, now=now)
    assert not Person.objects.filter(erased_at=None).exists()


def test_who_sees_one_row_of_hers_sees_her_whole(make_person, make_user, look, me, now):
    paris, lyon = (ensure_site(code, code.title(), by=me, now=now) for code in ("paris", "lyon"))
    a, b = make_person("Anne", "Kerouac", site=paris), make_person("Nan", "Kerouac", site=lyon)
    hosts = {site: viewer_for(make_user("host", sites=[site])) for site in (paris, lyon)}
    with pytest.raises(NotFound):
        queries.person(hosts[lyon], a.uuid)
    merge = merge_persons(a, b, by=me, now=now)
    for host in hosts.values():
        assert queries.person(host, b.uuid).pk == a.pk
        assert [row.id for row in search.search(host, "").items] == [a.uuid]
        assert [row.id for row in search.search(host, "anne kerouac").items] == [a.uuid]
        assert [row.id for row in search.search(host, "ke").items] == [a.uuid]
    undo_merge(merge, by=me, now=now)
    with pytest.raises(NotFound):
        queries.person(hosts[lyon], a.uuid)


def test_a_merge_is_found_by_those_who_may_merge_its_person(anne, nan, make_user, everything, me, now):
    merge = merge_persons(anne, nan, by=me, now=now)
    assert queries.merge(viewer_for(make_user("agent")), merge.pk) == merge
    with pytest.raises(NotAllowed):
        queries.merge(viewer_for(make_user("host")), merge.pk)
    with pytest.raises(NotFound):
        queries.merge(everything, anne.uuid)


def test_a_page_costs_one_query_more_for_the_list_of_merges_however_many(
    anne, nan, make_person, buys, client, make_user, me, now
):
    def asked(person):
        buys(Person.objects.get(pk=person.pk), f"{person.pk}-{Fact.objects.count()}")
        client.force_login(user)
        with CaptureQueriesContext(connection) as made:
            assert client.get(reverse("console:person", args=[person.uuid])).status_code == 200
        return len(made)

    user = make_user("agent")
    asked(make_person("Zoé"))  # the first page of a process reads what every later one knows
    alone = asked(anne)
    merge_persons(anne, nan, by=me, now=now)
    assert asked(anne) == alone + 1
    for n in range(4):
        merge_persons(anne, make_person("Ann", f"Kerouack{n}"), by=me, now=now)
    assert asked(anne) == alone + 1


def test_who_takes_a_merge_back_says_that_they_are_two(anne, nan, me, now):
    undo_merge(merge_persons(anne, nan, by=me, now=now), by=me, now=now)
    assert Duplicate.objects.get().dismissed_at == now


def test_one_fact_of_a_merged_row_is_shown_as_the_survivors(anne, nan, buys, everything, me, now):
    stored = buys(nan, "B1")
    merge_persons(anne, nan, by=me, now=now)
    about, entry = fact(everything, stored.uuid)
    assert (about.pk, entry.key) == (anne.pk, "made:B1")


def test_long_timelines_of_two_rows_page_as_one(anne, nan, buys, look, everything, me, now):
    for n in range(30):
        buys((anne, nan)[n % 2], f"{n:02d}", at=now - timedelta(hours=n))
    merge_persons(anne, nan, by=me, now=now)
    seen, cursor = [], None
    while True:
        page = timeline(everything, look(anne), kind=["purchases.made"], limit=7, cursor=cursor)
        seen += [e.key for e in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [f"made:{n:02d}" for n in range(30)]
