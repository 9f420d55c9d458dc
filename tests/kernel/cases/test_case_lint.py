"""A file that is wrong is refused with its line and a word on what to do; whatever is in it, quickly."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from moving import HEAD, stage

from egard.kernel.cases import rules
from egard.kernel.cases.rules.definition import CaseType
from egard.kernel.cases.rules.lint import lint

SHIPPED = sorted((Path(__file__).parents[3] / "src/egard/journeys/complaints/case_types").glob("*.yaml"))
SCHEMA = Path(rules.__file__).parent / "case-type.schema.json"
FIELD = "data: {amount: {type: whole, label: Amount}, ok: {type: yes_no, label: Ok}}\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_we_ship_has_nothing_wrong_and_fits_its_schema(path):
    case_type, findings = lint(path.read_text(encoding="utf-8"))
    assert findings == []
    assert case_type is not None
    assert case_type.case == path.stem
    assert case_type.about is not None
    jsonschema_rs.validate(json.loads(SCHEMA.read_bytes()), yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_stolen_phone_fits_one_screen():
    path = next(path for path in SHIPPED if path.stem == "stolen_phone")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_the_schema_that_ships_is_that_of_the_reader():
    """`python -m egard.kernel.cases.rules.schema` writes it anew."""
    from egard.kernel.cases.rules.schema import schema

    assert json.loads(SCHEMA.read_bytes()) == schema()
    jsonschema_rs.meta.validate(schema())


@pytest.mark.parametrize(
    ("text", "rule", "line", "words"),
    [
        ("stages: [", "yaml", 4, "not YAML"),
        ("stages: &a {one: *a}", "yaml", 1, "anchors"),
        ("stages: " + "[" * 500, "yaml", 3, "levels"),
        ("", "shape", 1, "field required"),
        ("stage: {}\nstages: {one: {title: A}}", "unknown_key", 3, "stage: is not a known key"),
        ("title: x", "twice", 3, "twice"),
        (stage("a: {title: A, role: agnt}"), "unknown_role", 7, "agnt"),
        (FIELD + stage("a: {title: A, evidence: amont}"), "unknown_field", 8, "did you mean “amount”"),
        (FIELD + stage("a: {title: A, if: data.amuont > 3}"), "unknown_field", 8, "did you mean “amount”"),
        (FIELD + stage("a: {title: A, if: data.amount > 'x'}"), "never", 8, "whole number"),
        (FIELD + stage("a: {title: A}", 'b: {title: B, when: steps.a == "finished"}'), "never", 9, "finished"),
        (stage("a: {title: A, after: bb}", "b: {title: B}"), "unknown_step", 7, "did you mean “b”"),
        (stage("a: {title: A, after: b}", "b: {title: B, after: a}"), "loop", 7, "a → b → a"),
        (stage("a: {title: A, after: b}", 'b: {title: B, when: steps.a == "done"}'), "loop", 7, "wait for one another"),
        (stage("a: {title: A, after: a}"), "loop", 7, "a → a"),
        (FIELD + stage("a: {title: A, if: data.ok && !data.ok}"), "unreachable", 8, "never begin"),
        (FIELD + stage("a: {title: A, if: data.amount > 3, when: data.amount <= 3}"), "unreachable", 8, "never begin"),
        (
            stage(
                "a: {title: A, promise: {within: 2 h, pause: promises.b == 'open'}}",
                "b: {title: B, promise: {within: 2 h, pause: promises.a == 'open'}}",
            ),
            "loop",
            7,
            "a → b → a",
        ),
        (
            FIELD
            + stage(
                "a: {title: A, evidence: ok}",
                "b: {title: B, after: a, if: data.ok, evidence: amount}",
                "c: {title: C, after: b, if: data.amount > 3}",
            ),
            "deadlock",
            10,
            "may not concern",
        ),
        (stage("a: {title: A, when: 1 > 2}"), "unreachable", 7, "never holds"),
        (stage("a: {title: A, repeat: true}"), "deadlock", 7, "for ever"),
        (
            FIELD
            + stage(
                "a: {title: A, if: data.ok}",
                "b: {title: B, if: '!data.ok'}",
                'c: {title: C, when: steps.a == "done" && steps.b == "done"}',
            ),
            "deadlock",
            10,
            "never happens together",
        ),
        (
            FIELD
            + stage("a: {title: A, if: data.ok}", "b: {title: B, if: '!data.ok'}")
            + 'closing: {needs: [steps.a == "done" && steps.b == "done"]}',
            "deadlock",
            10,
            "never be closed",
        ),
        (stage("a: {title: A, if: amount > 3}"), "unknown_name", 7, "amount"),
        (stage("a: {title: A, if: 'now - opened_at > duration(\"1h\")'}"), "time_alone", 7, "stands alone"),
        (FIELD + stage("a: {title: A, if: 'data.amount >'}"), "bad_expression", 8, "no expression"),
        (FIELD + stage(f"a: {{title: A, if: '{'(' * 400}data.ok{')' * 400}'}}"), "exploding_expression", 8, "brackets"),
        (FIELD + stage(f"a: {{title: A, if: '{'!' * 900}data.ok'}}"), "exploding_expression", 8, "brackets"),
        (FIELD + stage(f"a: {{title: A, if: '{'data.ok || ' * 99}data.ok'}}"), "exploding_expression", 8, "characters"),
        (FIELD + stage(f"a: {{title: A, if: '{'1+' * 450}1 > 2'}}"), "exploding_expression", 8, "parts"),
        (stage("a: {title: A, if: '[1,2].all(x, [1,2].all(y, x > y))'}"), "exploding_expression", 7, "walks"),
        (stage("a: {title: A, if: '\"aaa\".matches(\"(a+)+$\")'}"), "exploding_expression", 7, "walks"),
        (stage(*(f"s{n}: {{title: S}}" for n in range(10_000))), "too_many_steps", 1, "10000 steps"),
        ("# " + "x" * 1_000_001, "too_large", 1, "bytes"),
    ],
)  # fmt: skip
def test_each_fault_is_found_at_its_line(text, rule, line, words):
    began = time.process_time()
    _case_type, findings = lint(HEAD + text)
    assert time.process_time() - began < 5
    assert (rule, line) in {(one.rule, one.line) for one in findings}, findings
    assert any(words in one.message for one in findings), findings


def test_a_loop_of_stages_through_their_steps_is_found():
    text = (
        "stages:\n"
        "  one: {title: One, steps: {a: {title: A, after: b}}}\n"
        "  two: {title: Two, after: one, steps: {b: {title: B}}}\n"
    )
    assert {one.rule for one in lint(HEAD + text)[1]} == {"loop"}


def test_five_hundred_steps_in_a_row_are_fine():
    steps = ["s0: {title: S}", *(f"s{n}: {{title: S, after: s{n - 1}}}" for n in range(1, 500))]
    assert lint(HEAD + stage(*steps))[1] == []


def test_a_version_is_its_content_not_its_comments():
    text = HEAD + stage("a: {title: A}", "b: {title: B}")
    first, _none = lint(text)
    again, _none = lint("# a comment\n" + text.replace("{title: B}", "{ title: 'B' }"))
    moved, _none = lint(HEAD + stage("b: {title: B}", "a: {title: A}"))
    other, _none = lint(text.replace("title: B", "title: C"))
    assert first.version == again.version
    assert len({first.version, moved.version, other.version}) == 3
    stored = first.model_dump(mode="json", by_alias=True)
    assert CaseType.model_validate(stored).version == first.version


def test_the_example_of_the_manual_is_right():
    manual = (Path(__file__).parents[3] / "docs/cases.md").read_text(encoding="utf-8")
    assert lint(manual.split("```yaml\n")[1].split("```")[0])[1] == []


def test_every_test_that_the_manual_names_is_there():
    manual = (Path(__file__).parents[3] / "docs/cases.md").read_text(encoding="utf-8")
    table = manual.split("## What the field has")[1]
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    named = set(re.findall(r"`(test_[a-z_]+)`", table))
    assert len(named) > 10
    assert all(f"def {name}(" in sources for name in named), named
