"""Cases for programs: from a type's file to a closed case, and what is refused on the way."""

from __future__ import annotations

import pytest

TOY = """
case: toy
title: {fr: Jouet, en: Toy}
data: {amount: {type: whole, label: {fr: Montant, en: Amount}}}
events: {paid: {title: {fr: Payé, en: Paid}, match: amount, completes: b}}
stages:
  one:
    title: {fr: Un, en: One}
    steps:
      a: {title: {fr: Premier, en: First}, evidence: amount, promise: 2 h, help: {fr: Faites ainsi, en: Do it so}}
      b: {title: {fr: Second, en: Second}, after: a}
    menu:
      c: {title: {fr: Autre, en: Other}}
"""


@pytest.fixture
def toy(program, anne):
    """The id of a case of Anne's."""
    assert program.post("case-types", {"source": TOY}).status == 201
    opened = program.post("cases", {"type": "toy", "person": anne["id"], "channel": "phone"})
    assert opened.status == 201, opened
    return opened.json["id"]


def test_a_case_from_its_opening_to_its_closing(program, toy, anne):
    case = program.get(f"cases/{toy}").json
    assert (case["status"], case["person"], case["title"]) == ("open", anne["id"], "Toy")
    assert [(s["key"], s["title"], s["state"], s["help"]) for s in case["steps"]] == [
        ("a", "First", "available", "Do it so"),
        ("b", "Second", "waiting", None),
    ]
    assert case["steps"][0]["promise"]["state"] == "open"
    assert case["steps"][0]["evidence"] == [
        {"field": "amount", "label": "Amount", "type": "whole", "required": True, "choices": {}}
    ]
    assert [(s["key"], [r["code"] for r in s["reasons"]]) for s in case["next_steps"]] == [
        ("a", ["promise_soon", "required", "unblocks"]),
        ("c", ["suggested"]),
    ]
    done = program.post(f"cases/{toy}/steps/a/completion", {"data": {"amount": 3}})
    assert (done.status, done.json["steps"]) == (200, {"a": "done", "b": "available"})
    added = program.post(f"cases/{toy}/steps", {"title": "Ask the mayor", "within": "1 business day"})
    assert (added.status, added.json["step"]) == (201, "added_1")
    assert program.post(f"cases/{toy}/steps/added_1/skip", {"reason": "no answer"}).status == 200
    assert program.post(f"cases/{toy}/steps", {"menu": "c"}).json["step"] == "c"
    assert program.post(f"cases/{toy}/steps/c/start").status == 200
    assert program.post(f"cases/{toy}/steps/c/completion", {}).status == 200
    assert program.post(f"cases/{toy}/steps/b/completion", {}).status == 200
    assert program.post(f"cases/{toy}/closure", {}).json["status"] == "closed"
    assert program.delete(f"cases/{toy}/closure?reason=again").json["status"] == "open"
    kinds = [one["kind"] for one in program.get(f"cases/{toy}/events").json["items"]]
    assert kinds == ["opened", "completed", "added", "skipped", "added", "started", "completed", "completed", "closed",
                     "reopened"]  # fmt: skip
    listed = program.get(f"cases?person={anne['id']}&status=open").json["items"]
    assert [one["id"] for one in listed] == [toy]


def test_why_it_waits_is_said_in_the_readers_language(make_program, program, toy):
    french = make_program("cases.read", "people.read", language="fr")
    told = french.get(f"cases/{toy}/why").json
    assert told[0]["reasons"] == [
        {"code": "after", "text": "«\u00a0Premier\u00a0» n’est pas encore terminé", "due_at": None}
    ]
    assert told[-1]["key"] == ""
    assert program.get(f"cases/{toy}/next-steps").json[0]["reasons"][-1]["text"] == "Unblocks: Second"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("steps/b/completion", {}, 409, "cases.not_yet"),
        ("steps/a/completion", {}, 422, "cases.evidence_missing"),
        ("steps/a/completion", {"data": {"amount": "three"}}, 422, "cases.bad_data"),
        ("steps/nope/completion", {}, 422, "cases.unknown_step"),
        ("steps/a/redo", {"reason": "why not"}, 409, "cases.not_settled"),
        ("steps/a/skip", {}, 422, "api.invalid"),
        ("steps", {}, 422, "api.invalid"),
        ("steps", {"title": "x", "within": "soon"}, 422, "cases.bad_data"),
        ("steps", {"title": "x", "department": "nobody"}, 422, "cases.unknown_department"),
        ("steps", {"menu": "a"}, 422, "cases.unknown_step"),
        ("events", {"name": "nope"}, 422, "cases.unknown_event"),
        ("closure", {}, 409, "cases.cannot_close"),
        ("closure", {"outcome": "nice"}, 422, "cases.unknown_outcome"),
        ("notes", {"text": "  "}, 422, "cases.reason_needed"),
    ],
)
def test_what_is_refused_says_so_with_its_code(program, toy, path, body, status, code):
    answer = program.post(f"cases/{toy}/{path}", body)
    assert (answer.status, answer.code) == (status, code)
    assert program.get(f"cases/{toy}").json["version"] == 1


def test_edits_with_if_match_come_together_unless_they_collide(program, toy):
    assert program.patch(f"cases/{toy}/data", {"amount": 1}).status == 200
    clash = program.patch(f"cases/{toy}/data", {"amount": 2}, If_Match='"1"')
    assert (clash.status, clash.code, clash.json["fields"]) == (409, "cases.changed_meanwhile", {"amount": "1"})
    assert program.patch(f"cases/{toy}/data", {"amount": 2}, If_Match="2").status == 200
    assert program.patch(f"cases/{toy}/data", {"amount": 2}, If_Match="x").code == "api.invalid"


def test_the_same_request_twice_is_done_once(program, toy):
    for _twice in range(2):
        answer = program.post(f"cases/{toy}/notes", {"text": "hello"}, Idempotency_Key="n1")
        assert (answer.status, answer.json["version"]) == (201, 2)


def test_an_outside_event_waits_for_a_case_or_finds_it(program, toy):
    sent = {"name": "paid", "match": "7", "data": {"by": "card"}, "key": "p1"}
    waiting = program.post("case-events", sent)
    assert (waiting.status, waiting.json["case"]) == (201, None)
    assert [one["id"] for one in program.get("case-events").json["items"]] == [waiting.json["id"]]
    program.post(f"cases/{toy}/steps/a/completion", {"data": {"amount": 7}})
    found = program.post("case-events", {**sent, "key": "p2"})
    assert found.json["case"] == toy
    assert program.get(f"cases/{toy}").json["steps"][1]["state"] == "done"
    attached = program.post(f"case-events/{waiting.json['id']}/attachment", {"case": toy})
    assert attached.json["case"] == toy


def test_types_are_published_and_cases_migrated_first_dry_then_for_good(program, toy):
    before = program.get("case-types/toy").json
    assert before["definition"]["case"] == "toy"
    wrong = program.post("case-types", {"source": TOY.replace("after: a", "after: z")})
    assert (wrong.status, wrong.code) == (422, "cases.bad_type")
    assert "line 11" in wrong.json["fields"]
    after = program.post(
        "case-types", {"source": TOY.replace("      a: {", "      first: {").replace("after: a", "after: first")}
    )
    assert after.json["number"] == 2
    assert [one["number"] for one in program.get("case-types/toy/versions").json["items"]] == [2, 1]
    asked = {"type": "toy", "old": before["version"]}
    dry = program.post("case-migrations", asked).json
    assert (dry["id"], dry["total"], dry["passing"]) == (None, 1, 1)
    assert dry["difference"]["renamed"] == {"steps": {"a": "first"}}
    refused = program.post("case-migrations", {**asked, "plan": {}, "dry_run": True}).json
    assert [one["problems"][0]["code"] for one in refused["cases"]] == ["loses_required"]
    done = program.post("case-migrations", {**asked, "dry_run": False, "reason": "clearer names"}).json
    assert program.get(f"cases/{toy}").json["type_version"] == after.json["version"]
    assert [one["id"] for one in program.get("case-migrations").json["items"]] == [done["id"]]
    assert program.post(f"case-migrations/{done['id']}/reversal").json == {"reverted": 1, "left": 0}


def test_scopes_hold(make_program, program, toy):
    reader = make_program("cases.read", "people.read")
    assert reader.get(f"cases/{toy}").status == 200
    assert reader.post(f"cases/{toy}/notes", {"text": "x"}).code == "access.not_allowed"
    assert reader.post("case-types", {"source": TOY}).code == "access.not_allowed"
    assert make_program("people.read").get(f"cases/{toy}").code == "access.not_allowed"
    assert program.get("cases/00000000-0000-7000-8000-000000000000").code == "not_found"
    worker = make_program("cases.read", "cases.work")
    assert worker.post(f"cases/{toy}/closure", {"override": "enough"}).code == "access.not_allowed"


def test_staff_correct_the_words_beside_a_step_and_who_writes_the_file_settles_it(program, make_program, toy):
    worker = make_program("cases.read", "cases.work")
    said = worker.post("case-types/toy/steps/a/words", {"text": "Ask for the year too.", "kind": "correction"})
    assert said.status == 201
    assert worker.post("case-types/toy/steps/z/words", {"text": "x"}).code == "cases.unknown_step"
    listed = worker.get("case-types/toy/steps/a/words").json["items"]
    assert [(one["text"], one["kind"]) for one in listed] == [("Ask for the year too.", "correction")]
    assert worker.post(f"case-words/{said.json['id']}/settlement").code == "access.not_allowed"
    for _twice in range(2):
        assert program.post(f"case-words/{said.json['id']}/settlement").status == 200
    assert worker.get("case-types/toy/steps/a/words").json["items"] == []
    assert program.post("case-words/999999/settlement").code == "not_found"
