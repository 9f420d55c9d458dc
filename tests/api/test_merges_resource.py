from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def nan(program):
    """The same Anne under her nickname."""
    made = program.post(
        "people",
        {"given_name": "Nan", "country": "FR", "identifiers": [{"kind": "email", "value": "nan@example.net"}]},
    )
    return made.json


def _merge(program, survivor, absorbed, **more):
    return program.post(f"people/{survivor['id']}/merges", {"other": absorbed["id"], **more})


def test_both_ids_lead_to_the_survivor_until_the_merge_is_undone(program, anne, nan, purchase):
    program.post("events", purchase("B1", person={"id": nan["id"]}))
    made = _merge(program, anne, nan, reason="same voice")
    assert made.status == 201, made
    assert (made.json["survivor"], made.json["absorbed"]) == (anne["id"], nan["id"])
    assert (made.json["reason"], made.json["undone_at"]) == ("same voice", None)
    for asked in (anne, nan):
        one = program.get(f"people/{asked['id']}").json
        assert (one["id"], one["merged_ids"]) == (anne["id"], [nan["id"]])
        assert (one["name"], one["country"]) == ("Anne Kerouac", "FR")
        told = program.get(f"people/{asked['id']}/overview").json
        assert {i["value"] for i in told["identifiers"]} == {"anne@example.org", "nan@example.net", "+33612345678"}
        assert [item["kind"] for item in told["timeline"]["items"]] == ["people.merged/1", "purchases.made/1"]
    found = program.get("people?identifier=email:nan@example.net").json["items"]
    assert [item["id"] for item in found] == [anne["id"]]

    program.post("events", purchase("B2", person={"kind": "email", "value": "nan@example.net"}))
    assert program.delete(f"merges/{made.json['id']}").status == 204
    numbers = [
        item["data"]["order_number"]
        for item in program.get(f"people/{nan['id']}/timeline?kind=purchases.made").json["items"]
    ]
    assert sorted(numbers) == ["B1", "B2"]
    assert program.get(f"people/{nan['id']}").json["merged_ids"] == []
    [held] = program.get(f"people/{anne['id']}/merges").json["items"]
    assert held["undone_at"]
    assert program.get(f"people/{nan['id']}/merges").json["items"] == [held]


def test_merges_page_by_page_the_latest_first(program, anne, nan):
    for _time in range(3):
        made = _merge(program, anne, nan)
        program.delete(f"merges/{made.json['id']}")
    seen, cursor = [], ""
    while cursor is not None:
        page = program.get(f"people/{anne['id']}/merges?limit=2{cursor and '&cursor=' + cursor}").json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 3
    assert seen[0] == made.json["id"]
    assert program.get(f"people/{anne['id']}/merges?cursor=nonsense").code == "paging.unknown_cursor"


def test_what_cannot_be_is_refused_with_its_code(program, anne, nan):
    assert _merge(program, anne, anne).code == "people.merge_with_herself"
    made = _merge(program, anne, nan)
    assert _merge(program, anne, nan).code == "people.already_merged"
    assert _merge(program, nan, anne).code == "people.already_merged"
    program.delete(f"merges/{made.json['id']}")
    again = program.delete(f"merges/{made.json['id']}")
    assert (again.status, again.code) == (409, "people.merge_undone")
    program.post(f"people/{nan['id']}/erasure")
    assert _merge(program, anne, nan).code == "people.erased"
    nobody = {"id": "01890000-0000-7000-8000-000000000000"}
    assert _merge(program, anne, nobody).code == "not_found"
    assert program.delete(f"merges/{nobody['id']}").code == "not_found"
    assert program.post(f"people/{anne['id']}/merges", {"other": nan["id"], "why": "x"}).status == 422


def test_a_key_without_the_scope_neither_merges_nor_undoes(make_program, program, anne, nan):
    reader = make_program("people.read", "people.edit")
    assert _merge(reader, anne, nan).code == "access.not_allowed"
    made = _merge(program, anne, nan)
    assert reader.delete(f"merges/{made.json['id']}").code == "access.not_allowed"
    assert reader.get(f"people/{nan['id']}/merges").json["items"] == [made.json]


def test_the_same_merge_sent_twice_under_one_key_is_one(program, anne, nan):
    body = {"other": nan["id"]}
    first, second = (program.post(f"people/{anne['id']}/merges", body, Idempotency_Key="m1") for _ in range(2))
    assert first.status == second.status == 201
    assert first.json == second.json


def test_what_is_sent_back_of_a_merged_person_copies_nothing(program, anne, nan):
    made = _merge(program, anne, nan)
    shown = program.get(f"people/{anne['id']}").json
    changed = program.patch(f"people/{anne['id']}", {"country": shown["country"], "language": "fr"})
    assert (changed.json["country"], changed.json["merged_ids"]) == ("FR", [nan["id"]])
    program.delete(f"merges/{made.json['id']}")
    assert program.get(f"people/{anne['id']}").json["country"] == ""
