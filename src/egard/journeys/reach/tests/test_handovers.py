"""A portfolio goes over: each client whole, with what she was promised and a word to her, once; or not, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.journeys.reach import callers, operations, refusals
from egard.journeys.reach.handovers import operations as handing
from egard.journeys.reach.handovers import queries, wording
from egard.journeys.reach.models import CallBack, Handed, Handover
from egard.journeys.reach.queries import deputies
from egard.kernel.access.actors import Actor, NotAllowed
from egard.kernel.access.operations import create_api_key, set_user_active
from egard.kernel.access.queries import system_viewer, viewer_for
from egard.kernel.lifecycle.operations import merge_persons
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.models import DeadAddress, Message, Thread
from egard.kernel.people import queries as people
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 12, 9, tzinfo=UTC)


@pytest.fixture
def by(house):
    return Actor("user", str(house.claire.pk), house.claire.name)


@pytest.fixture
def clients(house, make_person, me, now):
    """Beside Élodie, who has a telephone: one by e-mail, one whose address is dead, one of whom nothing is known."""
    made = [
        make_person("Zoé", "Petit", email="zoe@example.org", language="fr"),
        make_person("Paul", "Noir", email="dead@example.org", language="fr"),
        make_person("Lise", "Roy"),
    ]
    for one in made:
        set_adviser(one, house.claire, since=now - timedelta(days=30), by=me, now=now)
    DeadAddress.objects.create(channel="email", address="dead@example.org", why="bounced", at=now)
    return [house.elodie, *made]


def adviser(person):
    return people.adviser(system_viewer("test"), person).name


def test_each_client_has_the_new_adviser_with_all_that_was_promised_and_is_told_once(
    house, clients, by, carry_out, me, now
):
    hers = operations.desk_for(house.hugo, now=now)
    told = {"channel": "web", "by": me, "now": now}
    later = AT + timedelta(hours=1)
    for who, desk, at, key in ((0, house.desk, AT, "a"), (0, hers, later, "b"), (1, house.desk, later, "c")):
        operations.promise_call_back(clients[who], desk, at, number="+33611223399", key=key, **told)
    receive_chat(clients[1], "hello", assignee=house.claire, due_at=AT, key="k", now=now)
    made = handing.plan(house.claire, house.hugo, wording.ours(), by=by, now=now)
    assert handing.plan(house.claire, house.hugo, wording.ours(), uuid=made.uuid, by=by, now=now) == made
    carry_out(at=now + timedelta(seconds=5))
    assert adviser(clients[0]) == "Claire Martin"  # it can be taken back still
    carry_out(at=now + timedelta(seconds=10))
    assert [adviser(one) for one in clients] == ["Hugo Delmas"] * 4
    rows = Handed.objects.order_by("person")
    assert [(row.told_by, row.why) for row in rows] == [("sms", ""), ("email", ""), ("", "dead"), ("", "no_address")]
    assert set(Promise.objects.exclude(kind="reach.call_back").values_list("owner", flat=True)) == {house.hugo.pk}
    assert Promise.objects.filter(owner=house.claire).count() == 0
    desks = dict(CallBack.objects.values_list("key", "desk"))
    assert desks == {"a": hers.pk, "b": hers.pk, "c": None}  # Hugo had promised that time: the house calls
    assert set(Thread.objects.values_list("assignee", flat=True)) == {house.hugo.pk}
    letter = Message.objects.get(channel="email")
    assert letter.subject == "Hugo Delmas est désormais à vos côtés"
    assert "à la suite de Claire Martin" in letter.text
    assert "Bonjour Zoé" in letter.text
    assert Fact.objects.filter(kind__name="reach.handed_over").count() == 4
    handing.hand_over(handover=made.pk, now=now + timedelta(days=1))
    for row in rows:
        handing.hand_one(made, row.pk, now=now + timedelta(days=1))
    assert Message.objects.filter(direction="out").count() == 2
    assert queries.progress(viewer_for(house.claire), [made])[made.pk] == queries.Progress(
        4, 4, 4, 2, {"dead": 1, "no_address": 1}
    )
    made.refresh_from_db()
    assert made.ended_at


def test_only_those_picked_go_and_who_has_another_adviser_by_then_stays(
    house, clients, by, carry_out, make_user, me, now
):
    other = make_user("adviser", name="Rose Blanc")
    at = now + timedelta(days=7)
    handing.plan(house.claire, house.hugo, wording.ours(), persons=clients[:2], at=at, by=by, now=now)
    set_adviser(clients[1], other, since=now, by=me, now=now)
    carry_out(at=at)
    assert [adviser(one) for one in clients] == ["Hugo Delmas", "Rose Blanc", "Claire Martin", "Claire Martin"]
    assert list(Handed.objects.order_by("person").values_list("why", flat=True)) == ["", "not_hers"]


def test_it_is_taken_back_before_it_begins_and_not_after(house, clients, by, carry_out, now):
    made = handing.plan(house.claire, house.hugo, wording.ours(), by=by, now=now)
    for _twice in range(2):
        handing.withdraw(made, by=by, now=now + timedelta(seconds=2))
    carry_out(at=now + timedelta(minutes=1))
    assert adviser(clients[0]) == "Claire Martin"
    again = handing.plan(house.claire, house.hugo, wording.ours(), by=by, now=now)
    carry_out(at=now + timedelta(minutes=1))
    with pytest.raises(refusals.BegunAlready):
        handing.withdraw(again, by=by, now=now + timedelta(minutes=2))


def test_a_handover_whose_job_was_lost_gets_another(house, clients, by, carry_out, now):
    handing.plan(house.claire, house.hugo, wording.ours(), by=by, now=now)
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    handing.sweep(now=now + timedelta(minutes=6))
    carry_out(at=now + timedelta(minutes=6))
    assert adviser(clients[0]) == "Hugo Delmas"


def test_words_and_people_that_do_not_fit_are_refused_by_name(house, clients, by, make_person, now):
    def refused(words=None, **more) -> set[str]:
        with pytest.raises(refusals.WrongHandover) as told:
            handing.plan(house.claire, more.pop("taker", house.hugo), words or wording.ours(), by=by, now=now, **more)
        return set(told.value.fields)

    assert refused(taker=house.claire) == {"taker"}
    assert refused(persons=[make_person("Not", "Hers")]) == refused(persons=[]) == {"persons"}
    assert refused(at=now - timedelta(days=1)) == {"at"}
    ours = wording.ours()
    assert refused({**ours, "fr": {"subject": "a\nb", "text": "{{ salary }}"}}) == {"subject_fr", "text_fr"}
    assert not Handover.objects.exists()


def test_she_hands_over_her_own_clients_and_a_manager_those_of_who_has_left(house, clients, make_user, by, me, now):
    claire, hugo = viewer_for(house.claire), viewer_for(house.hugo)
    assert queries.giver(claire, house.claire.pk) == house.claire
    with pytest.raises(NotFound):
        queries.giver(hugo, house.claire.pk)
    set_user_active(house.claire, False, by=me, now=now)
    lead = viewer_for(make_user("supervisor"))
    assert [(one.name, one.clients) for one in queries.givers(lead)] == [("Claire Martin", 4)]
    assert house.hugo in deputies(lead, house.claire)
    found, n = queries.clients_of(lead, house.claire, most=2)
    assert (len(found), n) == (2, 4)
    made = handing.plan(house.claire, house.hugo, wording.ours(), by=me, now=now)
    assert queries.handover(hugo, made.uuid) == made  # he takes them, and sees how far it is
    assert queries.handovers(lead).items == [made]
    with pytest.raises(NotAllowed):
        queries.handovers(viewer_for(make_user("analyst")))


def test_she_is_told_by_the_way_by_which_she_wrote_last(make_person, now):
    anne = make_person("Anne", "Lebrun", email="anne@example.org", phone="+33655667788")
    assert handing.way_to(anne) == ("email", "")
    thread = Thread.objects.create(person=anne, channel="sms", state="open", created_at=now, last_at=now)
    Message.objects.create(thread=thread, mark="m", direction="in", channel="sms", author="x", state="received", at=now)
    assert handing.way_to(anne) == ("sms", "")


def test_the_house_s_own_text_holds_its_fields_in_each_language(now, by):
    assert wording.checked(wording.ours(), by=by, now=now)


def test_desks_absences_and_handovers_by_the_api(house, clients, client, clock, me, now):
    _key, secret = create_api_key(name="hr", scopes=["reach.read", "reach.answer", "reach.manage", "people.read"],
                                  by=me,
                                  now=now)  # fmt: skip
    told = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {secret}"}}
    get = lambda url: client.get(url, headers=told["headers"])  # noqa: E731
    url = f"/api/v1/desks/{house.claire.pk}"
    put = client.put(url, {"line": "01 40 00 00 09", "deputy": str(house.hugo.pk)}, **told)
    assert (put.status_code, put.json()["line"]) == (200, "+33140000009")
    assert client.put(url, {"deputy": str(house.claire.pk)}, **told).status_code == 422
    days = {"since": "2027-03-16T00:00:00Z", "until": "2027-03-20T00:00:00Z"}
    made = client.post(f"{url}/absences", days, **told)
    assert made.status_code == 201
    over = client.post(f"{url}/absences", {**days, "until": "2027-03-17T00:00:00Z"}, **told)
    assert (over.status_code, over.json()["code"]) == (409, "reach.absent_already")
    assert [one["id"] for one in get(url).json()["absences"]] == [made.json()["id"]]
    relief = client.post(f"/api/v1/absences/{made.json()['id']}/relief", **told)
    assert relief.json() == {"moved": 0, "left": []}
    assert client.delete(f"/api/v1/absences/{made.json()['id']}", **told).status_code == 204
    assert {one["name"] for one in get("/api/v1/desks").json()["items"]} == {"Claire Martin", "Hugo Delmas"}
    asked = {"giver": str(house.claire.pk), "taker": str(house.hugo.pk), "persons": [str(clients[0].uuid)]}
    planned = client.post("/api/v1/handovers", {**asked, "at": (utc_now() + timedelta(days=3)).isoformat()}, **told)
    assert (planned.status_code, planned.json()["state"], planned.json()["clients"]) == (201, "planned", 1)
    url = f"/api/v1/handovers/{planned.json()['id']}"
    assert get(f"{url}/clients").json()["items"][0]["person"] == str(clients[0].uuid)
    assert client.post(f"{url}/withdrawal", **told).json()["state"] == "withdrawn"
    assert [one["state"] for one in get("/api/v1/handovers").json()["items"]] == ["withdrawn"]
    assert client.post("/api/v1/handovers", {**asked, "giver": str(clients[0].uuid)}, **told).status_code == 404


def test_a_handover_asked_for_twice_under_one_key_is_one_and_costs_the_same_for_one_client_or_many(
    house, make_person, client, me, now
):
    _key, secret = create_api_key(name="hr", scopes=["reach.answer", "reach.manage", "people.read"], by=me, now=now)
    hers = [house.elodie, *(make_person("A", f"Martin{n}") for n in range(12))]
    for one in hers[1:]:
        set_adviser(one, house.claire, since=now, by=me, now=now)

    def post(persons, key):
        asked = {"giver": str(house.claire.pk), "taker": str(house.hugo.pk), "persons": [str(p.uuid) for p in persons]}
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
        with CaptureQueriesContext(connection) as asked_for:
            answer = client.post("/api/v1/handovers", asked, content_type="application/json", headers=headers)
        assert answer.status_code == 201, answer.content
        return answer, len(asked_for)

    post(hers[:1], "warm")
    few, many = post(hers[:2], "few"), post(hers, "many")
    again, _n = post(hers, "many")
    assert again.json() == many[0].json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert few[1] == many[1]
    assert Handover.objects.count() == 3


def test_of_two_records_that_became_one_the_survivors_adviser_is_rung(house, make_person, me, now):
    twin = make_person("Élodie", "Lebœuf")
    set_adviser(twin, house.hugo, since=now - timedelta(days=20 * 365), by=me, now=now)
    merge_persons(house.elodie, twin, by=me, now=now)
    assert callers.adviser_of(house.elodie) == house.claire
    assert adviser(house.elodie) == "Claire Martin"
