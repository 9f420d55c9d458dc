"""Control after the fact: drawn once, as it was, by somebody else, and said to whom it concerns."""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import DatabaseError, connection, transaction
from tests.racing import at_once

from egard.journeys.gestures.audits import operations, queries
from egard.journeys.gestures.audits.models import AuditAct, AuditDraw, AuditPlan, AuditTaken, Finding
from egard.journeys.gestures.audits.operations import draw, end_plan, judge, make_plan
from egard.journeys.gestures.audits.refusals import (
    AlreadyDrawn,
    BadFinding,
    BadPlan,
    DrawClosed,
    JudgedMeanwhile,
    NotAllJudged,
    NothingToDraw,
    NotOver,
    OwnAct,
    PlanEnded,
    StillSecret,
)
from egard.journeys.gestures.models import Gesture
from egard.journeys.gestures.tests.making import gesture
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.models import Change
from egard.kernel.access.queries import viewer_for
from egard.kernel.delegations.models import Course, Training
from egard.kernel.lifecycle.operations import erase_person, export_person


@pytest.fixture
def month(now):
    return now - timedelta(days=31), now


@pytest.fixture
def given(make_user, make_person, month):
    """Two agents, and what they gave in a month: 90 small gestures, and three large ones."""
    zoe, tom = make_user("agent", name="Zoé"), make_user("agent", name="Tom")
    person = make_person("Anne", "Lebœuf")
    at = month[0] + timedelta(days=3)
    for n in range(90):
        gesture(person, 500 + n, by=zoe if n % 3 else tom, at=at + timedelta(hours=n))
    for n in range(3):
        gesture(person, 20_000 + n, by=zoe, at=at, second_by=tom)
    return zoe, tom, person


@pytest.fixture
def plan(me, now, db):
    return make_plan("Each month", currency="EUR", threshold=10_000, by=me, now=now)


@pytest.fixture
def drawn(plan, given, month, me, now):
    return draw(plan, *month, by=me, now=now)


@pytest.fixture
def agnes(make_user):
    return make_user("auditor", name="Agnès")


def test_a_draw_holds_all_large_acts_and_a_sample_of_each_colleagues_others(drawn, given):
    zoe, tom, _person = given
    acts = AuditAct.objects.filter(draw=drawn).select_related("gesture")
    assert {one.gesture.amount >= 10_000 for one in acts if one.certain} == {True}
    assert acts.filter(certain=True).count() == 3
    by_agent = {user: acts.filter(certain=False, gesture__granted_by=user).count() for user in (zoe, tom)}
    assert drawn.size == 93
    assert sum(by_agent.values()) == drawn.sampled - 3
    assert 40 <= drawn.sampled - 3 <= 42  # of 90, at 5 %: fewer than the 59 of endless ones
    assert by_agent[tom] == pytest.approx(41 / 3, abs=1)


def test_the_seed_comes_from_the_systems_randomness_after_the_population_was_frozen(
    plan, given, month, me, now, monkeypatch
):
    order = []
    freeze, token = operations._freeze, secrets.token_hex
    monkeypatch.setattr(operations, "_freeze", lambda *args: order.append("frozen") or freeze(*args))
    monkeypatch.setattr(operations.secrets, "token_hex", lambda n: order.append(f"seed of {n}") or token(n))
    draw(plan, *month, by=me, now=now)
    assert order == ["frozen", "seed of 32"]


def test_the_same_draw_made_again_at_the_same_moment_chooses_others(plan, given, month, me, now):
    """Who knows the plan, the population and the clock to the microsecond knows nothing of the sample."""
    seen = []
    for _n in range(3):
        with transaction.atomic():
            made = draw(plan, *month, by=me, now=now)
            seen.append((made.digest, frozenset(made.acts.filter(certain=False).values_list("gesture", flat=True))))
            transaction.set_rollback(True)
    assert len({digest for digest, _acts in seen}) == 1
    assert len({acts for _digest, acts in seen}) == 3


def test_a_period_is_drawn_once_by_a_plan_and_only_once_it_is_over(plan, drawn, month, me, now):
    with pytest.raises(AlreadyDrawn):
        draw(plan, month[0] + timedelta(days=5), now, by=me, now=now)
    with pytest.raises(NotOver):
        draw(plan, now, now + timedelta(days=1), by=me, now=now)
    with pytest.raises(NothingToDraw):
        draw(plan, month[0] - timedelta(days=60), month[0] - timedelta(days=30), by=me, now=now)
    end_plan(plan, by=me, now=now)
    with pytest.raises(PlanEnded):
        draw(AuditPlan.objects.get(pk=plan.pk), month[0] - timedelta(days=30), month[0], by=me, now=now)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"threshold": 0}, "threshold"), ({"threshold": -5}, "threshold"), ({"tolerable": 0}, "tolerable"),
        ({"tolerable": 1000}, "tolerable"), ({"tolerated": -1}, "tolerated"), ({"least": 0}, "least"),
        ({"currency": "eur"}, "currency"), ({"method": "money"}, "tolerable_amount"), ({"name": " "}, "name"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_kept_says_which_part(told, field, me, now, db):
    with pytest.raises(BadPlan) as refused:
        make_plan(**({"name": "Plan", "currency": "EUR", "threshold": 10_000, "by": me, "now": now} | told))
    assert set(refused.value.fields) == {field}


def test_the_commitment_is_in_the_trail_at_once_and_the_seed_only_when_all_was_looked_at(
    drawn, agnes, given, me, now, everything
):
    zoe, _tom, _person = given
    trail = Change.objects.get(what="gestures.drawn")
    assert trail.detail["commitment"] == drawn.commitment
    assert drawn.seed not in str(trail.detail)
    agent = viewer_for(zoe)
    with pytest.raises(StillSecret):
        queries.proof(agent, drawn.uuid)
    with pytest.raises(NotAllJudged):
        operations.close_draw(drawn, by=me, now=now)
    for act in drawn.acts.all():
        judge(act, "ok", auditor=agnes, by=me, now=now)
    operations.close_draw(drawn, by=me, now=now)
    proof = queries.proof(agent, drawn.uuid)  # an agent, afterwards, with nothing but SHA-256
    assert proof.holds
    sha = lambda text: hashlib.sha256(text.encode()).hexdigest()  # noqa: E731
    assert sha(f"{sha(proof.population)} {proof.draw.seed}") == trail.detail["commitment"]
    mine = [line.split(" ") for line in proof.population.splitlines() if f"user:{zoe.pk}" in line]
    small = sorted((sha(f"{proof.draw.seed} {key}"), key) for key, _agent, amount in mine if int(amount) < 10_000)
    n = drawn.acts.filter(certain=False, gesture__granted_by=zoe).count()
    hers = drawn.acts.filter(certain=False, gesture__granted_by=zoe).values_list("gesture__uuid", flat=True)
    assert {key for _lot, key in small[:n]} == {str(key) for key in hers}


def test_what_is_given_while_the_control_runs_changes_nothing_of_it(drawn, given, everything, month):
    before = queries.result(everything, drawn).total
    Gesture.objects.filter(state="granted").update(state="reversed")
    gesture(given[2], 50_000, by=given[0], at=month[0] + timedelta(days=1))
    assert queries.result(everything, drawn).total == before


@pytest.mark.django_db(transaction=True)
def test_the_database_keeps_a_draw_as_it_was_made(drawn, agnes, given, month, me, now):
    act = drawn.acts.first()
    found = judge(act, "ok", auditor=agnes, by=me, now=now)
    other = gesture(given[2], by=given[0], at=month[0])
    tries = [
        lambda: AuditDraw.objects.filter(pk=drawn.pk).update(seed="0"),
        lambda: AuditDraw.objects.filter(pk=drawn.pk).update(since=month[0] - timedelta(days=1)),
        lambda: AuditPlan.objects.filter(pk=drawn.plan_id).update(threshold=1),
        lambda: AuditAct.objects.filter(pk=act.pk).update(gesture=other),
        lambda: AuditAct.objects.create(draw=drawn, gesture=other, position=10_000, certain=False),
        lambda: AuditAct.objects.filter(pk=act.pk)._raw_delete("default"),
        lambda: Finding.objects.filter(pk=found.pk).update(verdict="deviation", kind="split"),
        lambda: Finding.objects.filter(pk=found.pk)._raw_delete("default"),
        lambda: AuditTaken.objects.filter(draw=drawn)._raw_delete("default"),
        lambda: AuditDraw.objects.create(
            **{name: getattr(drawn, name) for name in (
                "plan", "drawn_at", "by", "population", "digest", "seed", "commitment", "size", "sampled", "left_out")},
            since=month[0] - timedelta(days=60), until=month[0] - timedelta(days=40),
        ),
    ]  # fmt: skip

    def attempt(n):
        with transaction.atomic():
            tries[n]()

    for n in range(len(tries)):
        with pytest.raises(DatabaseError, match=r"stays|drawn|append only|all its acts"):
            attempt(n)
    assert AuditDraw.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_ten_draws_of_one_period_at_the_same_moment_one_is_made(plan, given, month, me, now):
    """Who presses until the sample pleases gets one, and it is the first."""
    told = at_once([lambda: draw(plan, *month, by=me, now=now)] * 10)
    assert sorted(one for one in told if isinstance(one, str)) == ["gestures.already_drawn"] * 9
    assert AuditDraw.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_commits_after_a_draw_froze_its_population_is_in_the_next_one_and_nothing_is_taken_twice(
    plan, given, month, me, now
):
    zoe, _tom, person = given
    drawn, week = Event(), now + timedelta(days=7)

    def give_slowly():
        try:
            with transaction.atomic():
                made = gesture(person, 50_000, by=zoe, at=now - timedelta(seconds=1))
                open_.set()
                drawn.wait(30)
            return made
        finally:
            connection.close()

    open_ = Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(give_slowly)
        open_.wait(30)
        first = draw(plan, *month, by=me, now=now)
        drawn.set()
        late = slow.result()
    gesture(person, 700, by=zoe, at=now + timedelta(days=1))
    second = draw(plan, now, week, by=me, now=week)
    assert str(late.uuid) not in first.population
    assert str(late.uuid) in second.population
    assert (first.size, second.size, second.late) == (93, 2, 1)
    assert second.acts.filter(gesture=late, certain=True).exists()
    with pytest.raises(NothingToDraw):  # it was taken
        draw(plan, week, week + timedelta(days=7), by=me, now=week + timedelta(days=7))


@pytest.mark.django_db(transaction=True)
def test_a_draw_is_not_closed_over_a_finding_that_is_being_written(drawn, agnes, me, now):
    acts = list(drawn.acts.all())
    for act in acts:
        judge(act, "ok", auditor=agnes, by=me, now=now)
    writes = [lambda: judge(acts[0], "deviation", kind="other", error=0, auditor=agnes, by=me, now=now)] * 4
    told = at_once([*writes, lambda: operations.close_draw(drawn, by=me, now=now)])
    closed = AuditDraw.objects.get().closed_at is not None
    refused = sum(one == "gestures.draw_closed" for one in told)
    assert closed
    assert Finding.objects.filter(verdict="deviation").count() == 4 - refused


def test_nobody_controls_what_she_granted_or_agreed_to(drawn, make_user, given, me, now):
    zoe, tom, _person = given
    large = drawn.acts.filter(certain=True).first()
    for own in (zoe, tom):
        with pytest.raises(OwnAct):
            judge(large, "ok", auditor=own, by=me, now=now)
        with pytest.raises(DatabaseError), transaction.atomic():
            Finding.objects.create(act=large, verdict="ok", auditor=own, by="user:x", at=now)
    judge(large, "ok", auditor=make_user("auditor"), by=me, now=now)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"kind": "", "error": 100}, "kind"), ({"kind": "split", "error": None}, "error"),
        ({"kind": "split", "error": -1}, "error"), ({"kind": "split", "error": 10**9}, "error"),
        ({"kind": "split", "error": 0, "training": "nothing"}, "training"),
        ({"kind": "split", "error": 0, "words": "x" * 1001}, "words"),
    ],
)  # fmt: skip
def test_a_finding_that_is_not_whole_is_refused(drawn, agnes, me, now, told, field):
    with pytest.raises(BadFinding) as refused:
        judge(drawn.acts.first(), "deviation", auditor=agnes, by=me, now=now, **told)
    assert set(refused.value.fields) == {field}
    assert not Finding.objects.exists()


def test_two_controllers_of_one_act_do_not_overwrite_each_other(drawn, agnes, make_user, me, now):
    act = drawn.acts.first()
    first = judge(act, "ok", auditor=agnes, seen=0, by=me, now=now)
    with pytest.raises(JudgedMeanwhile):
        judge(act, "deviation", kind="split", error=0, auditor=make_user("auditor"), seen=0, by=me, now=now)
    judge(act, "deviation", kind="split", error=0, auditor=agnes, seen=first.pk, by=me, now=now)
    assert [one.verdict for one in act.findings.order_by("pk")] == ["ok", "deviation"]


def test_the_result_says_nothing_of_all_before_the_whole_sample_was_looked_at(drawn, agnes, given, me, now, everything):
    acts = list(drawn.acts.order_by("position"))
    for act in acts[:-1]:
        judge(act, "ok", auditor=agnes, by=me, now=now)
    told = queries.result(everything, drawn)
    assert (told.judged, told.rate, told.amount, told.passed) == (len(acts) - 1, None, None, None)
    wrong = next(act for act in acts if act.certain)
    judge(acts[-1], "ok", auditor=agnes, by=me, now=now)
    judge(wrong, "deviation", kind="no_proof", error=20_000, auditor=agnes, by=me, now=now)
    told = queries.result(everything, queries.draw(everything, drawn.uuid))
    assert told.kinds == (("no_proof", 1),)
    assert told.by_agent[0][:2] == (f"user:{given[0].pk}", 1)
    assert told.rate.found == 1
    assert told.rate.low == told.rate.likely == pytest.approx(1 / 93)  # it is known of the large ones
    assert told.rate.at_most > 1 / 93
    assert told.amount.found == told.amount.likely == 20_000
    assert told.amount.at_most > 20_000
    operations.close_draw(drawn, by=me, now=now)
    with pytest.raises(DrawClosed):
        judge(wrong, "ok", auditor=agnes, by=me, now=now)


def test_by_money_large_acts_are_certain_and_only_amounts_are_said(given, month, agnes, me, now, everything):
    plan = make_plan(
        "By money", currency="EUR", method="money", threshold=None, tolerable_amount=30_000, by=me, now=now
    )
    drawn = draw(plan, *month, by=me, now=now)
    assert drawn.acts.filter(certain=True).count() == 3
    for act in drawn.acts.all():
        judge(act, "ok", auditor=agnes, by=me, now=now)
    told = queries.result(everything, drawn)
    assert told.rate is None
    assert told.amount.likely == 0
    assert told.amount.at_most == pytest.approx(30_000, rel=2e-3)
    assert told.passed


def test_what_is_said_to_the_agent_waits_in_her_list_until_she_read_it(drawn, agnes, given, me, now):
    zoe, tom, _person = given
    viewer, other = viewer_for(zoe), viewer_for(tom)
    act = drawn.acts.filter(gesture__granted_by=zoe).first()
    judge(act, "ok", auditor=agnes, feedback="Bien motivé.", by=me, now=now)
    told = {"filters": {}, "now": now, "limit": 20, "cursor": None}
    (row,) = queries.feedback(viewer, **told).items
    assert row.line == "Bien motivé."
    assert queries.feedback(other, **told).items == []
    assert queries.feedback_item(viewer, row.id, now).context["gesture"].pk == act.gesture_id
    done = operations.read_feedback(viewer, [row.id], choice="", now=now)
    assert queries.count_feedback(viewer, filters={}, now=now, most=9) == 0
    assert operations.read_feedback(other, [row.id], choice="", now=now).former == {}
    assert operations.unread_feedback(viewer, done.former, now=now) == [row.id]
    assert queries.count_feedback(viewer, filters={}, now=now, most=9) == 1


def test_a_finding_asks_for_a_training_until_it_was_renewed(drawn, agnes, given, me, now, everything):
    zoe, _tom, _person = given
    course = Course.objects.create(code="gestures", name="Giving gestures")
    act = drawn.acts.filter(gesture__granted_by=zoe).first()
    judge(act, "deviation", kind="split", error=0, training="gestures", auditor=agnes, by=me, now=now)
    (asked,) = queries.to_renew(everything)
    assert (asked.user, asked.course, asked.findings, asked.since) == (zoe, course, 1, now)
    Training.objects.create(user=zoe, course=course, valid_from=now, recorded_at=now + timedelta(days=1), by="user:x")
    assert queries.to_renew(everything) == []


def test_only_who_controls_sees_a_draw(drawn, make_user, agnes):
    for role in ("agent", "supervisor", "analyst"):
        with pytest.raises(NotAllowed):
            queries.draw(viewer_for(make_user(role)), drawn.uuid)
    assert queries.draw(viewer_for(agnes), drawn.uuid).judged == 0


def test_the_next_act_is_never_ones_own(drawn, given, everything, agnes):
    zoe, _tom, _person = given
    viewer = viewer_for(zoe)
    viewer = viewer.__class__(actor=viewer.actor, user_id=zoe.pk, permissions={queries.AUDIT: "all"})
    place = queries.next_left(viewer, drawn)
    assert not queries.is_own(viewer, queries.act(viewer, drawn, place))
    assert queries.next_left(viewer_for(agnes), drawn) == 1


def test_words_of_findings_go_when_the_person_is_erased_and_the_figures_stay(drawn, agnes, given, me, now, everything):
    _zoe, _tom, person = given
    for act in drawn.acts.all():
        judge(act, "deviation", kind="too_much", error=1, words="Anne est ma voisine", feedback="Anne…", auditor=agnes,
              by=me, now=now)  # fmt: skip
    before = queries.result(everything, drawn)
    assert len(export_person(everything, person, now=now)["gestures"]["findings"]) == drawn.sampled
    erase_person(person, by=me, now=now)
    assert set(Finding.objects.values_list("words", "feedback")) == {("", "")}
    assert queries.result(everything, drawn) == before


def test_a_list_of_draws_costs_the_same_for_one_and_for_many(
    drawn, plan, given, month, me, now, everything, django_assert_num_queries
):
    with django_assert_num_queries(1):
        queries.draws(everything)
    for n in range(1, 4):
        at = month[0] - timedelta(days=31 * n)
        gesture(given[2], by=given[0], at=at)
        draw(plan, at, at + timedelta(days=1), by=me, now=now)
    with django_assert_num_queries(1):
        assert len(queries.draws(everything).items) == 4
    with connection.cursor() as cursor:
        cursor.execute("select 1")
