"""Promises by the API: nouns, refusals with codes, the same answer to the same key."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import ensure_site, ensure_team
from egard.kernel.promises import sweeping
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(program, anne):
    """Promises Anne an answer: `owed(within="2 h")`."""

    def make(key: str = "one", **more):
        body = {"key": key, "kind": "promises.answer", "person": anne["id"], "within": "2 h", **more}
        made = program.post("promises", {name: value for name, value in body.items() if value is not None})
        assert made.status == 201, made
        return made.json

    return make


def test_a_promise_is_made_read_and_kept(program, anne, owed):
    made = owed(note="the price of the loan", channel="phone")
    assert (made["state"], made["label"], made["person"]) == ("open", "An answer", anne["id"])
    assert 7190 < made["seconds_left"] <= 7200
    assert made["due_at"] == made["first_due_at"]
    kept = program.post(f"promises/{made['id']}/keeping", {"channel": "email"})
    assert (kept.status, kept.json["state"], kept.json["kept_channel"]) == (201, "kept", "email")
    assert [event["what"] for event in kept.json["events"]] == ["made", "kept"]
    assert program.get(f"promises/{made['id']}").json == kept.json
    assert program.get(f"people/{anne['id']}/promises?owed=true").json["items"] == []
    assert [row["id"] for row in program.get(f"people/{anne['id']}/promises").json["items"]] == [made["id"]]
    kinds = [item["kind"] for item in program.get(f"people/{anne['id']}/timeline").json["items"]]
    assert kinds == ["promises.kept/1", "promises.made/1"]
    assert Sight.objects.filter(kind="promise", person_id__isnull=False).count() >= 2


def test_the_same_key_gives_the_first_promise_and_another_one_is_refused(program, anne, owed):
    made = owed()
    assert owed()["id"] == made["id"]
    body = {"key": "one", "kind": "promises.answer", "person": anne["id"], "within": "3 h"}
    assert program.post("promises", body).code == "promises.key_reused"


def test_it_is_paused_resumed_extended_and_released_for_a_reason(program, owed):
    path = f"promises/{owed()['id']}"
    assert program.post(f"{path}/pause", {"reason": ""}).code == "api.invalid"
    paused = program.post(f"{path}/pause", {"reason": "waits for her papers"}).json
    assert (paused["state"], paused["events"][-1]["reason"]) == ("paused", "waits for her papers")
    resumed = program.post(f"{path}/resume", {}).json
    assert resumed["state"] == "open"
    longer = program.post(f"{path}/extension", {"within": "2 days", "reason": "the expert is away"}).json
    assert longer["due_at"] > longer["first_due_at"] == paused["first_due_at"]
    assert program.post(f"{path}/extension", {"within": "1 h", "reason": "less"}).code == "promises.not_later"
    assert program.post(f"{path}/extension", {"reason": "when?"}).code == "promises.no_moment"
    released = program.post(f"{path}/release", {"reason": "she came by"}).json
    assert released["state"] == "released"
    assert program.post(f"{path}/keeping", {}).code == "promises.ended"
    again = program.post(f"{path}/reopening", {"reason": "by mistake"}).json
    assert (again["state"], again["ended_at"]) == ("open", None)


def test_what_is_overdue_is_broken_and_stays_so(program, owed):
    made = owed()
    sweeping.sweep(now=utc_now() + timedelta(hours=3))
    late = program.post(f"promises/{made['id']}/keeping", {}).json
    assert (late["state"], late["seconds_left"]) == ("broken", 0)
    assert program.post(f"promises/{made['id']}/pause", {"reason": "late"}).code == "promises.ended"


def test_lists_are_asked_by_state_kind_owner_place_and_moment(program, owed, make_user, me, now):
    agent, team, site = make_user("agent"), ensure_team("care", by=me, now=now), ensure_site("lyon", by=me, now=now)
    first = owed("1", owner=str(agent.pk), team=str(team.pk), site=str(site.pk))
    second = owed("2", kind="promises.call_back", within="1 business day", subject="toy:1")
    program.post(f"promises/{owed('3', within='1 h')['id']}/keeping", {})

    def found(query: str) -> list[str]:
        answer = program.get(f"promises?{query}")
        assert answer.status == 200, answer
        return [row["id"] for row in answer.json["items"]]

    assert found("owed=true") == [first["id"], second["id"]]
    assert found("state=open&kind=promises.call_back") == [second["id"]]
    assert found(f"owner={agent.pk}") == found(f"team={team.pk}") == found(f"site={site.pk}") == [first["id"]]
    assert found("subject=toy:1") == [second["id"]]
    assert found(f"owed=true&due_before={first['due_at']}") == []
    assert found(f"owed=true&due_from={first['due_at']}&limit=1") == [first["id"]]
    assert len(found("")) == 3
    assert second["calendar"] == "office/1"


def test_somebody_of_staff_is_named(program, owed, make_user):
    path, agent = f"promises/{owed()['id']}/owner", make_user("agent")
    named = program.put(path, {"staff": str(agent.pk)})
    assert (named.status, named.json["owner"]["id"]) == (200, str(agent.pk))
    assert program.put(path, {"staff": str(uuid4())}).code == "access.unknown_staff"
    assert program.put(path, {"staff": None, "team": str(uuid4())}).code == "access.unknown_team"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "promises.nothing"}, "promises.unknown_kind"),
        ({"within": "soon"}, "promises.wrong_time"),
        ({"due_at": "2020-01-01T00:00:00Z", "within": None}, "promises.already_due"),
        ({"due_at": "2190-01-01T00:00:00Z"}, "promises.no_moment"),
        ({"calendar": "moon", "within": "1 business day"}, "promises.unknown_calendar"),
        ({"person": str(uuid4())}, "not_found"),
    ],
)
def test_what_cannot_be_promised_is_refused_with_a_word_on_it(program, anne, body, code):
    whole = {"key": "one", "kind": "promises.answer", "person": anne["id"], "within": "2 h", **body}
    assert program.post("promises", {name: value for name, value in whole.items() if value is not None}).code == code


def test_calendars_are_set_and_every_version_stays(program, make_program):
    hours = {"zone": "Europe/Paris", "week": {"mon-fri": ["09:00-12:30", "14:00-18:00"]}, "holidays": "FR-57"}
    made = program.put("calendars/shop", {"name": "Shop", "data": hours})
    assert (made.status, made.json["version"], made.json["data"]["holidays"]) == (200, 1, "FR-57")
    assert program.put("calendars/shop", {"data": hours}).json["version"] == 1
    assert {"always", "office", "shop"} <= {row["code"] for row in program.get("calendars").json["items"]}
    assert (
        program.put("calendars/shop", {"data": {"zone": "Europe/Paris", "week": {}}}).code == "promises.wrong_calendar"
    )
    assert make_program("promises.read").put("calendars/shop", {"data": hours}).code == "access.not_allowed"


def test_scopes_hold(make_program, owed):
    made = owed()
    reader = make_program("promises.read")
    assert reader.get(f"promises/{made['id']}").status == 200
    assert reader.post(f"promises/{made['id']}/keeping", {}).code == "access.not_allowed"
    assert (
        reader.post("promises", {"key": "2", "kind": "promises.answer", "within": "2 h"}).code == "access.not_allowed"
    )
    assert make_program("people.read").get("promises").code == "access.not_allowed"


def test_shares_have_their_n_and_bounds(program, make_program, owed):
    kept, late = owed("1"), owed("2")
    program.post(f"promises/{kept['id']}/keeping", {})
    sweeping.sweep(now=utc_now() + timedelta(hours=3))
    assert program.get("promise-shares").json["whole"] == {
        "name": "",
        "label": "",
        "kept": 0,
        "n": 0,
        "share": None,
        "low": 0.0,
        "high": 1.0,
    }  # neither moment has come yet
    Promise.objects.update(due_at=F("due_at") - timedelta(hours=5))
    shares = program.get("promise-shares?by=kind").json
    assert (shares["whole"]["kept"], shares["whole"]["n"], shares["whole"]["share"]) == (1, 2, 0.5)
    assert [(one["name"], one["label"], one["n"]) for one in shares["items"]] == [("promises.answer", "An answer", 2)]
    assert shares["whole"]["low"] < 0.1 < 0.9 < shares["whole"]["high"]
    assert program.get("promise-shares?by=colour").code == "api.invalid"
    assert make_program("promises.read").get("promise-shares").code == "access.not_allowed"
    assert late["state"] == "open"
