"""Delegations and trainings as programs set and read them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.kernel.delegations.operations import use
from egard.kernel.registry import Authority, registry

pytestmark = pytest.mark.django_db
GIVE = "toys.give"


@pytest.fixture(autouse=True)
def _something_to_delegate(monkeypatch):
    monkeypatch.setitem(registry.authorities, GIVE, Authority(GIVE, "Give a toy"))


def euros(amount: int) -> dict:
    return {"amount": amount * 100, "currency": "EUR"}


@pytest.fixture
def granted(program):
    def make(**more):
        body = {"authority": GIVE, "per_act": euros(50), **more}
        answer = program.post("delegations", body)
        assert answer.status == 201, answer
        return answer.json

    return make


def test_a_delegation_is_given_read_changed_and_ended_with_its_trail(program, granted, make_user):
    agent = make_user("agent", name="Léa")
    assert GIVE in {one["name"] for one in program.get("authorities").json["items"]}
    made = granted(staff=str(agent.pk), per_day=euros(200))
    assert (made["staff"]["name"], made["per_act"], made["per_person"]) == ("Léa", euros(50), None)
    assert [one["state"] for one in made["holders"]] == ["holds"]
    path = f"delegations/{made['id']}"
    changed = program.patch(path, {"per_act": euros(80), "per_day": None, "version": 1, "reason": "she is good"})
    assert (changed.status, changed.json["per_act"], changed.json["per_day"]) == (200, euros(80), None)
    assert program.patch(path, {"per_act": euros(90), "version": 1}).code == "delegations.changed_meanwhile"
    ended = program.post(f"{path}/end", {"reason": "she leaves"}).json
    assert [(one["what"], one["reason"]) for one in ended["changes"]] == [
        ("ended", "she leaves"),
        ("changed", "she is good"),
        ("granted", ""),
    ]
    assert program.patch(path, {"per_act": euros(90)}).code == "delegations.over"
    assert program.get("delegations").json["items"] == []
    assert [one["id"] for one in program.get(f"delegations?over=true&staff={agent.pk}").json["items"]] == [made["id"]]


def test_what_is_decided_is_listed_and_what_is_left_is_told(program, granted, make_user, anne, me):
    from egard.kernel.people.models import Person

    agent, person = make_user("agent"), Person.objects.get(uuid=anne["id"])
    made = granted(role="agent")
    assert use(agent, GIVE, Money(30_00, "EUR"), person=person, case="case:1", key="g1", by=me, now=utc_now()).allowed
    (used,) = program.get(f"delegations/{made['id']}/uses").json["items"]
    assert (used["key"], used["amount"], used["person"]) == ("g1", euros(30), anne["id"])
    room = program.get(f"authorities/{GIVE}/room?staff={agent.pk}&person={anne['id']}&amount=3000").json
    assert (room["allowed"], room["limit"], room["left_today"]) == (False, euros(20), euros(50))
    assert [one["code"] for one in room["reasons"]] == ["delegations.over_person"]
    assert program.get(f"authorities/toys.eat/room?staff={agent.pk}").code == "delegations.unknown_authority"


def test_a_training_is_named_recorded_asked_for_and_withdrawn(program, granted, make_user):
    agent = make_user("agent")
    assert program.put("training-courses/gestures", {"name": "Giving gestures"}).status == 200
    assert program.put("training-courses/No%20", {"name": "x"}).code == "delegations.bad_training"
    body = {"staff": str(agent.pk), "training": "gestures", "valid_until": "2190-01-01T00:00:00Z"}
    trained = program.post("trainings", body)
    assert (trained.status, trained.json["training"]["name"]) == (201, "Giving gestures")
    assert program.post("trainings", {**body, "training": "swimming"}).code == "delegations.unknown_training"
    made = granted(staff=str(agent.pk), training="gestures")
    assert (made["holders"][0]["state"], made["holders"][0]["trained_until"]) == ("holds", "2190-01-01T00:00:00Z")
    assert [one["id"] for one in program.get("trainings?training=gestures").json["items"]] == [trained.json["id"]]
    assert program.post(f"trainings/{trained.json['id']}/withdrawal").status == 201
    assert program.get(f"delegations/{made['id']}").json["holders"][0]["state"] == "untrained"
    assert program.get("trainings").json["items"] == []


def test_lists_go_on_page_by_page(program, granted, make_user):
    program.put("training-courses/gestures", {"name": "Giving gestures"})
    for n in range(5):
        agent = make_user("agent")
        granted(staff=str(agent.pk))
        until = None if n % 2 else f"219{n}-01-01T00:00:00Z"
        program.post("trainings", {"staff": str(agent.pk), "training": "gestures", "valid_until": until})
    for path in ("delegations", "trainings"):
        found, cursor = [], ""
        while cursor is not None:
            page = program.get(f"{path}?limit=2{f'&cursor={cursor}' if cursor else ''}").json
            found += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"authority": "toys.eat"}, "delegations.unknown_authority"),
        ({"per_act": {"amount": 5000, "currency": "USD"}}, "delegations.wrong_unit"),
        ({"per_act": {"amount": 0, "currency": "EUR"}}, "api.invalid"),
        ({"per_act": {"amount": 0.5, "currency": "EUR"}}, "api.invalid"),
        ({"per_act": {"amount": 10**18, "currency": "EUR"}}, "api.invalid"),
        ({"per_day": {"amount": 10, "currency": "EUR"}}, "delegations.bad_delegation"),
        ({"role": ""}, "delegations.bad_delegation"),
        ({"role": "", "staff": str(uuid4())}, "access.unknown_staff"),
        ({"training": "swimming"}, "delegations.unknown_training"),
        ({"team": str(uuid4())}, "access.unknown_team"),
    ],
)
def test_what_cannot_be_delegated_is_refused(program, body, code):
    whole = {"authority": GIVE, "role": "agent", "per_act": euros(50), **body}
    assert program.post("delegations", whole).code == code


def test_scopes_hold(make_program, granted):
    made = granted(role="agent")
    reader = make_program("delegations.read")
    assert reader.get(f"delegations/{made['id']}").status == 200
    assert reader.post(f"delegations/{made['id']}/end", {}).code == "access.not_allowed"
    assert reader.post("delegations", {"authority": GIVE, "role": "agent", "per_act": euros(5)}).status == 403
    assert make_program("people.read").get("delegations").code == "access.not_allowed"
