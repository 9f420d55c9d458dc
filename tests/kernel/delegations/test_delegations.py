"""Who may decide what, up to how much, and while what they learnt holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.delegations.conftest import GIVE, codes

from egard.base.moments import midnight
from egard.base.money import Money
from egard.base.refusal import Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Change as HouseChange
from egard.kernel.access.operations import create_api_key, end_role, ensure_team, place_user, set_user_active
from egard.kernel.delegations import operations, reasons, rules
from egard.kernel.delegations.models import Change, Delegation, Use
from egard.kernel.lifecycle.operations import export_person, merge_persons
from egard.kernel.people.models import Person
from egard.kernel.registry import Authority, Unit, registry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_an_agent_decides_alone_up_to_her_limit_and_one_cent_more_asks_for_a_second(make_user, delegate, decide, use):
    agent = make_user("agent")
    assert codes(decide(agent, 1)) == ["delegations.none"]
    delegate(agent, 50)
    told = use(agent, 50)
    assert told.allowed
    assert told.use.delegation_id == told.delegation.pk
    more = operations.use(agent, GIVE, Money(50_01, "EUR"), key="k", by=_system(), now=told.moment)
    assert codes(more) == ["delegations.over_act"]
    assert "€50.00" in more.reasons[0].words
    with pytest.raises(reasons.OverAct):
        more.require()
    assert Use.objects.count() == 1


def test_a_role_holds_it_while_it_is_held_and_only_where_one_works(make_user, delegate, decide, me, now):
    team, agent, other = ensure_team("care", by=me, now=now), make_user("agent"), make_user("agent")
    place_user(agent, teams=[team], sites=[], by=me, now=now)
    delegate(None, 20, role="agent", team=team)
    assert codes(decide(agent, 20)) == []
    assert codes(decide(other, 20)) == ["delegations.none"]
    set_user_active(agent, False, by=me, now=now)
    assert codes(decide(agent, 20)) == ["delegations.none"]
    set_user_active(agent, True, by=me, now=now)
    end_role(agent, "agent", by=me, now=now)
    assert codes(decide(agent, 20)) == ["delegations.none"]


def test_acts_for_one_case_are_one_act_whoever_decides_them(make_user, make_person, delegate, decide, use):
    agent, colleague, anne = make_user("agent"), make_user("agent"), make_person("Anne")
    delegate(None, 50, role="agent", per_person=500, split_days=1)
    assert use(agent, 30, person=anne, case="case:1").allowed
    split = use(colleague, 30, person=anne, case="case:1")
    assert "delegations.over_case" in codes(split)
    assert (split.left_case, split.limit) == (Money(20_00, "EUR"), Money(20_00, "EUR"))
    assert "€20.00" in next(one.words for one in split.reasons if one.code == "delegations.over_case")
    assert use(colleague, 20, person=anne, case="case:1").allowed
    assert codes(decide(agent, 1, case="case:1")) == ["delegations.over_case"]


def test_acts_for_one_person_are_one_act_within_the_days_that_say_so(make_user, make_person, delegate, use, now):
    agent, anne = make_user("agent"), make_person("Anne")
    delegate(agent, 50, per_person=120, period_days=90, split_days=7)
    assert use(agent, 30, person=anne, case="case:1").allowed
    assert codes(use(agent, 30, person=anne, case="case:2")) == ["delegations.over_person"]
    assert use(agent, 30, person=make_person("Yann")).allowed
    assert use(agent, 50, person=anne, at=now + 7 * DAY).allowed
    assert codes(use(agent, 50, person=anne, at=now + 14 * DAY)) == ["delegations.over_person"]
    assert use(agent, 40, person=anne, at=now + 14 * DAY).allowed
    assert use(agent, 30, person=anne, at=now + 90 * DAY).allowed


def test_somebody_merged_is_counted_as_one_person(make_user, make_person, delegate, use, me, now):
    agent, anne, nan = make_user("agent"), make_person("Anne"), make_person("Nan")
    delegate(agent, 50)
    assert use(agent, 30, person=nan).allowed
    merge_persons(anne, nan, by=me, now=now)
    for row in (anne, nan):
        assert codes(use(agent, 30, person=Person.objects.get(pk=row.pk))) == ["delegations.over_person"]


def test_a_day_ends_at_midnight_in_paris_and_has_25_hours_in_october(make_user, delegate, use):
    agent = make_user("agent")
    began = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight; the clocks go back at 03:00
    delegate(agent, 50, per_day=60, at=began - DAY)
    assert use(agent, 50, at=began).allowed
    assert codes(use(agent, 20, at=began + timedelta(hours=24, minutes=59))) == ["delegations.over_day"]
    assert use(agent, 20, at=began + timedelta(hours=25)).allowed


def test_a_clock_set_back_an_hour_gives_no_new_room(make_user, make_person, delegate, use, decide):
    """Over midnight, over the end of a delegation, and over the beginning of a period."""
    agent, anne = make_user("agent"), make_person("Anne")
    midnight = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
    ten, hour = timedelta(minutes=10), timedelta(hours=1)
    delegate(agent, 50, per_day=60, valid_until=midnight + 3 * hour, period_days=1, at=midnight - DAY)
    assert use(agent, 50, at=midnight - ten).allowed
    assert use(agent, 50, person=anne, at=midnight + ten).allowed
    back = midnight + ten - hour  # yesterday again: what today was decided counts
    assert codes(use(agent, 20, at=back)) == ["delegations.over_day"]
    assert decide(agent, at=back).left_today == Money(10_00, "EUR")
    assert codes(use(agent, 10, person=anne, at=back)) == ["delegations.over_person"]
    late = use(agent, 10, at=back)
    assert (late.use.at, late.use.recorded_at) == (midnight + ten, back)  # records do not run back

    other = make_user("agent")
    delegate(other, 50, at=midnight - DAY, valid_until=midnight + 5 * hour)
    delegate(agent, 50, at=midnight - DAY)
    assert use(agent, 1, at=midnight + 5 * hour).allowed
    assert codes(use(other, 1, at=midnight + 4 * hour)) == ["delegations.ended"]  # it is known to be later


def test_a_delegation_that_ended_a_minute_ago_refuses_and_says_what_to_do(make_user, delegate, use, me, now):
    agent = make_user("agent")
    delegate(agent, 50, valid_until=now, at=now - DAY)
    told = use(agent, 1, at=now + timedelta(minutes=1))
    assert codes(told) == ["delegations.ended"]
    assert told.reasons[0].words == (
        "Your authority ended on March 10, 2026, 9:12 a.m.. Ask a colleague who may decide it,"
        " or an administrator to renew your authority."
    )
    assert use(agent, 1, at=now - timedelta(seconds=1)).allowed
    renewed = delegate(agent, 50, at=now)
    assert use(agent, 1, at=now + timedelta(minutes=1)).allowed
    operations.end(renewed, reason="leaves", by=me, now=now + DAY)
    assert codes(use(agent, 1, at=now + DAY - timedelta(hours=1))) == ["delegations.ended"]  # whatever the clock


def test_authority_lapses_with_the_training_and_comes_back_with_it(make_user, delegate, decide, me, now):
    agent = make_user("agent")
    operations.set_course("gestures", "Giving gestures", by=me, now=now)
    delegate(agent, 2000, training="gestures")
    assert codes(decide(agent, 10)) == ["delegations.untrained"]
    until = now + 365 * DAY
    trained = operations.record_training(agent, "gestures", valid_until=until, by=me, now=now)
    assert operations.record_training(agent, "gestures", valid_until=until, by=me, now=now) == trained
    assert codes(decide(agent, 2000)) == []
    lapsed = decide(agent, 2000, at=until)
    assert codes(lapsed) == ["delegations.training_lapsed"]
    assert "Giving gestures" in lapsed.reasons[0].words
    operations.record_training(agent, "gestures", valid_from=until, by=me, now=until)
    assert codes(decide(agent, 2000, at=until)) == []
    operations.withdraw_training(trained, by=me, now=now)
    assert codes(decide(agent, 10, at=now + DAY)) == ["delegations.untrained"]
    with pytest.raises(reasons.UnknownTraining):
        operations.record_training(agent, "swimming", by=me, now=now)
    with pytest.raises(reasons.BadTraining):
        operations.record_training(agent, "gestures", valid_until=now, by=me, now=now)


def test_above_it_a_second_person_agrees_never_oneself_and_who_may(make_user, make_person, delegate, use):
    agent, lead, peer, anne = make_user("agent"), make_user("supervisor"), make_user("agent"), make_person("Anne")
    delegate(None, 50, role="agent")
    delegate(None, 2000, role="supervisor", per_day=2000)
    asked = {"person": anne, "case": "case:1"}
    assert codes(use(agent, 500, **asked)) == ["delegations.over_act"]
    assert codes(use(agent, 500, first=agent, **asked))[0] == "delegations.four_eyes"
    assert codes(use(lead, 500, first=lead, **asked)) == ["delegations.four_eyes"]
    assert codes(use(peer, 500, first=agent, **asked)) == ["delegations.over_act"]
    agreed = use(lead, 500, first=agent, **asked)
    assert agreed.allowed
    assert (agreed.use.user, agreed.use.first) == (lead, agent)
    assert codes(use(agent, 1, **asked)) == ["delegations.over_case", "delegations.over_person"]
    assert codes(use(lead, 1600, first=agent)) == ["delegations.over_day"]


def test_nobody_decides_for_herself(make_user, make_person, delegate, decide):
    agent, herself = make_user("agent"), make_person("Anne")
    delegate(agent, 50)
    herself.user = agent
    herself.save(update_fields=["user"])
    assert codes(decide(agent, 5, person=herself)) == ["delegations.own_file"]


def test_one_key_is_one_decision_and_what_is_given_back_counts_no_more(make_user, delegate, use, decide, me, now):
    agent = make_user("agent")
    delegate(agent, 50, per_day=50)
    first = use(agent, 50, key="g1")
    assert use(agent, 50, key="g1").use == first.use
    with pytest.raises(reasons.KeyReused):
        use(agent, 40, key="g1")
    assert codes(decide(agent, 1)) == ["delegations.over_day"]
    operations.give_back("g1", by=me, now=now)
    assert operations.give_back("g1", by=me, now=now + DAY).given_back_at == now
    assert codes(decide(agent, 50)) == []
    with pytest.raises(reasons.KeyReused):
        use(agent, 50, key="g1")
    with pytest.raises(reasons.UnknownUse):
        operations.give_back("g2", by=me, now=now)


def test_points_are_decided_in_points(make_user, me, now, monkeypatch):
    agent = make_user("agent")
    monkeypatch.setitem(registry.units, "points", Unit("points", "points"))
    monkeypatch.setitem(registry.authorities, "toys.points", Authority("toys.points", "Give points", unit="points"))
    operations.delegate("toys.points", user=agent, per_act=1200, by=me, now=now)
    told = operations.use(agent, "toys.points", Money(1201, "points"), key="k", by=me, now=now)
    assert "up to 1,200\u00a0points" in told.reasons[0].words


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money(0, "EUR"), "delegations.bad_amount"),
        (Money(-5, "EUR"), "delegations.bad_amount"),
        (Money(10**30, "EUR"), "delegations.bad_amount"),
        (Money(0.5, "EUR"), "delegations.bad_amount"),
        (Money(True, "EUR"), "delegations.bad_amount"),
        (Money(5, "USD"), "delegations.wrong_unit"),
    ],
)
def test_what_is_no_amount_is_refused(make_user, delegate, me, now, amount, code):
    agent = make_user("agent")
    delegate(agent, 50)
    with pytest.raises(Refusal) as refused:
        operations.use(agent, GIVE, amount, key="k", by=me, now=now)
    assert refused.value.code == code


def test_every_change_is_written_and_each_act_says_by_which_version(make_user, delegate, use, decide, me, now):
    agent, hand = make_user("agent"), make_user("administrator")
    row = delegate(agent, 50)
    use(agent, 40)
    by = _of(hand)
    changed = operations.change(row.pk, per_act=20_00, reason="too generous", version=1, by=by, now=now + DAY)
    assert operations.change(row.pk, per_act=20_00, by=by, now=now + DAY).version == changed.version == 2
    with pytest.raises(reasons.ChangedMeanwhile):
        operations.change(row.pk, per_act=30_00, version=1, by=by, now=now + DAY)
    assert codes(decide(agent, 40, at=now + DAY)) == ["delegations.over_act"]
    operations.end(row.pk, by=by, now=now + 2 * DAY)
    with pytest.raises(reasons.Over):
        operations.change(row.pk, per_act=30_00, by=by, now=now + 2 * DAY)
    trail = list(Change.objects.filter(delegation=row).order_by("n"))
    assert [(one.n, one.what, one.by, one.values["per_act"]) for one in trail] == [
        (1, "granted", "system:test", 50_00),
        (2, "changed", f"user:{hand.pk}", 20_00),
        (3, "ended", f"user:{hand.pk}", 20_00),
    ]
    assert trail[1].reason == "too generous"
    assert Use.objects.get().version == 1
    assert HouseChange.objects.filter(subject=str(row.pk)).count() == 3


def test_what_contradicts_itself_is_refused_field_by_field(make_user, delegate, me, now):
    agent = make_user("agent")
    wrong = {
        "per_act": {"per_act": 0},
        "per_day": {"per_act": 50, "per_day": 40},
        "period_days": {"period_days": 0},
        "valid_until": {"valid_until": now},
        "role": {"user": None, "role": "nobody"},
        "user": {"role": "agent"},
    }
    for field, values in wrong.items():
        with pytest.raises(reasons.BadDelegation) as refused:
            delegate(**{"user": agent, **values})
        assert field in refused.value.fields, field
    with pytest.raises(reasons.BadDelegation):
        delegate(None, 5, role="agent", authority="toys.lend")
    with pytest.raises(reasons.UnknownAuthority):
        delegate(agent, 5, authority="toys.eat")
    with pytest.raises(reasons.ToOneself):
        operations.delegate(GIVE, user=agent, per_act=5, by=_of(agent), now=now)
    row = delegate(agent)
    with pytest.raises(reasons.ToOneself):
        operations.change(row, per_act=100_00, by=_of(agent), now=now)


def test_nobody_gives_to_oneself_by_a_role_or_by_a_key_either(make_user, delegate, now):
    chief, other = make_user("administrator", "agent"), make_user("administrator")
    made, _secret = create_api_key(name="till", scopes=["delegations.manage"], by=_of(chief), now=now)
    key = Actor("key", str(made.pk))
    delegate(None, 5, role="agent")
    row = Delegation.objects.get()
    operations.set_course("gestures", "Gestures", by=_of(other), now=now)
    for write in (
        lambda by: operations.delegate(GIVE, role="agent", per_act=5, by=by, now=now),
        lambda by: operations.delegate(GIVE, user=chief, per_act=5, by=by, now=now),
        lambda by: operations.change(row, per_act=100_00, by=by, now=now),
        lambda by: operations.record_training(chief, "gestures", by=by, now=now),
    ):
        for by in (_of(chief), key):
            with pytest.raises(reasons.ToOneself):
                write(by)
        write(_of(other))


def test_the_database_lets_nobody_rewrite_what_was_decided(make_user, delegate, use):
    agent = make_user("agent")
    row = delegate(agent, 50)
    use(agent, 50)
    for write in (
        lambda: Use.objects.update(amount=1),
        lambda: Use.objects.all().delete(),
        lambda: Change.objects.filter(delegation=row).update(by="user:x"),
        lambda: Use.objects.update(first=agent),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()


def test_her_own_copy_tells_what_was_decided_for_her(make_user, make_person, delegate, use, everything, now):
    agent, anne = make_user("agent"), make_person("Anne")
    delegate(agent, 50)
    use(agent, 30, person=anne, case="case:1")
    (told,) = export_person(everything, anne, now=now)["delegations"]
    assert (told["amount"], told["unit"], told["case"]) == (30_00, "EUR", "case:1")


def test_deciding_costs_the_same_however_much_was_decided(
    make_user, make_person, delegate, use, decide, django_assert_num_queries
):
    agent, anne = make_user("agent"), make_person("Anne")
    for most in (50, 5000):
        delegate(agent, most, split_days=1)
    anne = Person.objects.get(pk=anne.pk)
    anne.members  # noqa: B018  (known already, as on a page)
    with django_assert_num_queries(2):
        assert decide(agent, 50, person=anne, case="case:1").allowed
    for _n in range(5):
        use(agent, 10, person=anne, case="case:1")
    with django_assert_num_queries(2):
        assert decide(agent, 50, person=anne, case="case:1").allowed


small = st.integers(0, 6)


@given(st.integers(1, 6), st.none() | small, st.none() | small, small, small, small, small, st.integers(1, 8))
def test_an_amount_is_exceeded_exactly_when_it_is_more_than_the_room(
    act, day, person, today, lately, together, case, n
):
    left = rules.room(rules.Limits(act, day, person), rules.Counted(today, lately, together, case))
    over = rules.exceeded(n, left)
    assert bool(over) == (n > left.least)
    assert 0 <= left.least <= act
    within = n <= act and case + n <= act and together + n <= act
    within = within and (day is None or today + n <= day) and (person is None or lately + n <= person)
    assert within == (not over)


nights = st.sampled_from((datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)))


@given(nights, st.timedeltas(-2 * DAY, 2 * DAY))
def test_a_day_begins_at_its_midnight_on_the_wall(night, apart):
    moment = night + apart
    began = midnight(moment, "Europe/Paris")
    assert timedelta(0) <= moment - began < timedelta(hours=25)
    wall = began.astimezone(ZoneInfo("Europe/Paris"))
    assert (wall.hour, wall.minute) == (0, 0)
    assert wall.date() == moment.astimezone(wall.tzinfo).date()
    assert midnight(began, "Europe/Paris") == began


def test_a_clock_that_ran_days_ahead_once_stops_nobody_now(now):
    assert rules.moment_of(now, now + timedelta(days=30)) == now
    assert rules.moment_of(now, now + timedelta(hours=1)) == now + timedelta(hours=1)
    assert rules.moment_of(now, None) == now


def _system():
    from egard.kernel.access.actors import system

    return system("test")


def _of(user):
    return Actor("user", str(user.pk))
