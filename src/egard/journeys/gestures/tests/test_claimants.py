"""Repeat claimants: somebody looks, and nothing else follows."""

from __future__ import annotations

import ast
import random
from datetime import timedelta
from pathlib import Path

import pytest

import egard
from egard.base.refusal import NotFound
from egard.journeys.gestures import queries as asked
from egard.journeys.gestures.claimants import operations, queries
from egard.journeys.gestures.claimants.models import Claimant, Orders
from egard.journeys.gestures.claimants.operations import look_at_all, looked
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.tests.making import gesture, purchase
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.operations import ensure_site
from egard.kernel.access.queries import viewer_for
from egard.kernel.delegations.operations import delegate
from egard.kernel.lifecycle.operations import erase_person, merge_persons
from egard.kernel.people import queries as people
from egard.kernel.people.models import Person
from egard.kernel.timeline.operations import record

LIST = {"filters": {}, "limit": 20, "cursor": None}


@pytest.fixture
def clients(make_person, make_user, now):
    """Three hundred clients with ten orders; a tenth claimed once, and one claims with every order."""
    chance, agent = random.Random(4), make_user("agent")
    persons = [make_person(f"Client {n}") for n in range(300)]
    month = (now - timedelta(days=60)).date().replace(day=1)
    Orders.objects.bulk_create(Orders(person=one, month=month, orders=10) for one in persons)
    for one in persons[1:]:
        if chance.random() < 0.1:
            gesture(one, by=agent, at=now - timedelta(days=chance.randint(1, 90)))
    for n in range(10):
        gesture(persons[0], by=agent, at=now - timedelta(days=3 * n))
    return persons


def test_who_claims_with_every_order_is_to_be_looked_at_and_the_list_says_why(clients, make_user, now):
    look_at_all(now=now)
    viewer = viewer_for(make_user("supervisor"))
    (row,) = queries.claimants(viewer, now=now, **LIST).items
    assert row.person == clients[0].uuid
    assert "10 claims for 10 orders in a year" in row.line
    assert "orders is usual" in row.line
    assert queries.count_claimants(viewer, filters={}, now=now, most=9) == 1
    assert len(queries.claimant(viewer, row.id, now).context["given"]) == queries.GIVEN_MAX
    with pytest.raises(NotAllowed):
        queries.claimants(viewer_for(make_user("agent")), now=now, **LIST)


def test_what_was_given_in_one_act_or_for_one_case_is_one_claim(clients, make_user, now):
    """A new dish, a cookie and five euros are one claim."""
    agent = make_user("agent")
    for n in range(12):
        gesture(clients[1], by=agent, at=now - timedelta(days=n), subject="case:0190")
    look_at_all(now=now)
    assert [one.person for one in Claimant.objects.select_related("person")] == [clients[0]]


def test_who_was_looked_at_comes_back_only_when_she_claims_again(clients, make_user, now):
    viewer = viewer_for(make_user("supervisor"))
    look_at_all(now=now)
    (row,) = queries.claimants(viewer, now=now, **LIST).items
    done = looked(viewer, [row.id], choice="", now=now)
    look_at_all(now=now + timedelta(hours=1))
    assert queries.claimants(viewer, now=now, **LIST).items == []
    assert operations.look_again(viewer, done.former, now=now) == [row.id]
    looked(viewer, [row.id], choice="", now=now)
    gesture(clients[0], by=make_user("agent"), at=now)
    look_at_all(now=now + timedelta(days=1))
    assert len(queries.claimants(viewer, now=now, **LIST).items) == 1


def test_one_who_stands_out_no_more_leaves_the_list(clients, now):
    look_at_all(now=now)
    Orders.objects.filter(person=clients[0]).update(orders=500)
    look_at_all(now=now + timedelta(days=1))
    assert not Claimant.objects.exists()


def test_orders_are_counted_from_purchases_once_and_follow_a_merge(make_person, me, now, settle, transactional_db):
    anne, twin = make_person("Anne"), make_person("Anne")
    for person, number in ((anne, "1"), (anne, "2"), (twin, "3")):
        bought = purchase(number)
        record(person, bought, at=now, by=me, channel="web", key=f"made:{number}", now=now)
    settle()
    assert dict(Orders.objects.values_list("person", "orders")) == {anne.pk: 2, twin.pk: 1}
    merge_persons(anne, twin, by=me, now=now)
    for n in range(3):
        gesture(twin, by=None, at=now - timedelta(days=n))
    rows = operations.quick_rows(operations._PAIRS, {"since": now - operations.WITHIN})
    assert rows == [(3, 3, 1)]


def test_who_looks_at_one_site_sees_its_clients_alone(clients, make_user, me, now):
    """She sees every client's name; whom to look at is for those of her own site."""
    look_at_all(now=now)
    here, there = ensure_site("lyon", "Lyon", by=me, now=now), ensure_site("lille", "Lille", by=me, now=now)
    Person.objects.filter(pk=clients[0].pk).update(site=there)
    one, other = (viewer_for(make_user("site_manager", sites=[site])) for site in (here, there))
    (row,) = queries.claimants(other, now=now, **LIST).items
    assert not queries.claimants(one, now=now, **LIST).items
    assert queries.count_claimants(one, filters={}, now=now, most=9) == 0
    with pytest.raises(NotFound):
        queries.claimant(one, row.id, now)
    assert not looked(one, [row.id], choice="", now=now).former
    assert looked(other, [row.id], choice="", now=now).former
    assert not operations.look_again(one, {row.id: ""}, now=now)


def test_an_erased_client_is_looked_at_no_more(clients, me, now):
    look_at_all(now=now)
    erase_person(clients[0], by=me, now=now)
    assert not Claimant.objects.exists()
    look_at_all(now=now + timedelta(days=1))
    assert not Claimant.objects.exists()


def test_nothing_but_the_list_reads_who_stands_out():
    """The consequence is a human look: no proposal, no grant and no other journey may know of it."""
    source = Path(egard.__file__).parent
    allowed = {
        "journeys/gestures/claimants",
        "journeys/gestures/control.py",
        "journeys/gestures/models.py",
        "journeys/gestures/privacy.py",
    }
    readers = set()
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if "/tests/" in name or "/migrations/" in name:
            continue
        text = path.read_text(encoding="utf-8")
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        imported = "gestures.claimants" in text or "gestures_claimant" in text
        if (imported or "Claimant" in names) and not any(name.startswith(one) for one in allowed):
            readers.add(name)
    assert readers == set()
    assert (source / "journeys/gestures/claimants/queries.py").is_file()


def test_the_same_is_proposed_and_given_to_who_stands_out_as_before(clients, make_user, me, now):
    """Behind what the source says: the decision itself does not change."""
    agent = make_user("agent")
    delegate("gestures.grant", user=agent, per_act=5000, valid_from=now - timedelta(days=9), by=me, now=now)
    viewer, person = viewer_for(agent), people.person(viewer_for(agent), clients[0].uuid)
    before = asked.proposals(viewer, person, asked.About(price=2000), now=now)
    look_at_all(now=now)
    assert Claimant.objects.filter(person=person).exists()
    after = asked.proposals(viewer, person, asked.About(price=2000), now=now)
    assert after.proposals == before.proposals
    assert after.decision == before.decision
    given = grant(viewer, person, "credit", 500, key="again", now=now)
    assert given.state == "granted"


def test_rows_of_the_list_cost_the_same_for_one_and_for_many(clients, everything, now, django_assert_num_queries):
    look_at_all(now=now)
    with django_assert_num_queries(1):
        queries.claimants(everything, now=now, **LIST)
    for one in Person.objects.filter(pk__in=[person.pk for person in clients[5:12]]):
        Claimant.objects.create(
            person=one, claims=5, orders=5, usual=0.1, expected=0.9, p_value=1e-9, found_at=now
        )  # fmt: skip
    with django_assert_num_queries(1):
        assert len(queries.claimants(everything, now=now, **LIST).items) == 8
