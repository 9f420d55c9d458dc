"""Lists of cases, page by page, are what one plain question over all cases gives."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db.models import F, Q

from egard.kernel.access.models import Site, Team
from egard.kernel.access.operations import grant_role
from egard.kernel.access.queries import viewer_for
from egard.kernel.cases import listing
from egard.kernel.cases.models import Case, CaseAsk

pytestmark = pytest.mark.django_db
SEED = random.randrange(10**6)


@pytest.fixture
def many(open_case, make_user, me, now):
    """Cases of a few people, teams and places, some of which ask somebody; and a user for each scope."""
    rng = random.Random(SEED)
    teams = [Team.objects.create(code=f"t{n}", name=f"T{n}") for n in range(3)]
    sites = [Site.objects.create(code=f"s{n}", name=f"S{n}") for n in range(3)]
    users = {}
    for scope in ("own", "team", "site", "all"):
        users[scope] = make_user(teams=rng.sample(teams, 2), sites=rng.sample(sites, 2))
        grant_role(users[scope], "agent", scope=scope, by=me, now=now)
    whom = [*users.values()]
    for n in range(40):
        pk = Case.objects.get(uuid=open_case("stolen_phone").uuid).pk
        asked = rng.sample([*(team.pk for team in teams), *(user.pk for user in whom)], rng.choice((0, 0, 1, 2)))
        Case.objects.filter(pk=pk).update(
            owner=rng.choice([None, *whom]),
            team=rng.choice([None, *teams]),
            site=rng.choice([None, *sites]),
            asked=asked,
            due_at=rng.choice([None, now + timedelta(hours=rng.randrange(9))]),
            status="closed" if n % 8 == 0 and not asked else "open",
        )
    return {scope: viewer_for(user, now=now) for scope, user in users.items()}


def plain(viewer, scope, whose, status):
    """The same list asked at once: no indexes in mind."""
    hers, asked = list(viewer.team_ids), [*viewer.team_ids, viewer.user_id]
    within = {
        "own": Q(owner=viewer.user_id) | Q(asked__overlap=asked),
        "team": Q(team__in=hers) | Q(asked__overlap=asked),
        "site": Q(site__in=viewer.site_ids) | Q(asked__overlap=asked),
        "all": Q(),
    }
    wanted = {
        "own": within["own"],
        "team": Q(team__in=hers) | Q(asked__overlap=hers),
        "site": Q(site__in=viewer.site_ids),
        "all": Q(),
    }
    found = Case.objects.filter(within[scope], wanted[whose], **({"status": status} if status else {}))
    return [row.pk for row in found.order_by(F("due_at").asc(nulls_last=True), "pk")]


@pytest.mark.parametrize("scope", ["own", "team", "site", "all"])
@pytest.mark.parametrize("whose", ["own", "team", "site", "all"])
def test_a_list_is_what_one_question_over_all_cases_gives(many, scope, whose):
    viewer = many[scope]
    for status in ("open", "closed", ""):
        filters = {"whose": whose, "status": status}
        expected = plain(viewer, scope, whose, status)
        for limit in (3, 7, 100):
            found, cursor = [], None
            while True:
                page = listing.cases(viewer, filters, limit=limit, cursor=cursor)
                found += [row.pk for row in page.items]
                cursor = page.next
                if cursor is None:
                    break
            assert found == expected, (SEED, scope, whose, status, limit)
        for most in (2, 100):
            assert listing.count_cases(viewer, filters, most=most) == min(most, len(expected)), SEED


def test_who_is_asked_stands_in_order_whatever_wrote_the_case(many, now):
    def kept():
        told = {(row.pk, who, row.due_at) for row in Case.objects.all() for who in row.asked}
        return told == set(CaseAsk.objects.values_list("case", "who", "due_at"))

    assert kept()
    assert CaseAsk.objects.exists()
    Case.objects.exclude(asked=[]).update(due_at=now)
    assert kept()
    Case.objects.update(asked=[])
    assert not CaseAsk.objects.exists()
