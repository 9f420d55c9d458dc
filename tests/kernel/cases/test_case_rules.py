"""How a case moves, by properties and by example: pure, so without a database."""

from __future__ import annotations

import copy
import os
from datetime import timedelta

import celpy
import orjson
import pytest
from celpy.adapter import json_to_cel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moving import START, Moving, stage, typed
from test_case_lint import SHIPPED

from egard.kernel.cases.rules import advice, engine, migration, state, words
from egard.kernel.cases.rules.conditions import Condition
from egard.kernel.cases.rules.engine import Known
from egard.kernel.cases.rules.graph import placed_conditions as placed
from egard.kernel.cases.rules.lint import lint
from egard.kernel.cases.rules.values import problems

TYPES = [lint(path.read_text(encoding="utf-8"))[0] for path in SHIPPED]
DEEP = os.environ.get("EGARD_DEEP") == "1"
FIELD = "data: {amount: {type: whole, label: Amount}, ok: {type: yes_no, label: All is well}}\n"


def value_of(field) -> st.SearchStrategy:
    """Any value that fits a field."""
    return {
        "text": st.text(alphabet="ab é", max_size=4),
        "document": st.text(alphabet="ab", min_size=1, max_size=4),
        "choice": st.sampled_from(list(field.choices) or [""]),
        "whole": st.integers(-10, 10_000),
        "number": st.floats(-5, 5),
        "yes_no": st.booleans(),
        "date": st.dates().map(str).filter(lambda text: text >= "1900"),
        "moment": st.integers(0, 10**5).map(lambda hours: (START + timedelta(hours=hours)).isoformat()),
        "money": st.fixed_dictionaries({"amount": st.integers(0, 9000), "currency": st.just("EUR")}),
    }[field.type]


HAPPENINGS = ("complete", "complete", "complete", "skip", "redo", "add", "data", "time", "clock", "close", "reopen")


@st.composite
def histories(draw) -> Moving:
    """A case of a shipped type to which all sorts of things happened, in any order that the rules allow."""
    case_type = draw(st.sampled_from(TYPES))
    case = Moving(case_type)
    for _turn in range(draw(st.integers(0, 14))):
        case.now += timedelta(hours=draw(st.sampled_from([0, 1, 30, 400])))
        names = draw(st.sets(st.sampled_from(sorted(case_type.data)), max_size=3))
        some = {name: draw(value_of(case_type.data[name])) for name in names}
        wanted = draw(st.sampled_from(HAPPENINGS))
        one = sorted(case.open)
        settled = sorted(key for key, held in case.state["steps"].items() if held["state"] in ("done", "skipped"))
        if case.closed:
            if wanted == "reopen":
                case.tell(kind="reopened", reason="again")
        elif wanted == "complete" and one:
            step = draw(st.sampled_from(one))
            needed = engine.step_of(case_type, case.state, step).fields
            case.tell(kind="completed", step=step, data={name: draw(value_of(case_type.data[name])) for name in needed})
        elif wanted == "skip" and one:
            case.tell(kind="skipped", step=draw(st.sampled_from(one)), reason="not needed")
        elif wanted == "redo" and settled:
            case.tell(kind="redone", step=draw(st.sampled_from(settled)), reason="wrong")
        elif wanted == "add":
            key = f"x{len(case.state['added']) + 1}"
            added = {"step": {"title": "More", "promise": {"within": "2 h"}}, "stage": next(iter(case_type.stages))}
            case.tell(kind="added", step=key, added=added)
        elif wanted == "clock" and case.state["clocks"]:
            clock = draw(st.sampled_from(sorted(case.state["clocks"])))
            if case.clock(clock) == "open":
                case.tell(kind="clock", clock=clock, what="broken")
        elif wanted == "close":
            case.tell(kind="closed", outcome="", override="enough")
        else:
            case.tell(kind="data", data=some)
    return case


@given(histories())
def test_a_rebuilt_case_equals_its_snapshot_and_survives_json(case):
    stored = orjson.loads(orjson.dumps(case.events))
    assert state.rebuild(stored) == case.state == orjson.loads(orjson.dumps(case.state))


@given(histories())
def test_evaluating_changes_nothing_that_was_handed_in_and_gives_the_same_twice(case):
    before, event = copy.deepcopy(case.state), {"kind": "noted", "at": case.now.isoformat(), "text": "Anne"}
    first = engine.evaluate(case.type, case.state, event, case.now)
    second = engine.evaluate(case.type, case.state, event, case.now)
    assert first == second
    assert case.state == before
    # Everything that follows has followed: the same moment again brings nothing.
    assert "then" not in first[1]


@given(histories())
def test_what_can_be_done_and_what_waits_are_all_that_is_not_settled(case):
    if case.closed:
        return
    told = advice.next_steps(case.type, case.state, case.now, may=lambda _step: True)
    waiting = advice.why(case.type, case.state, case.now)
    assert {one.key for one in told if one.planned} == case.open
    assert {one.key for one in waiting} & case.open == set()
    assert all(one.reasons for one in told)
    assert all(one.reasons for one in waiting if one.key), "who waits, waits for something"
    known = Known(case.type, case.state, case.now)
    assert engine.can_close(known) == (waiting[-1].reasons == ())
    for reason in (reason for one in (*told, *waiting) for reason in one.reasons):
        assert reason.text.fr
        assert reason.text.en
        assert "data." not in reason.text.fr, "in words"


@given(histories())
def test_a_clock_runs_once_for_each_run_of_its_step(case):
    then = [one for event in case.events for one in event.get("then", ())]
    started = [(one["clock"], one["n"]) for one in then if one.get("what") == "started"]
    assert len(started) == len(set(started))
    running = {key for key, held in case.state["clocks"].items() if held["state"] in ("open", "paused")}
    planned = {key for key, step in engine.all_steps(case.type, case.state) if step.promise}
    assert running & planned <= case.open


@given(histories(), st.sampled_from(TYPES))
def test_moved_to_another_version_and_back_a_case_keeps_what_people_did(case, _other):
    old = case.type
    text = next(path for path in SHIPPED if path.stem == old.case).read_text(encoding="utf-8")
    first = next(iter(old.stages["protect"].steps)) if "protect" in old.stages else next(iter(old.steps))
    more = "      brand_new: {title: Brand new}\n"
    new, findings = lint(text.replace(f"      {first}:", f"{more}      {first}:", 1))
    assert findings == []
    assert migration.difference(old, new).added == {"steps": ["brand_new"]}
    assert migration.problems(old, new, case.state, {}) == []
    clocks = copy.deepcopy(case.state["clocks"])
    case.type = new
    case.tell(**migration.move(old, new, case.state, {}, at=case.now))
    assert {key: held["n"] for key, held in case.state["clocks"].items() if key in clocks} == {
        key: held["n"] for key, held in clocks.items()
    }, "no clock that was there is armed again"
    did = {key for key, held in case.state["steps"].items() if held["state"] in ("done", "skipped")}
    case.type = old
    case.tell(**migration.move(new, old, case.state, {}, at=case.now))
    assert did <= {key for key, held in case.state["steps"].items() if held["state"] in ("done", "skipped")}
    assert state.rebuild(case.events) == case.state


# --- expressions ------------------------------------------------------------------------------------------------------


def by_celpy(source: str, names: dict) -> object:
    """What cel-python answers: None for any fault."""
    environment = celpy.Environment()
    program = environment.program(environment.compile(source))
    try:
        answer = program.evaluate({name: json_to_cel(value) for name, value in names.items()})
    except celpy.CELEvalError:
        return None
    return bool(answer) if isinstance(answer, celpy.celtypes.BoolType) else None


EXPRESSIONS = sorted({(n, c.cel) for n, one in enumerate(TYPES) for _path, c in placed(one)})


@pytest.mark.parametrize(("n", "source"), EXPRESSIONS)
def test_both_evaluators_agree_on_every_shipped_expression(n, source):
    @given(histories())
    @settings(max_examples=1000 if DEEP else 10, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case):
        condition = Condition.model_validate(source)
        known = Known(TYPES[n], {**case.state, "data": {**case.state["data"]}}, case.now)
        names = dict(known(condition.uses))
        assert condition.holds(known) == by_celpy(source, names)

    agree()


@pytest.mark.parametrize(
    ("source", "data", "holds"),
    [
        ("data.amount > 3", {}, None),
        ("!(data.amount > 3)", {}, None),
        ("data.amount != 3", {}, None),
        ("data.amount > 3 || data.ok", {"ok": True}, True),
        ("data.amount > 3 && data.ok", {"ok": False}, False),
        ("has(data.amount)", {}, False),
        ("data.amount / 0 > 1", {"amount": 1}, None),
        ("data.amount + 9223372036854775807 > 1", {"amount": 1}, None),
        ("size(data.amount) > 1", {"amount": 1}, None),
        ("data.amount", {"amount": 1}, None),
        ("now >= opened_at + duration('48h')", {}, False),
        ("facts.came.at < now", {}, None),
    ],
)
def test_what_is_not_known_yet_is_not_yet_and_never_an_exception(source, data, holds):
    case = Moving(FIELD + "events: {came: {title: Came, match: amount}}\n" + stage("a: {title: A}"), **data)
    condition = Condition.model_validate(source)
    assert condition.holds(Known(case.type, case.state, case.now)) is holds


def test_a_condition_is_said_in_words_or_as_the_file_says():
    fine = "b: {title: B, when: {cel: data.ok, say: {fr: Tout va, en: Fine}}}"
    case_type = typed(FIELD + stage("a: {title: Answer}", fine))

    def said(source: str) -> str:
        return words.of(Condition.model_validate(source), case_type).en

    assert said("data.amount > 50") == "“Amount” is more than 50"
    assert said("!(data.amount > 50)") == "“Amount” is at most 50"
    assert said("data.ok && has(data.amount)") == "“All is well”: yes and “Amount” is known"
    assert said('steps.a == "done"') == "“Answer” is “done”"
    assert said("now >= opened_at + duration('1h')") == "the time set for it has passed"
    assert said("size('abc') > 2") == "the condition “size('abc') > 2” holds"
    assert words.of(case_type.steps["b"].when, case_type).fr == "Tout va"


# --- by example -------------------------------------------------------------------------------------------------------


def test_time_alone_moves_a_case_at_a_moment_that_is_known_before():
    case = Moving(stage("a: {title: A, when: now >= opened_at + duration('48h')}"))
    assert case.open == set()
    assert engine.next_moment(case.type, case.state, case.now) == START + timedelta(hours=48)
    assert case.wait(47.9).open == set()
    assert case.wait(0.1).open == {"a"}
    assert engine.next_moment(case.type, case.state, case.now) is None


def test_a_clock_starts_pauses_resumes_and_stops_by_its_conditions():
    clock = "{within: 2 h, start: data.amount > 0, pause: data.ok, stop: data.amount > 9}"
    case = Moving(FIELD + f"promises: {{answer: {clock}}}\n" + stage("a: {title: A}"))
    seen = [case.clock("answer")]
    for data in ({"amount": 1}, {"ok": True}, {"ok": False}, {"ok": True, "amount": 10}, {"amount": 1}):
        case.tell(kind="data", data=data)
        seen.append(case.clock("answer"))
    assert seen == ["none", "open", "paused", "open", "kept", "kept"]


def test_a_step_done_again_has_a_promise_again_and_what_follows_waits_again():
    case = Moving(stage("a: {title: A, promise: 2 h}", "b: {title: B, after: a, promise: 2 h}"))
    case.done("a")
    assert (case.clock("a"), case.clock("b")) == ("kept", "open")
    case.tell(kind="redone", step="a", reason="it was wrong")
    assert (case.clock("a"), case.clock("b")) == ("open", "released")
    assert case.open == {"a"}
    case.done("a")
    assert case.open == {"b"}
    assert case.state["clocks"]["b"] == {"n": 2, "late": False, "state": "open"}


def test_a_broken_promise_stays_broken_and_is_kept_late():
    case = Moving(stage("a: {title: A, promise: 2 h}"))
    case.tell(kind="clock", clock="a", what="broken")
    assert case.clock("a") == "broken"
    case.done("a")
    assert case.state["clocks"]["a"] == {"n": 1, "late": True, "state": "kept"}


def test_the_next_step_is_the_one_whose_promise_is_broken_then_due_then_what_unblocks():
    case = Moving(
        stage(
            "plain: {title: Plain}",
            "gate: {title: Gate}",
            "later: {title: Later, after: gate}",
            "due: {title: Due, promise: 3 h}",
            "late: {title: Late, promise: 2 h}",
            "extra: {title: Extra, required: false}",
            more="    menu:\n      idea: {title: Idea}\n",
        )
    )
    case.tell(kind="clock", clock="due", what="told", due_at=(START + timedelta(hours=3)).isoformat())
    case.tell(kind="clock", clock="late", what="broken", due_at=START.isoformat())
    case.tell(kind="refused", step="plain", reason="not on this case")
    told = advice.next_steps(case.type, case.state, case.now, may=lambda _step: True)
    assert [one.key for one in told] == ["late", "due", "gate", "extra", "idea", "plain"]
    assert [reason.code for reason in told[0].reasons] == ["promise_broken", "required"]
    assert told[2].reasons[-1].text.fr == "Débloque\u00a0: Later"
    assert not told[4].planned


def test_values_are_checked_and_words_say_what_is_wrong():
    phone = next(one for one in TYPES if one.case == "stolen_phone")
    bad = {"line": 6, "decision": "keep", "amount": 12, "insured": "yes", "taken_at": "yesterday", "nope": 1}
    wrong = problems(phone, {**bad, "shop": None})
    assert set(wrong) == set(bad)
    assert wrong["insured"].fr == "doit être oui ou non"


def test_a_migration_that_loses_a_required_step_says_so_and_one_that_renames_it_passes():
    old = typed(stage("ask: {title: Ask the police}", "tell: {title: Tell the client, after: ask}"))
    new = typed(stage("ask_police: {title: Ask the police}", "tell: {title: Tell the client, after: ask_police}"))
    told = migration.difference(old, new)
    assert told.renamed == {"steps": {"ask": "ask_police"}}
    case = Moving(old)
    assert [one.code for one in migration.problems(old, new, case.state, {})] == ["loses_required"]
    assert migration.problems(old, new, case.state, told.renamed) == []
    case.done("ask")
    assert migration.problems(old, new, case.state, {}) == []
