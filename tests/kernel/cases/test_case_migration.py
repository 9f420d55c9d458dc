"""Running cases move to another version: a dry run says which would pass, a migration is on record and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from moving import stage

from egard.kernel.cases import migrating, operations, queries, refusals
from egard.kernel.promises.models import Promise
from egard.kernel.promises.sweeping import sweep

pytestmark = pytest.mark.django_db
FIELD = "data: {amount: {type: whole, label: Amount}, word: {label: Word}}\n"
OLD = FIELD + stage(
    "ask: {title: Ask the police, promise: 2 h}",
    "check: {title: Check, after: ask}",
    "tell: {title: Tell, after: check}",
)
RENAMED = OLD.replace("ask:", "police:").replace("after: ask", "after: police")
WITHOUT = FIELD + stage("ask: {title: Ask the police, promise: 2 h}", "tell: {title: Tell, after: ask}")


@pytest.fixture
def run(everything, now):
    def migrate(old, new, **more):
        more.setdefault("reason", "the method changed")
        return migrating.migrate(everything, "toy", old.version, new.version, now=more.pop("now", now), **more)

    return migrate


def test_a_dry_run_names_the_cases_that_lose_a_required_step_and_changes_nothing(publish, open_case, run):
    old = publish(OLD)
    lost, kept = open_case("toy"), open_case("toy").done("ask", "check")
    new = publish(WITHOUT)
    told = run(old, new)
    assert told.difference.removed == {"steps": ["check"]}
    assert (told.total, told.passing) == (2, 1)
    assert [(one.case, one.passes, [p.code for p in one.problems]) for one in told.cases] == [
        (lost.uuid, False, ["loses_required"]),
        (kept.uuid, True, []),
    ]
    assert "Check" in told.cases[0].problems[0].text.en
    assert {lost.row.type, kept.row.type} == {old}
    done = run(old, new, dry_run=False)
    assert (done.total, done.passing) == (2, 1)
    assert (lost.row.type, kept.row.type) == (old, new)
    assert kept.open == {"tell"}
    assert [(step.key, step.state) for step in kept.view.steps] == [
        ("ask", "done"),
        ("tell", "available"),
        ("check", "done"),
    ]
    assert kept.is_whole()


def test_a_renamed_step_keeps_its_clock_and_a_fired_one_is_never_armed_again(publish, open_case, run, now):
    old = publish(OLD)
    fired, running = open_case("toy"), open_case("toy", now=now + timedelta(hours=2))
    sweep(now=now + timedelta(hours=3))
    new = publish(RENAMED)
    assert run(old, new, now=now + timedelta(hours=3), dry_run=False).passing == 2
    assert (fired.open, running.open) == ({"police"}, {"police"})
    assert Promise.objects.count() == 2, "no clock is started again"
    fired.now = running.now = now + timedelta(hours=3)
    fired.done("police")
    running.done("police")
    assert [p.state for p in Promise.objects.order_by("pk")] == ["broken", "kept"]
    assert fired.row.snapshot["clocks"]["police"]["late"] is True
    assert fired.is_whole()
    assert running.is_whole()


def test_a_migration_is_reverted_and_what_was_done_since_goes_with_the_case(publish, open_case, run, everything, now):
    old = publish(OLD)
    case, closed = open_case("toy"), open_case("toy")
    new = publish(RENAMED + "      more: {title: Something new}\n")
    told = run(old, new, dry_run=False)
    case.done("police", "more")
    closed.do(operations.close_case, override="enough")
    assert [row.pk for row in queries.migrations(everything)] == [told.migration.pk]
    assert migrating.revert(everything, told.migration.pk, now=now) == {"reverted": 1, "left": 1}
    assert case.row.type == old
    assert case.open == {"check"}
    assert {step.key: step.state for step in case.view.steps}["more"] == "done"
    assert case.is_whole()
    with pytest.raises(refusals.AlreadyReverted):
        migrating.revert(everything, told.migration.pk, now=now)


def test_data_without_a_place_is_lost_only_on_purpose(publish, open_case, run):
    old = publish(OLD)
    case = open_case("toy", word="hello")
    new = publish(OLD.replace(", word: {label: Word}", ""))
    assert [p.code for p in run(old, new).cases[0].problems] == ["loses_data"]
    assert run(old, new, plan={"data": {"word": None}}, dry_run=False).passing == 1
    assert case.view.data == {}
    assert case.is_whole()
    with pytest.raises(refusals.BadPlan) as wrong:
        run(old, new, plan={"steps": {"ask": "nope"}, "colours": {}})
    assert set(wrong.value.context["names"].split(", ")) == {"steps.ask", "colours"}


def test_only_who_defines_types_migrates(publish, run, staff, now):
    old = publish(OLD)
    with pytest.raises(Exception, match="not_allowed"):
        migrating.migrate(staff("agent"), "toy", old.version, now=now)
    with pytest.raises(refusals.UnknownType):
        migrating.migrate(staff("administrator"), "toy", "0" * 16, now=now)
