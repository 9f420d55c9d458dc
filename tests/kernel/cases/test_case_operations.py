"""What people do to a case: steps in order, with evidence, by those who may; leaving the method with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from moving import stage

from egard.base.refusal import NotFound
from egard.kernel.cases import following, listing, operations, queries, refusals, types
from egard.kernel.cases.models import Case

pytestmark = pytest.mark.django_db
FIELD = "data: {amount: {type: whole, label: Amount}, ok: {type: yes_no, label: All is well}}\n"
BLOCKED = {"line": "06 12 34 56 78", "blocked_at": "2026-03-10T08:00:00Z"}
STORY = {"taken_at": "2026-03-10T07:00:00Z", "shop": "paris", "insured": True}


@pytest.fixture
def phone(open_case, make_person):
    """A phone was stolen; the case is open, protecting the line."""
    return open_case("stolen_phone", make_person("Zélie", "Marchand"))


def test_a_stolen_phone_from_the_first_call_to_the_new_phone(phone):
    assert phone.open == {"block", "facts"}
    phone.done("block", **BLOCKED).done("facts", **STORY)
    assert phone.open == {"report", "footage"}
    phone.done("report", report_number="PV-7").done("footage", seen="theft")
    assert phone.open == {"insurance"}
    phone.done("insurance", claim_number="S-1").done("decide", decision="replace").done("replace", shipment="P1").done(
        "tell"
    )
    row = phone.row
    assert (row.status, row.closed_at, row.due_at) == ("closed", phone.now, None)
    assert phone.is_whole()
    assert {step.key: step.state for step in phone.view.steps}["refund"] == "waiting"


def test_a_step_is_refused_twice_too_early_without_evidence_and_with_wrong_answers(phone):
    with pytest.raises(refusals.NotYet) as early:
        phone.done("decide", decision="replace")
    assert "Protéger" in early.value.detail or "Establish" in early.value.detail
    with pytest.raises(refusals.EvidenceMissing) as bare:
        phone.done("block", line="06")
    assert set(bare.value.fields) == {"blocked_at"}
    with pytest.raises(refusals.BadData) as wrong:
        phone.done("block", line="06", blocked_at="yesterday", nope=1)
    assert set(wrong.value.fields) == {"blocked_at", "nope"}
    phone.done("block", **BLOCKED)
    with pytest.raises(refusals.AlreadySettled):
        phone.done("block", **BLOCKED)
    with pytest.raises(refusals.UnknownStep):
        phone.done("blok")
    assert phone.events == ["opened", "completed"]


def test_the_same_key_does_it_once_and_another_act_under_it_is_refused(phone):
    for _twice in range(2):
        phone.do(operations.complete_step, "block", BLOCKED, key="k1")
    assert phone.events == ["opened", "completed"]
    with pytest.raises(refusals.KeyReused):
        phone.do(operations.complete_step, "facts", STORY, key="k1")


def test_a_departments_step_is_theirs_and_a_managers_decision_is_hers(phone, staff):
    agent, guard = phone.as_(staff("agent")), phone.as_(staff("agent", team="security"))
    agent.done("block", **BLOCKED)
    agent.done("facts", **STORY).done("report", report_number="PV-7")
    with pytest.raises(refusals.NotYours) as said:
        agent.done("footage", seen="theft")
    assert "Security" in said.value.detail or "Sécurité" in said.value.detail
    guard.done("footage", seen="theft")
    agent.done("insurance", claim_number="S-1")
    with pytest.raises(refusals.NotYours):
        agent.done("decide", decision="refund")
    phone.as_(staff("supervisor")).done("decide", decision="refund")
    assert agent.open == {"refund"}


def test_who_reaches_a_team_only_sees_the_cases_that_ask_that_team(phone, make_user, now, staff):
    from egard.kernel.access.models import Team
    from egard.kernel.access.operations import grant_role
    from egard.kernel.access.queries import viewer_for

    guard = make_user(teams=[Team.objects.get(code="security")])
    grant_role(guard, "agent", scope="team", by=phone.viewer.actor, now=now)
    far = phone.as_(viewer_for(guard, now=now))
    with pytest.raises(NotFound):
        _ = far.view
    phone.done("block", **BLOCKED).done("facts", **STORY)
    assert far.view.case.uuid == phone.uuid
    assert [row.uuid for row in listing.cases(far.viewer, {"whose": "own"}).items] == [phone.uuid]
    far.done("footage", seen="nothing")
    with pytest.raises(NotFound):
        _ = far.view
    nobody = phone.as_(staff("hr"))
    with pytest.raises(Exception, match="access"):
        _ = nobody.view


def test_people_leave_the_method_with_a_reason_and_the_method_takes_them_back(phone):
    with pytest.raises(refusals.ReasonNeeded):
        phone.do(operations.skip_step, "facts", reason=" ")
    phone.do(operations.skip_step, "facts", reason="the shop told us already")
    phone.done("block", **BLOCKED)
    held, added = phone.do(operations.add_step, "Appeler la préfecture", department="security", reason="a detail")
    assert held.state["steps"][added]["state"] == "available"
    assert held.state["clocks"][added]["state"] == "open"
    assert added in phone.open
    phone.do(operations.redo_step, "block", reason="another line")
    assert phone.open == {"block", added} | {"report", "footage"}
    phone.do(operations.skip_step, added, reason="no answer")
    assert phone.is_whole()
    assert phone.events == ["opened", "skipped", "completed", "added", "redone", "skipped"]


def test_the_menu_plans_a_step_by_its_rule_and_a_refused_suggestion_goes_last(phone):
    phone.done("block", **BLOCKED).done("facts", **STORY)

    def suggested() -> list[str]:
        told = queries.next_steps(phone.viewer, phone.view, now=phone.now)
        return [one.key for one in told if not one.planned]

    assert suggested() == ["locate"]
    with pytest.raises(refusals.NotPlannable):
        phone.do(operations.plan_step, "shop_manager")
    phone.done("footage", seen="nothing")
    assert suggested() == ["locate", "shop_manager"]
    phone.do(operations.refuse_suggestion, "locate", reason="it is off")
    assert suggested() == ["shop_manager", "locate"]
    _held, planned = phone.do(operations.plan_step, "shop_manager")
    assert planned in phone.open
    with pytest.raises(refusals.NotPlannable):
        phone.do(operations.plan_step, "shop_manager")
    phone.done(planned)
    _held, again = phone.do(operations.plan_step, "shop_manager")
    assert again != planned
    assert phone.is_whole()


def test_closing_refuses_while_something_required_is_open_and_records_who_overrides_it(phone, staff):
    agent = phone.as_(staff("agent"))
    with pytest.raises(refusals.CannotClose) as lacking:
        agent.do(operations.close_case)
    assert "Bloquer" in lacking.value.detail or "Block" in lacking.value.detail
    with pytest.raises(Exception, match="not_allowed"):
        agent.do(operations.close_case, override="he found it")
    phone.as_(staff("supervisor")).do(operations.close_case, override="he found it")
    with pytest.raises(refusals.CaseClosed):
        agent.done("block", **BLOCKED)
    closed = queries.history(agent.viewer, agent.view.case)[-1]
    assert closed["body"]["override"] == "he found it"
    assert [one["en"] for one in closed["body"]["lacked"]][1:4] == [
        "“Take down what happened” needs: When it was taken, Shop, Phone insured",
        "“Get the police report” is to be done",
        "“Ask for the shop’s footage” is to be done",
    ]
    told = " ".join(one["en"] for one in closed["body"]["lacked"])
    assert "“Refund” is to be done (if “Decision” is “Refund”)" in told, "one of several, none chosen yet"
    agent.do(operations.reopen_case, reason="stolen again")
    assert agent.open == {"block", "facts"}
    with pytest.raises(refusals.NotClosed):
        agent.do(operations.reopen_case, reason="again")
    assert phone.is_whole()


def test_edits_that_do_not_collide_come_together_and_those_that_do_are_refused(phone):
    base = phone.row.version
    phone.do(operations.edit_data, {"shop": "lyon"}, base=base)
    phone.do(operations.edit_data, {"insured": True}, base=base)
    with pytest.raises(refusals.ChangedMeanwhile) as clash:
        phone.do(operations.edit_data, {"shop": "paris", "line": "06"}, base=base)
    assert clash.value.fields == {"shop": "lyon"}
    phone.do(operations.edit_data, {"shop": "lyon", "line": "06"}, base=base)
    assert phone.view.data == {"shop": "lyon", "insured": True, "line": "06"}
    phone.do(operations.edit_data, {"line": None})
    assert "line" not in phone.view.data


def test_a_manual_step_is_begun_first_and_belongs_to_who_began_it(publish, open_case, staff):
    publish(stage("a: {title: A, manual: true, required: false}"))
    agent = open_case("toy", viewer=staff("agent"))
    with pytest.raises(refusals.NotBegun):
        agent.done("a")
    agent.do(operations.start_step, "a")
    agent.do(operations.start_step, "a")
    assert agent.view.steps[0].owner == str(agent.viewer.user_id)
    assert queries.next_steps(agent.viewer, agent.view, now=agent.now)[0].reasons[0].code == "mine"
    agent.done("a")
    assert agent.events == ["opened", "started", "assigned", "completed"]


def test_a_step_that_is_a_case_is_done_when_that_case_is_closed(publish, open_case, everything):
    publish(stage("look: {title: Look}") + "closing: {auto: true}", head="case: inner\ntitle: Inner\n")
    publish(
        stage(
            "first: {title: First}",
            "deep: {title: Deep, after: first, case: inner}",
            "last: {title: Last, after: deep}",
        )
    )
    outer = open_case("toy").done("first")
    inner = Case.objects.get(parent__uuid=outer.uuid)
    assert outer.view.state["children"] == {"deep": str(inner.uuid)}
    operations.complete_step(everything, inner.uuid, "look", now=outer.now)
    assert outer.open == {"last"}
    assert outer.is_whole()


def test_time_alone_wakes_a_case_and_only_that_one(publish, open_case, now):
    publish(stage("a: {title: A}", "b: {title: B, when: now >= opened_at + duration('48h')}"))
    first, second = open_case("toy"), open_case("toy", now=now + timedelta(hours=1))
    assert following.wake(now=now + timedelta(hours=47)) == 0
    following.watch(now=now + timedelta(hours=48))
    assert (first.open, second.open) == ({"a", "b"}, {"a"})
    assert first.row.wake_at is None
    assert first.is_whole()


def test_notes_assignments_and_who_has_what(phone, make_user, everything, now):
    agent = make_user("agent")
    phone.do(operations.write_note, "She is very upset.", step="block")
    phone.do(operations.assign_case, owner=agent)
    phone.do(operations.assign_case, owner=agent)
    phone.do(operations.assign_step, "facts", owner=agent)
    with pytest.raises(refusals.UnknownStep):
        phone.do(operations.write_note, "x", step="nope")
    assert phone.row.owner == agent
    assert phone.events == ["opened", "noted", "assigned", "assigned"]
    assert [row.uuid for row in listing.cases(everything, {"owner": agent.pk}).items] == [phone.uuid]


def test_lists_are_paged_by_the_next_promise_and_cost_two_queries(
    open_case, everything, now, django_assert_num_queries, publish
):
    publish(stage("a: {title: A}"))
    cases = [open_case("stolen_phone", now=now - timedelta(hours=n)) for n in range(3)]
    plain = [open_case("toy") for _n in range(2)]
    wanted = [one.uuid for one in reversed(cases)] + [one.uuid for one in plain]
    found, cursor = [], None
    for _page in range(3):
        with django_assert_num_queries(2):
            page = listing.cases(everything, {"status": "open"}, limit=2, cursor=cursor)
        found += [row.uuid for row in page.items]
        cursor = page.next
    assert found == wanted
    assert cursor is None
    with django_assert_num_queries(1):
        view = queries.case_view(everything, cases[0].uuid)
        queries.next_steps(everything, view, now=now)
        queries.why(everything, view, now=now)


def test_a_type_is_published_once_for_its_content_and_running_cases_stay_with_theirs(publish, open_case):
    first = publish(stage("a: {title: A}"))
    case = open_case("toy")
    assert publish("# the same\n" + stage("a: {title: A}")) == first
    second = publish(stage("a: {title: A}", "b: {title: B}"))
    assert (first.number, second.number) == (1, 2)
    assert case.row.type == first
    assert open_case("toy").row.type == second
    with pytest.raises(refusals.BadType) as wrong:
        publish(stage("a: {title: A, after: b}"))
    assert wrong.value.context["line"] == 7
    with pytest.raises(refusals.BadType, match="permission"):
        publish("roles: {boss: {label: Boss, permission: no.such}}\n" + stage("a: {title: A, role: boss}"))
    with pytest.raises(refusals.UnknownType):
        types.current("nope")
