"""The clocks of cases are promises, and what becomes of a promise stands in the case's history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from moving import stage

from egard.kernel.cases import following, listing, operations, outside, queries, refusals
from egard.kernel.cases.archive import archive
from egard.kernel.cases.history import rebuilt
from egard.kernel.cases.models import CaseEvent, Outside
from egard.kernel.lifecycle.operations import erase_person, export_person, merge_persons
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.promises.sweeping import sweep

pytestmark = pytest.mark.django_db
FIELD = "data: {amount: {type: whole, label: Amount}, ok: {type: yes_no, label: All is well}}\n"
CLOCKED = FIELD + stage("a: {title: A, promise: 2 h}", "b: {title: B, after: a, promise: 1 business day}")


def owed(desk) -> dict[str, str]:
    return {p.subject.rpartition("/")[2]: p.state for p in Promise.objects.order_by("pk")}


def test_a_promise_runs_with_its_step_and_is_kept_when_it_is_done(publish, open_case, now):
    publish("promises: {whole: {within: 10 business days, pause: data.ok}}\n" + CLOCKED)
    case = open_case("toy")
    assert owed(case) == {"a": "open", "whole": "open"}
    assert case.row.due_at == now + timedelta(hours=2)
    assert case.view.steps[0].promise["due_at"] == (now + timedelta(hours=2)).isoformat()
    case.now += timedelta(hours=1)
    case.do(operations.edit_data, {"ok": True})
    assert owed(case) == {"a": "open", "whole": "paused"}
    case.done("a")
    case.do(operations.edit_data, {"ok": False})
    assert owed(case) == {"a": "kept", "whole": "open", "b": "open"}
    case.do(operations.close_case, override="enough")
    assert owed(case) == {"a": "kept", "whole": "kept", "b": "released"}
    assert Promise.objects.get(subject__endswith="/whole").person is None
    assert case.is_whole()


def test_every_warning_and_breach_stands_in_the_history_and_moves_the_case(publish, open_case, now):
    publish(CLOCKED + '      late: {title: Late, when: promises.a == "broken"}\n')
    case = open_case("toy")
    sweep(now=now + timedelta(hours=3))
    assert case.events == ["opened", "clock"]
    assert case.open == {"a", "late"}
    told = queries.history(case.viewer, case.view.case)[-1]
    assert told["body"]["what"] == "broken"
    assert told["body"]["happened_at"] == (now + timedelta(hours=2)).isoformat()
    assert queries.next_steps(case.viewer, case.view, now=now)[0].reasons[0].code == "promise_broken"
    case.now = now + timedelta(hours=4)
    case.done("a")
    assert case.row.snapshot["clocks"]["a"]["late"] is True
    assert owed(case)["a"] == "broken"
    assert case.is_whole()


def test_a_breach_that_nobody_swept_comes_before_the_answer_that_was_too_late(publish, open_case, now):
    publish(CLOCKED)
    case = open_case("toy")
    case.now = now + timedelta(hours=3)
    case.done("a")
    then = queries.history(case.viewer, case.view.case)[-1]["body"]["then"]
    assert [one["what"] for one in then if one.get("clock") == "a"] == ["broken", "kept"]
    assert case.row.snapshot["clocks"]["a"]["late"] is True
    assert case.is_whole()


def test_what_is_done_to_a_promise_elsewhere_is_known_to_the_case(publish, open_case, me, now):
    publish(CLOCKED)
    case = open_case("toy")
    promise = Promise.objects.get()
    promises.extend(promise, due_at=now + timedelta(days=2), reason="she is away", by=me, now=now)
    assert case.row.due_at == now + timedelta(days=2)
    promises.keep(promise, by=me, now=now)
    assert case.row.due_at is None
    assert case.row.snapshot["clocks"]["a"]["state"] == "kept"
    assert case.events == ["opened", "clock", "clock"]
    case.done("a")
    assert case.is_whole()


def test_a_step_done_again_has_a_new_promise_and_the_old_one_is_let_alone(publish, open_case, me, now):
    publish(CLOCKED)
    case = open_case("toy").done("a")
    case.do(operations.redo_step, "a", reason="wrong")
    first, released, second = Promise.objects.order_by("pk")
    assert [p.state for p in (first, released, second)] == ["kept", "released", "open"]
    promises.reopen(first, reason="by mistake", by=me, now=now)
    assert case.row.snapshot["clocks"]["a"]["promise"] == str(second.uuid)
    case.done("a", "b")
    assert case.is_whole()


# --- from outside -----------------------------------------------------------------------------------------------------

STORY = {"taken_at": "2026-03-10T07:00:00Z", "shop": "paris", "insured": False}
BLOCKED = {"line": "06", "blocked_at": "2026-03-10T08:00:00Z"}


@pytest.fixture
def phone(open_case, make_person):
    case = open_case("stolen_phone", make_person("Zélie", "Marchand"))
    return case.done("block", **BLOCKED).done("facts", **STORY)


def test_an_outside_event_finds_its_case_by_its_key_and_does_its_step(phone, everything, now):
    phone.do(operations.edit_data, {"report_number": "PV 2026-7"})
    told = outside.receive(everything, "police_report", "pv2026-7", {"report": "pv.pdf", "more": 1}, key="p1", now=now)
    assert told.case.uuid == phone.uuid
    assert "report" not in phone.open
    assert phone.view.data["report"] == "pv.pdf"
    again = outside.receive(everything, "police_report", "pv2026-7", {"report": "pv.pdf", "more": 1}, key="p1", now=now)
    assert again.pk == told.pk
    assert phone.events.count("fact") == 1
    with pytest.raises(refusals.KeyReused):
        outside.receive(everything, "delivered", "P1", key="p1", now=now)
    with pytest.raises(refusals.UnknownOutside):
        outside.receive(everything, "nothing", "P1", key="p2", now=now)
    assert phone.is_whole()


def test_an_outside_event_for_no_case_waits_until_somebody_attaches_it(phone, everything, now):
    told = outside.receive(everything, "police_report", "PV-9", {"report": "pv.pdf"}, key="p1", now=now)
    assert [row.pk for row in queries.waiting_events(everything)] == [told.pk]
    outside.attach(everything, told.pk, phone.uuid, now=now)
    assert phone.open == {"footage"}
    assert queries.waiting_events(everything) == []
    with pytest.raises(refusals.AlreadyAttached):
        outside.attach(everything, told.pk, phone.uuid, now=now)
    assert queries.outside_event(everything, told.pk).case.uuid == phone.uuid
    outside.tell_case(everything, phone.uuid, "delivered", {"signed": "Z"}, key="d1", now=now)
    outside.tell_case(everything, phone.uuid, "delivered", {"signed": "Z"}, key="d1", now=now)
    assert phone.events.count("fact") == 2


def test_what_others_send_may_be_wrong_and_is_kept_beside_the_data(phone, everything, now):
    outside.tell_case(everything, phone.uuid, "police_report", {"report": 7}, now=now)
    assert "report" not in phone.view.data
    assert phone.view.state["facts"]["police_report"]["report"] == 7
    assert phone.is_whole()


# --- a person's life --------------------------------------------------------------------------------------------------


def test_erasure_redacts_events_and_snapshot_alike_also_of_an_archived_case(phone, open_case, everything, me, now):
    person = phone.row.person
    phone.do(operations.write_note, "Zélie is upset")
    phone.do(operations.add_step, "Call Zélie's mother")
    phone.do(operations.edit_data, {"report_number": "PV-1"})
    outside.tell_case(everything, phone.uuid, "police_report", {"report": "zelie.pdf"}, now=now)
    old = open_case("stolen_phone", person, line="0699")
    old.do(operations.close_case, override="Zélie found it")
    assert archive(now + timedelta(days=1), now=now) == 1
    copy = export_person(everything, person, now=now)
    assert [one["data"].get("line") for one in copy["cases"]] == ["06", "0699"]
    erase_person(person, by=me, now=now)
    for case in (phone, old):
        assert case.is_whole()
        left = str(queries.history(everything, case.view.case, limit=200)) + str(case.view.state)
        assert not any(word in left for word in ("Zélie", "zelie", "0699", "PV-1"))
        assert "opened" in case.events
    assert phone.view.data["shop"] == "paris"
    assert Outside.objects.filter(case=phone.row).exclude(data={}).count() == 0


def test_merged_persons_have_their_cases_together(phone, open_case, make_person, everything, me, now):
    other = make_person("Zel", "Marchand")
    second = open_case("stolen_phone", other)
    merge_persons(phone.row.person, other, by=me, now=now)
    person = type(other).objects.get(pk=phone.row.person.pk)
    assert [row.uuid for row in queries.cases_of(everything, person)] == [second.uuid, phone.uuid]
    assert len(listing.cases(everything, {"person": person}).items) == 2


def test_an_archived_case_is_read_as_before_and_may_be_reopened(phone, now):
    phone.do(operations.close_case, override="found")
    before, events = phone.view.state, phone.events
    assert archive(now, now=now) == 0, "not yet"
    assert archive(now + timedelta(days=1), now=now) == 1
    assert CaseEvent.objects.filter(case=phone.row).count() == 0
    assert (phone.view.state, phone.events) == (before, events)
    assert phone.is_whole()
    phone.do(operations.reopen_case, reason="it was another one")
    assert phone.events == [*events, "reopened"]
    assert phone.is_whole()
    assert rebuilt(phone.row.pk) == phone.row.snapshot


def test_events_are_append_only(phone):
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        CaseEvent.objects.filter(case=phone.row).delete()
    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        CaseEvent.objects.filter(case=phone.row).update(kind="noted")
    assert following.wake(now=phone.now) == 0
