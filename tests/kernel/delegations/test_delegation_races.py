"""Decisions side by side on real connections: together they never pass a limit, and nobody waits for ever."""

from __future__ import annotations

import pytest
from django.db.models import Sum
from tests.racing import at_once

from egard.kernel.delegations import operations
from egard.kernel.delegations.models import Use

pytestmark = pytest.mark.django_db(transaction=True)


def total() -> int:
    return Use.objects.filter(given_back_at=None).aggregate(n=Sum("amount"))["n"] or 0


def test_one_agent_from_many_doors_never_passes_her_day(make_user, delegate, use):
    agent = make_user("agent")
    delegate(agent, 30, per_day=100)
    told = at_once([lambda n=n: use(agent, 30, key=f"k{n}") for n in range(8)])
    assert [one.allowed for one in told].count(True) == 3
    assert total() == 90_00


def test_many_agents_for_one_person_and_one_case_never_pass_one_act(make_user, make_person, delegate, use):
    agents, anne = [make_user("agent") for _n in range(6)], make_person("Anne")
    delegate(None, 50, role="agent")
    works = [lambda n=n, who=who: use(who, 20, key=f"p{n}", person=anne) for n, who in enumerate(agents)]
    assert [one.allowed for one in at_once(works)].count(True) == 2
    works = [lambda n=n, who=who: use(who, 20, key=f"c{n}", case="case:1") for n, who in enumerate(agents)]
    assert [one.allowed for one in at_once(works)].count(True) == 2
    assert total() == 80_00


def test_a_double_click_is_one_decision(make_user, delegate, use):
    agent = make_user("agent")
    delegate(agent, 50)
    told = at_once([lambda: use(agent, 20, key="same") for _n in range(6)])
    assert len({one.use.pk for one in told}) == 1
    assert total() == 20_00


def test_crossed_persons_and_cases_wait_for_nobody_for_ever(make_user, make_person, delegate, use):
    """Each takes what the others hold, in whatever order it names them."""
    agents = [make_user("agent") for _n in range(4)]
    people = [make_person(name) for name in "ab"]
    delegate(None, 50, role="agent", per_person=5000, split_days=1)
    works = [
        lambda n=n: use(agents[n % 4], 1, key=f"x{n}", person=people[n % 2], case=f"case:{(n // 2) % 2}")
        for n in range(8)
    ]
    assert all(one.allowed for one in at_once(works))


def test_an_ended_delegation_allows_nothing_more_whoever_was_about_to(make_user, delegate, use, me, now):
    agent = make_user("agent")
    row = delegate(agent, 50)
    works = [lambda n=n: use(agent, 1, key=f"e{n}") for n in range(5)]
    works.insert(2, lambda: operations.end(row, by=me, now=now))
    told = at_once(works)
    before = Use.objects.count()
    assert before == sum(1 for one in told if getattr(one, "allowed", False))
    assert not use(agent, 1).allowed
    assert Use.objects.count() == before
