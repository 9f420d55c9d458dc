"""What is told of changes, to whom, and who is seen to be there."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.listening import connection_parameters
from egard.base.refusal import NotFound
from egard.journeys.purchases.facts import Amount, PurchaseMade
from egard.kernel.access import live, presence
from egard.kernel.access.models import Presence, Sight
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.people import operations as people
from egard.kernel.people.bulk import NewPerson
from egard.kernel.people.models import ChangedMeanwhile
from egard.kernel.people.upsert import put_persons
from egard.kernel.timeline.bulk import record_events
from egard.kernel.timeline.operations import record


@pytest.fixture
def heard(transactional_db):
    """What a real connection hears: `heard()` gives the topics told since the last time."""
    with psycopg.connect(**connection_parameters("test-ear"), autocommit=True) as ear:
        ear.execute(f"listen {live.CHANNEL}")
        yield lambda: [note.payload for note in ear.notifies(timeout=0.2)]


def purchase(number: int) -> PurchaseMade:
    return PurchaseMade(order_number=f"N{number}", total=Amount(1250, "EUR"), lines=[])


def event(person: int, number: int) -> dict:
    return {
        "kind": "purchases.made/1",
        "key": f"k{number}",
        "at": "2026-03-01T10:00:00Z",
        "person": {"kind": "customer_number", "value": f"C{person}"},
        "data": {"order_number": f"N{number}", "total": {"amount": 1250, "currency": "EUR"}, "lines": []},
    }


def test_a_fact_and_each_change_of_a_person_are_told_on_commit_with_nothing_of_her(
    heard, make_person, make_user, me, now
):
    anne = make_person("Anne", "Lebrun", email="anne@example.org")
    assert heard() == ["people"]
    person = f"person:{anne.uuid}"
    for change in (
        lambda: people.update_person(anne, family_name="Leblanc", by=me, now=now),
        lambda: people.add_identifier(anne, "email", "b@example.org", by=me, now=now),
        lambda: people.remove_identifier(anne, "email", "b@example.org", by=me, now=now),
        lambda: people.start_role(anne, "member", since=now, by=me, now=now),
        lambda: people.end_role(anne, "member", until=now, by=me, now=now),
        lambda: people.record_consent(anne, "offers", "email", given=True, by=me, now=now),
        lambda: people.set_adviser(anne, make_user("adviser"), since=now, by=me, now=now),
    ):
        change()
        assert [topic for topic in heard() if not topic.startswith("user:")] == [f"{person}/who", "people"]
    with transaction.atomic():
        record(anne, purchase(1), at=now, by=me, channel="shop", key="1", now=now)
        assert heard() == []
    assert heard() == [f"{person}/facts"]
    with transaction.atomic():
        record(anne, purchase(2), at=now, by=me, channel="shop", key="2", now=now)
        transaction.set_rollback(True)
    record(anne, purchase(1), at=now, by=me, channel="shop", key="1", now=now)  # it is there already
    assert heard() == []


def test_many_facts_of_few_are_told_by_name_and_those_of_many_as_one_word(heard, settle, me, now):
    record_events([event(n % 3, n) for n in range(300)], by=me, now=now)
    told = heard()
    assert len(told) == len(set(told)) == 4
    assert "people" in told
    settle()
    heard()
    record_events([event(n, 1000 + n) for n in range(1000)], by=me, now=now)
    assert sorted(heard()) == [live.EVERYTHING, "people"]
    settle()
    assert set(heard()) == {live.EVERYTHING}  # what the reactions made of them, a word for each batch


def test_a_list_of_people_brought_in_tells_of_the_completed_and_of_the_lists(heard, me, now):
    rows = [NewPerson([("customer_number", f"C{n}")], family_name=f"Nom{n}") for n in range(3)]
    put_persons(rows, by=me, now=now)
    assert heard() == ["people"]
    for row in rows:
        row.given_name = "Zoé"
    put_persons(rows, by=me, now=now)
    told = heard()
    assert len(told) == 4
    assert sum(topic.endswith("/who") for topic in told) == 3
    put_persons(rows, by=me, now=now)
    assert heard() == []


def test_a_reaction_tells_that_something_came_of_a_fact(heard, settle, make_person, me, now):
    anne = make_person("Anne", "Lebrun")
    record(anne, purchase(1), at=now, by=me, channel="shop", key="1", now=now)
    heard()
    settle()
    assert set(heard()) == {f"person:{anne.uuid}/effects"}


def test_only_what_a_viewer_may_see_can_be_followed(make_person, make_user, db, me, now):
    anne, own = make_person("Anne", "Lebrun"), make_user("adviser")
    people.set_adviser(anne, own, since=now, by=me, now=now)
    zoe = make_person("Zoé", "Martin")
    narrow = viewer_for(own)
    narrow = type(narrow)(narrow.actor, {**narrow.permissions, "people.read": "own"}, narrow.classes, narrow.user_id)
    asked = [f"person:{anne.uuid}/facts", f"presence:person:{anne.uuid}", f"person:{anne.uuid}", "people"]
    assert live.allowed(narrow, asked) == [f"person:{anne.uuid}", f"presence:person:{anne.uuid}", "people"]
    analyst = viewer_for(make_user("analyst"))
    for viewer, topic in (
        (narrow, f"person:{zoe.uuid}"),
        (narrow, f"presence:person:{zoe.uuid}/facts"),
        (narrow, f"user:{uuid4()}"),
        (narrow, "person:nobody"),
        (narrow, "person"),
        (analyst, "people"),
        (analyst, f"person:{anne.uuid}"),
    ):
        with pytest.raises(NotFound):
            live.allowed(viewer, [topic])
    for topic in ("", "*", "nothing", "people;drop", "person:\x00", "presence:presence:people", "x" * 500):
        with pytest.raises(live.UnknownTopic):
            live.allowed(narrow, [topic])
    with pytest.raises(live.UnknownTopic):
        live.allowed(viewer_for(make_user("agent")), [f"user:{n}" for n in range(live.TOPICS_MAX + 1)])


def test_more_topics_than_a_transaction_names_are_told_as_one_word(heard):
    live.tell(*(f"shelf:{n}" for n in range(live.MANY)))
    assert len(heard()) == live.MANY
    live.tell(*(f"shelf:{n}" for n in range(live.MANY + 1)))
    assert heard() == [live.EVERYTHING]


def test_who_is_here_is_seen_by_others_until_the_tab_is_closed_silent_or_lost(heard, make_person, make_user):
    now = utc_now()
    topic = f"person:{make_person('Anne', 'Lebrun').uuid}"
    nora, camille = viewer_for(make_user("agent", name="Nora Petit")), viewer_for(make_user("adviser", name="Camille"))
    first, second, stream, other = new_id(), new_id(), new_id(), new_id()
    heard()
    presence.come(nora, topic, tab=first, stream=stream, now=now)
    presence.come(nora, topic, tab=second, stream=other, now=now)
    assert heard() == [f"presence:{topic}"] * 2
    (seen,) = presence.present(camille, topic, now=now)  # once, with two tabs
    assert (seen.name, seen.initials, seen.typing) == ("Nora Petit", "NP", False)
    assert presence.present(nora, topic, now=now) == []
    presence.give_sign(nora, second, typing=True, now=now)
    assert heard() == [f"presence:{topic}"]
    assert presence.present(camille, topic, now=now)[0].typing
    presence.give_sign(camille, second, typing=False, now=now)  # not hers
    presence.leave([other])
    assert [one.typing for one in presence.present(camille, topic, now=now)] == [False]

    moment = now
    for _beat in range(6):  # its process says that it listens, and for so long it says so itself
        moment += timedelta(seconds=5)
        presence.keep([stream], now=moment)
        presence.sweep(now=moment)
    assert presence.present(camille, topic, now=moment)
    lost = moment + presence.GONE_AFTER + timedelta(seconds=1)
    assert presence.present(camille, topic, now=lost) == []  # its process crashed: nobody keeps it
    heard()
    presence.sweep(now=lost)
    assert heard() == [f"presence:{topic}"]
    assert not Presence.objects.exists()

    presence.come(nora, topic, tab=first, stream=stream, now=now)
    asleep = now + presence.SILENT_AFTER + timedelta(seconds=1)
    presence.keep([stream], now=asleep)  # the connection looks open, and the machine sleeps
    assert presence.present(camille, topic, now=asleep) == []


def test_a_tab_that_came_back_by_another_stream_stays_when_the_first_one_ends(make_person, make_user, db):
    now, tab, before, after = utc_now(), new_id(), new_id(), new_id()
    topic = f"person:{make_person('Anne', 'Lebrun').uuid}"
    nora, camille = viewer_for(make_user("agent")), viewer_for(make_user("adviser"))
    presence.come(nora, topic, tab=tab, stream=before, now=now)
    presence.come(nora, topic, tab=tab, stream=after, now=now)
    presence.leave([before])
    assert len(presence.present(camille, topic, now=now)) == 1


def test_presence_is_never_written_to_the_log_of_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute("select relpersistence from pg_class where relname = 'access_presence'")
        assert cursor.fetchone() == ("u",)


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(make_person, me, now, db):
    anne = make_person("Anne", "Lebrun")
    read = anne.version
    people.update_person(anne, version=read, family_name="Leblanc", by=me, now=now)
    with pytest.raises(ChangedMeanwhile):
        people.update_person(anne, version=read, address="3, rue Haute", by=me, now=now)
    anne.refresh_from_db()
    assert (anne.family_name, anne.address) == ("Leblanc", "")
    people.add_identifier(anne, "email", "a@example.org", by=me, now=now)
    people.update_person(anne, version=anne.version, address="3, rue Haute", by=me, now=now)


def test_a_page_that_refreshes_itself_is_one_sight(make_person, make_user, now, db):
    anne, viewer = make_person("Anne", "Lebrun"), viewer_for(make_user("agent"))
    within = timedelta(minutes=15)
    log_sight(viewer, "person", person_id=anne.pk, now=now)
    log_sight(viewer, "person", person_id=anne.pk, now=now + within / 2, again_after=within)
    assert Sight.objects.count() == 1
    log_sight(viewer, "person", person_id=anne.pk, now=now + within * 2, again_after=within)
    log_sight(viewer, "timeline", person_id=anne.pk, now=now + within * 2, again_after=within)
    log_sight(viewer_for(make_user("agent")), "person", person_id=anne.pk, now=now + within * 2, again_after=within)
    assert Sight.objects.count() == 4
