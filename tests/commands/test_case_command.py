"""`egard case`: looking through files without a database, publishing, and moving cases."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from egard.base.clock import utc_now
from egard.kernel.cases import operations, queries
from egard.site.commands import cases as command

TYPES = Path(__file__).parents[2] / "src/egard/journeys/complaints/case_types"
TOY = """
case: toy
title: Toy
stages:
  one:
    title: One
    steps:
      a: {title: First}
      b: {title: Second, after: a}
"""


def lint(*files: object):
    asked = [sys.executable, "-P", "-m", "egard.site.cli", "case", "lint", *map(str, files), "--json"]
    return subprocess.run(asked, capture_output=True, text=True, check=False)


def test_lint_answers_in_json_by_file_and_line_and_its_exit_code_says_whether(tmp_path):
    done = lint(*sorted(TYPES.glob("*.yaml")))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "findings": []})
    bad = tmp_path / "bad.yaml"
    bad.write_text(TOY.replace("after: a", "after: z"))
    done = lint(TYPES / "complaint.yaml", bad, tmp_path / "none.yaml")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    assert [(one["file"], one["line"], one["rule"]) for one in told["findings"]] == [
        (str(bad), 9, "unknown_step"),
        (str(tmp_path / "none.yaml"), 0, "unreadable"),
    ]


@pytest.fixture
def run(db, monkeypatch):
    """Runs a command of the group on the database of the tests."""
    monkeypatch.setattr(command, "product", nullcontext)

    def ask(*arguments: object):
        done = CliRunner().invoke(command.case, [*map(str, arguments), "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    return ask


def test_a_file_is_published_and_cases_are_moved_first_in_words_then_for_good_and_back(run, tmp_path, everything):
    file, plan = tmp_path / "toy.yaml", tmp_path / "plan.yaml"
    file.write_text(TOY)
    first = run("publish", file)
    held = operations.open_case(everything, "toy", now=utc_now())
    file.write_text(TOY.replace("      a: {title: First}\n", "").replace(", after: a", ""))
    assert run("publish", file)["number"] == 2
    dry = run("migrate", "toy", "--from", first["version"])
    assert (dry["migration"], dry["total"], dry["passing"]) == (None, 1, 0)
    assert [(one["case"], one["code"], one["key"]) for one in dry["problems"]] == [
        (str(held.uuid), "loses_required", "a")
    ]
    plan.write_text("steps: {a: b, b: null}\n")
    operations.complete_step(everything, held.uuid, "a", now=utc_now())
    done = run("migrate", "toy", "--from", first["version"], "--reason", "shorter", "--yes")
    assert done["passing"] == 1
    assert queries.case(everything, held.uuid).type.number == 2
    assert run("revert", done["migration"]) == {"reverted": 1, "left": 0}
    tried = run("migrate", "toy", "--from", first["version"], "--plan", plan)
    assert [one["key"] for one in tried["problems"]] == ["b"]
