"""Frictions are kept from facts; the figures of a night; changes, alerts; pages, panel and API."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.test import Client

from egard.journeys.friction import counting, evaluating, operations, pages, queries
from egard.journeys.friction.facts import Met, Returned
from egard.journeys.friction.models import Alert, Change, Evaluation, Leaving, Mark
from egard.journeys.friction.refusals import WrongChange, WrongReason
from egard.journeys.friction.rules import KINDS, relation
from egard.journeys.friction.rules.weights import Lived, index
from egard.kernel.access.models import Site
from egard.kernel.access.operations import create_api_key
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, merge_persons
from egard.kernel.people import bulk
from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch, now):
    monkeypatch.setattr(relation, "DRAWS", 40)
    monkeypatch.setattr(pages, "utc_now", lambda: now)


def _met(person, kind, measure, at, *, key, me, process="pool", **more):
    return record(person, Met(kind, process, measure), at=at, by=me, channel="api", key=key, now=at, **more)


@pytest.fixture
def town(me, now):
    """Makes persons with frictions written as the reaction would keep them: `town(n, points=…, at=…)`."""
    made = 0

    def make(n: int, *, points, at, process="pool", site=None, left=lambda k, points: None) -> list[int]:
        nonlocal made
        new = [bulk.NewPerson([("customer_number", f"T{made + k}")], given_name="A") for k in range(n)]
        made += n
        pks = list(bulk.create(new, by=me, now=now - timedelta(days=900)))
        Person.objects.filter(pk__in=pks).update(site=site)
        marks, gone = [], []
        for k, pk in enumerate(pks):
            minutes = points(k)
            key = f"{process}:{at:%Y%m%d}:{pk}"
            marks.append(
                Mark(person_id=pk, kind="wait", process=process, measure=3 + 2 * minutes, at=at, fact=_uuid(), key=key)
            )
            if when := left(k, minutes):
                gone.append(Leaving(person_id=pk, at=when, reason="unhappy", fact=_uuid()))
        Mark.objects.bulk_create(marks)
        Leaving.objects.bulk_create(gone)
        return pks

    return make


def _uuid():
    from egard.base.ids import new_id

    return new_id()


# --- keeping ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_frictions_are_kept_once_from_facts_and_what_is_corrected_counts_no_longer(make_person, me, now, settle, everything):  # fmt: skip  # noqa: E501
    anne = make_person("Anne")
    first = _met(anne, "wait", 13.0, now, key="a", me=me)
    _met(anne, "transfer", 1.0, now, key="b", me=me)
    settle()
    settle()
    assert queries.of_person(everything, anne, now=now).index == 8.0
    _met(anne, "wait", 3.0, now, key="c", me=me, corrects=first.uuid)
    settle()
    found = queries.of_person(everything, anne, now=now)
    assert found.index == 3.0
    assert [(one.kind, one.times) for one in found.reasons] == [("transfer", 1)]
    assert Mark.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_left_and_came_back_or_never_left(make_person, me, now, settle, everything):
    anne = make_person("Anne")
    _met(anne, "unanswered", 1.0, now, key="a", me=me)
    with pytest.raises(WrongReason):
        operations.leave(anne, "sad", at=now, by=me, key="left", now=now)
    for _twice in range(2):
        operations.leave(anne, "unhappy", said="enough", at=now, by=me, key="left", now=now)
    settle()
    assert queries.of_person(everything, anne, now=now).left_at == now
    operations.come_back(anne, at=now, by=me, key="back", now=now)
    settle()
    assert queries.of_person(everything, anne, now=now).left_at is None
    assert counting.standing([now])[0][3] == 6.0
    back = Fact.objects.get(kind__name="friction.returned")
    more = {"by": me, "channel": "api", "corrects": back.uuid, "now": now}
    record(anne, Returned(), at=now + timedelta(days=-1), key="mistaken", **more)  # before she left: she is still gone
    settle()
    assert queries.of_person(everything, anne, now=now).left_at == now
    erase_person(anne, by=me, now=now)
    assert "enough" not in str(list(anne.facts.values_list("data", flat=True)))
    assert Mark.objects.filter(person=anne).exists()


@pytest.mark.django_db(transaction=True)
def test_two_records_of_one_person_are_one_index(make_person, me, now, settle, everything):
    anne, anna = make_person("Anne"), make_person("Anna")
    _met(anne, "transfer", 1.0, now, key="a", me=me)
    _met(anna, "transfer", 1.0, now, key="a", me=me)
    settle()
    merge_persons(anne, anna, by=me, now=now)
    person = queries.person(everything, anna.uuid)
    assert queries.of_person(everything, person, now=now).index == 6.0
    assert [row[3] for row in counting.standing([now])] == [6.0]


def test_the_database_counts_as_the_rules_do(make_person, me, now):
    random, expected = Random(6), {}
    for _person in range(6):
        person = make_person("A")
        some = [
            Lived(random.choice(KINDS), random.choice([0, 1, 2.5, 40]), now - timedelta(days=random.choice([0, 1, 90, 364, 700, 731])))  # noqa: E501
            for _mark in range(7)
        ]  # fmt: skip
        some.append(Lived("wait", 5.0, now - timedelta(days=2)))
        Mark.objects.bulk_create(
            Mark(person=person, kind=one.kind, process="pool", measure=one.measure, at=one.at, fact=_uuid(), key=f"{person.pk}:{n}")  # noqa: E501
            for n, one in enumerate(some)
        )  # fmt: skip
        expected[person.uuid] = index(some, at=now)
    found = {uuid: points for _at, _site, uuid, points, _parts in counting.standing([now])}
    assert found == pytest.approx(expected)


# --- the figures of a night -------------------------------------------------------------------------------------------


def _leavers(town, now, *, n=400, slope=0.08):
    random = Random(4)
    at = now - timedelta(days=91)

    def left(k, points):
        return at + timedelta(days=30) if random.random() < 0.03 * (1 + slope * points * 20) else None

    return town(n, points=lambda k: k % 10, at=at - timedelta(days=1), left=left)


def test_a_night_tells_the_relation_and_with_few_leavings_how_many_are_missing(town, everything, now):
    town(60, points=lambda k: k % 5, at=now - timedelta(days=100))
    evaluating.evaluate(now=now)
    few = queries.latest(everything).figures["relation"]
    assert (few["told"], few["leavings"], few["missing"]) == (False, 0, 20)
    _leavers(town, now)
    evaluating.evaluate(now=now + timedelta(days=1))
    held = queries.latest(everything)
    assert held.figures["relation"]["told"]
    assert held.figures["relation"]["slope"]["low"] > 1
    assert held.level == held.figures["relation"]["level"]["index"]
    assert held.figures["processes"][0]["process"] == "pool"


def test_a_change_is_compared_before_and_after_and_by_lot(town, everything, me, now):
    began = now - timedelta(days=40)
    town(80, points=lambda k: 2 + k % 3, at=began - timedelta(days=5))
    with pytest.raises(WrongChange):
        operations.declare_change("nothing", "x", starts_at=began, by=me, now=now)
    for _twice in range(2):
        made = operations.declare_change("pool", "A pool for all", starts_at=began, by=me, now=now)
    town(80, points=lambda k: 5 + k % 3, at=began + timedelta(days=5))
    lot = operations.declare_change("pool", "By lot", starts_at=began, share=50, by=me, now=now)
    evaluating.evaluate(now=now)
    told = {one["id"]: one for one in queries.latest(everything).figures["changes"]}
    assert Change.objects.count() == 2
    whole = told[str(made.uuid)]
    assert whole["points"]["low"] < 3 < whole["points"]["high"]
    assert not whole["by_lot"]
    by_lot = told[str(lot.uuid)]
    assert by_lot["old"]["n"] + by_lot["new"]["n"] == 80
    assert by_lot["points"]["low"] < 0 < by_lot["points"]["high"]
    person = Person.objects.first()
    assert queries.has_new_way(everything, made, person, now=now)
    ended = operations.end_change(made, by=me, now=now)
    assert not queries.has_new_way(everything, ended, person, now=now + timedelta(days=1))


def test_a_place_that_a_change_pushes_over_the_level_is_told_once(town, make_user, me, now):
    _leavers(town, now)
    site = Site.objects.create(code="lyon", name="Lyon")
    began = now - timedelta(days=30)
    people = town(40, points=lambda k: 1, at=began - timedelta(days=2), site=site)
    change = operations.declare_change("pool", "A pool for all", starts_at=began, by=me, now=now)
    evaluating.evaluate(now=now)
    assert not Alert.objects.exists()
    Mark.objects.bulk_create(
        Mark(person_id=pk, kind="promise_broken", process="pool", measure=2, at=now - timedelta(days=1), fact=_uuid(), key=f"x{pk}{n}")  # noqa: E501
        for pk in people for n in range(2)
    )  # fmt: skip
    for _night in range(2):
        evaluating.evaluate(now=now)
    alert = Alert.objects.get()
    assert (alert.change, alert.site, alert.n) == (change, site, 40)
    assert alert.before < alert.level <= alert.after
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_user("site_manager"))
    page = client.get("/worklist/friction/").content.decode()
    assert "Lyon: over the level" in page
    assert "After “A pool for all”" in client.get(f"/worklist/friction/?id={alert.uuid}").content.decode()
    operations.note_seen(viewer_for(make_user("supervisor")), [str(alert.uuid)], choice="", now=now)
    operations.see_alert(alert.uuid, by=me, now=now)  # again: nothing
    assert "Lyon: over the level" not in client.get("/worklist/friction/").content.decode()


# --- pages and API ----------------------------------------------------------------------------------------------------


def test_the_page_says_it_in_words_and_declares_a_change(town, make_user, now):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_user("site_manager"))
    assert "Nothing was reckoned yet" in client.get("/friction/").content.decode()
    town(60, points=lambda k: k % 5, at=now - timedelta(days=100))
    evaluating.evaluate(now=now)
    page = client.get("/friction/").content.decode()
    assert "Too few clients left" in page
    assert "20 more are needed" in page
    _leavers(town, now)
    evaluating.evaluate(now=now + timedelta(seconds=1))
    page = client.get("/friction/").content.decode()
    assert "twice as many clients leave" in page
    told = {"name": "A pool", "process": "pool", "day": "2026-01-05", "share": "100"}
    assert client.post("/friction/", told).status_code == 302
    assert "It is compared from the next figures on" in client.get("/friction/").content.decode()
    evaluating.evaluate(now=now + timedelta(seconds=2))
    assert "Too few clients on a side" in client.get("/friction/").content.decode()
    assert client.post("/friction/", {**told, "share": "0"}).status_code == 422
    assert client.post("/friction/reckoning/").status_code == 302
    change = Change.objects.get()
    assert client.post(f"/friction/changes/{change.uuid}/end/").status_code == 302
    assert Change.objects.get().ends_at
    agent = Client()
    agent.force_login(make_user("agent"))
    assert agent.get("/friction/").status_code == 403


def test_the_panel_says_why_and_staff_say_that_she_left(make_person, make_user, now, django_assert_num_queries):
    anne = make_person("Anne", "Roux")
    for n in range(3):
        Mark.objects.create(person=anne, kind="transfer", process="pool", measure=1, at=now, fact=_uuid(), key=f"k{n}")
    user = make_user("agent")
    viewer = viewer_for(user)
    person = queries.person(viewer, anne.uuid)
    with django_assert_num_queries(1):
        found = queries.of_person(viewer, person, now=now)
    assert (found.index, found.reasons[0].times) == (9.0, 3)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    panel = client.get(f"/people/{anne.uuid}/panels/friction/").content.decode()
    assert "Was put through to somebody else" in panel
    assert [one.value for one in operations.reasons(viewer, "PRI", now)] == ["price"]
    done = operations.say_left(viewer, [str(anne.uuid)], choice="price", now=now)
    assert list(done.former) == [str(anne.uuid)]
    assert operations.take_back(viewer, done.former, now=now) == [str(anne.uuid)]
    Leaving.objects.create(person=anne, at=now, reason="price", fact=_uuid())
    assert not operations.say_left(viewer, [str(anne.uuid)], choice="moved", now=now).former  # gone already


def test_programs_read_figures_and_say_who_left(town, make_person, client, me, now, carry_out):
    scopes = ["friction.read", "friction.person", "friction.leave", "friction.manage", "people.read"]
    _key, secret = create_api_key(name="board", scopes=scopes, by=me, now=now)
    headers = {"Authorization": f"Bearer {secret}"}
    anne = make_person("Anne")
    assert client.get("/api/v1/friction", headers=headers).status_code == 404
    town(40, points=lambda k: 4, at=now - timedelta(days=100))
    evaluating.evaluate(now=now)
    assert client.get("/api/v1/friction", headers=headers).json()["figures"]["relation"]["missing"] == 20
    assert client.post("/api/v1/friction/reckonings", headers=headers).status_code == 202
    body = {"person": str(anne.uuid), "reason": "price", "at": "2026-03-01T10:00:00Z", "key": "k"}
    for _twice in range(2):
        made = client.post("/api/v1/friction/leavings", body, "application/json", headers=headers)
        assert made.status_code == 201
    told = {"process": "pool", "name": "New", "starts_at": "2026-03-01T00:00:00Z", "share": 50}
    change = client.post("/api/v1/friction/changes", told, "application/json", headers=headers).json()
    assert client.get("/api/v1/friction/changes", headers=headers).json()["items"] == [change]
    way = f"/api/v1/friction/changes/{change['id']}/people/{anne.uuid}"
    assert client.get(way, headers=headers).json() == client.get(way, headers=headers).json()
    assert client.get(f"/api/v1/friction/people/{anne.uuid}", headers=headers).json()["index"] == 0
    assert client.post(f"/api/v1/friction/changes/{change['id']}/end", headers=headers).json()["ends_at"]
    assert client.get("/api/v1/friction").status_code == 401
    operations.reckon(by=me, now=now)
    assert carry_out() == 2
    assert Evaluation.objects.count() == 3


def test_of_many_processes_the_heaviest_are_set_beside_one_another():
    light = {f"a{n}": 1.0 for n in range(evaluating.PROCESSES_MAX)}
    rows = [(1, light, False, 1.0), (2, {"zoo": 9.0, **light}, True, 1.0)]
    assert evaluating._heaviest(rows) == [*sorted(light)[:-1], "zoo"]
