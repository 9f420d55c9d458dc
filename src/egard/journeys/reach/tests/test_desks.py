"""Desks: who is there, who is absent, and what is promised of whose time."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from egard.base.refusal import NotFound
from egard.journeys.reach import callers, moving, operations, queries, refusals
from egard.journeys.reach.desks import pages
from egard.journeys.reach.models import Absence, Call, CallBack
from egard.journeys.reach.state import situation
from egard.journeys.reach.tests.phones import LINES, MOBILE, phone
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.operations import create_api_key
from egard.kernel.access.queries import viewer_for
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.models import Thread
from egard.kernel.people.operations import set_adviser
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db


def test_presence_is_said_by_oneself_or_by_who_manages_and_ends_by_itself(house, make_user, me, now):
    claire = viewer_for(house.claire)
    operations.set_presence(house.claire, "busy", until=now + timedelta(minutes=20), by=claire.actor, now=now)
    there = queries.presence(claire, house.claire.pk, now=now)
    assert (there.presence, there.until) == ("busy", now + timedelta(minutes=20))
    assert queries.presence(claire, house.claire.pk, now=now + timedelta(minutes=20)).presence == "available"
    assert situation(house.claire.pk, now=now + timedelta(minutes=20)).adviser.free(now + timedelta(minutes=20))
    with pytest.raises(NotAllowed):
        queries.colleague(claire, house.hugo.pk)
    assert queries.colleague(viewer_for(make_user("supervisor")), house.hugo.pk) == house.hugo
    for wrong, until in (("asleep", None), ("busy", now), ("available", now + timedelta(hours=1))):
        with pytest.raises(refusals.WrongPresence):
            operations.set_presence(house.claire, wrong, until=until, by=me, now=now)


def test_at_night_and_while_absent_nobody_is_at_work_whatever_she_says(house, make_user, me, now, monkeypatch):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_user("supervisor"))
    night = now.replace(hour=21)

    def page(at) -> str:
        monkeypatch.setattr(pages, "utc_now", lambda: at)
        return client.get("/reach/desks/").content.decode()

    assert (page(now).count("available"), page(now).count("not at work")) == (2, 0)
    assert (page(night).count("available"), page(night).count("not at work")) == (0, 2)
    operations.add_absence(house.desk, now, now + timedelta(hours=1), by=me, now=now)
    supervisor = viewer_for(make_user("supervisor"))
    there = {one.name: one.at_work for one in queries.presences(supervisor, now=now)}
    assert there == {"Claire Martin": False, "Hugo Delmas": True}


def test_presence_by_the_api(house, client, me, now, clock):
    _key, secret = create_api_key(name="switchboard", scopes=["reach.read", "reach.answer", "reach.manage"], by=me,
                                  now=now)  # fmt: skip
    told = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {secret}"}}
    url = f"/api/v1/presence/{house.claire.pk}"
    put = client.put(url, {"presence": "away", "until": "2026-03-10T12:00:00Z"}, **told)
    assert (put.status_code, put.json()["presence"]) == (200, "away")
    assert client.put(url, {"presence": "away", "until": "2026-03-10T07:00:00Z"}, **told).status_code == 422
    listed = client.get("/api/v1/presence", headers=told["headers"]).json()["items"]
    assert [one["name"] for one in listed] == ["Claire Martin", "Hugo Delmas"]
    assert "Claire" in phone().call().words
    assert Call.objects.get().state == "asking"


def test_somebody_absent_is_not_rung_and_calls_back_when_she_is_there_again(house, me, now, clock):
    back = datetime(2026, 3, 16, 8, tzinfo=UTC)
    absence = operations.add_absence(house.desk, now - timedelta(hours=1), back, by=me, now=now)
    heard = phone().call()
    assert not heard.line
    assert "Hugo Delmas" in heard.words
    with pytest.raises(refusals.TimeTaken):
        operations.promise_call_back(
            house.elodie, house.desk, datetime(2026, 3, 12, 9, tzinfo=UTC), channel="web", key="k", by=me, now=now
        )
    operations.end_absence(absence, by=me, now=now)
    assert phone().call().line == LINES[0]
    with pytest.raises(refusals.WrongPeriod):
        operations.add_absence(house.desk, back, back - timedelta(days=1), by=me, now=now)


def test_what_is_promised_of_a_time_is_known_before_an_absence_is_written(house, me, now):
    at = datetime(2026, 3, 12, 9, tzinfo=UTC)
    made = operations.promise_call_back(house.elodie, house.desk, at, channel="web", key="k", by=me, now=now)
    again = operations.promise_call_back(house.elodie, house.desk, at, channel="web", key="k", by=me, now=now)
    assert made.pk == again.pk
    asked = (viewer_for(house.claire), house.claire, at - timedelta(days=1), at + timedelta(days=1))
    assert [one.uuid for one in queries.owed_in(*asked)] == [made.promise]
    promises.release(made.promise, reason="she wrote", by=me, now=now)
    assert not queries.owed_in(*asked)
    operations.promise_call_back(house.elodie, house.desk, at, channel="web", key="other", by=me, now=now)


def test_a_message_is_one_promise_whatever_comes_twice(house, me, now):
    call = Call.objects.create(provider_id="CA1", person=house.elodie, language="fr", asked_at=now, seen_at=now)
    call.adviser = house.claire
    for _again in range(2):
        operations.leave_message(call, due_at=now + timedelta(days=1), about="my loan", now=now)
    owed = Promise.objects.get()
    assert (owed.owner, owed.due_at, owed.subject) == (
        house.claire, now + timedelta(days=1), f"thread:{Thread.objects.get().uuid}"
    )  # fmt: skip


def test_a_desk_is_that_of_a_colleague_with_another_deputy(house, make_user, me, now):
    with pytest.raises(refusals.NoStaff):
        operations.set_desk(house.claire, deputy=house.claire, by=me, now=now)
    assert operations.set_desk(house.claire, line="01 40 00 00 09", by=me, now=now).line == "+33140000009"


def test_the_questions_of_a_decision_are_as_many_whatever_there_is(house, me, now, django_assert_max_num_queries):
    for hours in range(1, 8):
        at = datetime(2026, 3, 11, 8, tzinfo=UTC) + timedelta(hours=hours)
        operations.add_absence(house.desk, at, at + timedelta(minutes=5), by=me, now=now)
        Call.objects.create(
            provider_id=f"CA{hours}", rung=house.claire, language="fr", asked_at=now, seen_at=now, state="ended",
            ended_at=now, talked=60 * hours, outcome="own",
        )  # fmt: skip
    with django_assert_max_num_queries(2):
        found = situation(house.claire.pk, now=now)
    assert len(found.adviser.lengths) == 7
    assert len(found.adviser.hours.absences) == 7
    with django_assert_max_num_queries(5):  # from her number on
        [person] = callers.persons(MOBILE)
        assert situation(callers.adviser_of(person).pk, now=now) == found


def test_an_adviser_without_a_desk_owes_the_call_back_herself(house, make_user, make_person, me, now, clock):
    paul = make_user("adviser", name="Paul Noir")
    set_adviser(make_person("Zoé", "B", phone="+33677777777", language="en"), paul, since=now, by=me, now=now)
    line = phone("+33677777777")
    assert not line.call().line
    line.press("1")
    assert "Paul Noir calls you on" in line.press("1").words
    assert Promise.objects.get().owner == paul
    desk = operations.desk_for(paul, now=now)
    assert desk == operations.desk_for(paul, now=now)
    assert operations.desk_for(None, now=now) is None


def test_two_absences_never_overlap_also_when_they_are_written_at_the_same_moment(house, me, now):
    first = operations.add_absence(house.desk, now, now + timedelta(days=5), by=me, now=now)
    assert operations.add_absence(house.desk, now, now + timedelta(days=5), by=me, now=now) == first
    with pytest.raises(refusals.AbsentAlready):
        operations.add_absence(house.desk, now + timedelta(days=4), now + timedelta(days=9), by=me, now=now)
    with pytest.raises(refusals.WrongPeriod):  # the year was mistyped
        operations.add_absence(house.desk, now + timedelta(days=6), now + timedelta(days=1500), by=me, now=now)
    after = operations.add_absence(house.desk, now + timedelta(days=5), now + timedelta(days=9), by=me, now=now)
    operations.end_absence(after, by=me, now=now)
    operations.end_absence(after, by=me, now=now)
    assert list(house.desk.absences.all()) == [first]


def test_what_is_promised_of_an_absence_goes_to_the_deputy_where_she_is_free(house, make_person, me, now):
    """A call back, a conversation; a second call back stays, whose time the deputy has promised already."""
    at, later = datetime(2026, 3, 12, 9, tzinfo=UTC), datetime(2026, 3, 12, 10, tzinfo=UTC)
    hers = operations.desk_for(house.hugo, now=now)
    told = {"channel": "web", "by": me, "now": now}
    anna = make_person("Anna", "B", phone="+33611223399")
    for who, desk, moment, key in (
        (house.elodie, house.desk, at, "a"), (anna, house.desk, later, "b"), (anna, hers, later, "c"),
    ):  # fmt: skip
        operations.promise_call_back(who, desk, moment, key=key, **told)
    receive_chat(house.elodie, "hello", assignee=house.claire, due_at=at, key="k", now=now)
    viewer = viewer_for(house.claire)
    owed = queries.owed_in(viewer, house.claire, now, now + timedelta(days=7))
    assert len(owed) == 3
    moved, stuck = moving.to_deputy(house.desk, owed, by=me, now=now)
    assert (moved, [one.due_at for one in stuck]) == (2, [later + timedelta(minutes=15)])
    assert CallBack.objects.get(key="a").desk == hers
    assert Thread.objects.get().assignee == house.hugo
    assert [one.due_at for one in queries.owed_in(viewer, house.claire, now, now + timedelta(days=7))] == [
        later + timedelta(minutes=15)
    ]
    assert moving.to_deputy(house.desk, owed[:1], by=me, now=now)[0] == 1  # again changes nothing


def test_a_manager_sets_desks_as_far_as_her_role_reaches(house, make_user, me, now):
    lead = make_user("supervisor")
    assert {one.user for one in queries.desks(viewer_for(lead), now=now)} == {house.claire, house.hugo}
    narrow = viewer_for(lead)
    narrow = replace(narrow, permissions={**narrow.permissions, queries.MANAGE: "team"})
    assert queries.desks(narrow, now=now) == []
    with pytest.raises(NotFound):
        queries.desk(narrow, house.claire.pk)
    with pytest.raises(NotAllowed):
        queries.desk(viewer_for(house.claire), house.hugo.pk)


def test_absences_that_overlap_are_cut_when_the_rule_comes_the_later_one_begins_where_the_earlier_ends(house, me, now):
    cut = importlib.import_module("egard.journeys.reach.migrations.0002_handovers").CUT
    days = [(0, 5), (1, 3), (4, 8), (8, 9), (2, 10)]  # of the last one only the tenth day is left
    with connection.cursor() as cursor:
        cursor.execute("alter table reach_absence drop constraint reach_absence_alone")
    for since, until in days:
        Absence.objects.create(desk=house.desk, since=now + timedelta(since), until=now + timedelta(until), by="me")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for statement in cut:
            cursor.execute(statement)
    left = Absence.objects.order_by("since").values_list("since", "until")
    assert [((since - now).days, (until - now).days) for since, until in left] == [(0, 5), (5, 10)]
    constraint = next(one for one in Absence._meta.constraints if one.name == "reach_absence_alone")
    with connection.schema_editor() as editor:
        editor.add_constraint(Absence, constraint)  # the rule holds of what is left
