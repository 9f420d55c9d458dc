"""The method learns from its cases: how long steps take, what people skip and add, and the next version as a draft."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.base.refusal import Forbidden
from egard.kernel.cases import figures, operations, types
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.rules.improving import Added, NoStage, median, recurring, with_planned
from egard.kernel.cases.rules.lint import lint

FILES = Path(__file__).resolve().parents[3] / "src" / "egard" / "journeys" / "complaints" / "case_types"
HOUR = timedelta(hours=1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_median_lies_between_its_bounds_and_few_durations_have_none(durations):
    found = median(durations)
    below = sum(one <= found.seconds for one in durations)
    assert found.n == len(durations)
    assert below >= len(durations) / 2
    if found.low is None:
        assert found.n < 10
    else:
        assert found.low <= found.seconds <= found.high


def test_steps_of_similar_wording_are_one_whatever_the_order():
    told = [
        Added(1, "Prêter un téléphone", "protect"),
        Added(2, "prêter un telephone de secours", "protect"),
        Added(3, "Un téléphone à prêter", "protect"),
        Added(3, "Prêter un téléphone", "protect"),
        Added(4, "Appeler la banque", "settle", "legal"),
    ]
    found = recurring(told)
    assert [(one.title, one.cases, one.stage, one.ask) for one in found] == [
        ("Prêter un téléphone", 3, "protect", ""),
        ("Appeler la banque", 1, "settle", "legal"),
    ]
    assert [one.cases for one in recurring(told[::-1])] == [3, 1]
    assert recurring(told, least=3)[0].wordings


@pytest.mark.parametrize("path", sorted(FILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_draft_is_the_file_with_one_more_step_in_the_menu_and_passes_the_linter(path):
    source = path.read_text(encoding="utf-8")
    before, _findings = lint(source)
    for stage in before.stages:
        draft = with_planned(source, stage, "Prêter un téléphone : « 3 jours » {au plus}")
        after, findings = lint(draft)
        assert findings == []
        (new,) = set(after.menu) - set(before.menu)
        assert after.stage_of[new] == stage
        assert after.menu[new].title.fr == "Prêter un téléphone : « 3 jours » {au plus}"
        assert list(after.steps) == list(before.steps)
        assert [line for line in source.splitlines() if line not in draft.splitlines()] == [] or "menu: {" in draft
        again, findings = lint(with_planned(draft, stage, "Prêter un téléphone : « 3 jours » {au plus}"))
        assert findings == []
        assert len(again.menu) == len(before.menu) + 2
    with pytest.raises(NoStage):
        with_planned(source, "nowhere", "x")


@pytest.mark.django_db
def test_two_versions_stand_side_by_side_with_what_people_did(everything, staff, me, now):
    def work(title, hours, *, skip=False):
        uuid = operations.open_case(everything, "stolen_phone", data={"line": "06"}, now=now).uuid
        done = now + hours * HOUR
        operations.start_step(everything, uuid, "block", now=now + HOUR)
        operations.complete_step(everything, uuid, "block", {"blocked_at": now.isoformat()}, now=done)
        if skip:
            operations.skip_step(everything, uuid, "facts", reason="known already", now=done)
        operations.add_step(everything, uuid, title, stage="protect", now=done)

    for n, title in enumerate(("Lend a phone", "lend a phone", "Lend a phone now", "Call the bank")):
        work(title, 2 + n, skip=n == 0)
    (only,) = figures.versions(everything, "stolen_phone")
    block = next(step for step in only.steps if step.key == "block")
    assert (only.cases, block.done, block.wait.seconds, block.whole.seconds) == (4, 4, 3600, 3.5 * 3600)
    assert next(step for step in only.steps if step.key == "facts").skipped == 1
    assert [(one.title, one.cases, one.stage) for one in only.proposals] == [("Lend a phone", 3, "protect")]
    source = CaseType.objects.get(pk=types.current("stolen_phone").pk).source
    types.publish(with_planned(source, "protect", only.proposals[0].title), by=me, now=now)
    uuid = operations.open_case(everything, "stolen_phone", now=now).uuid
    operations.plan_step(everything, uuid, "lend_a_phone", now=now)
    newest, before = figures.versions(everything, "stolen_phone")
    assert (newest.cases, before.cases, newest.proposals) == (1, 4, [])
    with pytest.raises(Forbidden):
        figures.versions(staff("host"), "stolen_phone")
