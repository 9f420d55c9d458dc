"""How alike the house writes: judged once as a message leaves, told with n and intervals to whoever may see it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from math import sqrt
from statistics import mean, stdev

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from egard.journeys.signature import operations, queries
from egard.journeys.signature.models import BrandVersion, Scored
from egard.journeys.signature.rules.brand import DEFAULT
from egard.journeys.signature.rules.homogeneity import Group, spread, student_95, together
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import create_api_key, ensure_site, ensure_team
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.messages.conversing import Words, write

COLD = "Nous sommes fiers de nos résultats, notre groupe avance et nos équipes aussi."
WARM = "Anna, votre vélo est prêt. Passez jeudi à 14 h, ou appelez-moi au 01 44 00 00 12. Camille Martin"


def group(name: str, scores: list[int]) -> Group:
    return Group(name, len(scores), sum(scores), sum(one * one for one in scores))


SCORES = st.lists(st.integers(0, 100), min_size=1, max_size=30)


@given(st.lists(SCORES, min_size=1, max_size=6))
def test_figures_of_groups_agree_with_the_textbook(samples):
    groups = [group(str(n), scores) for n, scores in enumerate(samples)]
    for one, scores in zip(groups, samples, strict=True):
        assert one.mean == pytest.approx(mean(scores))
        if len(scores) > 1:
            assert sqrt(one.variance) == pytest.approx(stdev(scores), abs=1e-4)
        if one.bounds:
            assert 0 <= one.bounds[0] <= one.mean + 1e-9
            assert one.mean - 1e-9 <= one.bounds[1] <= 100
        else:
            assert one.n < 5
    assert together(groups).n == sum(len(scores) for scores in samples)
    found = spread(groups)
    assert found.alike is None or 0 <= found.alike <= 1


def test_chance_between_small_groups_is_not_taken_for_a_difference_and_a_true_one_is_found():
    same = [group(name, [60, 70, 80, 65, 75]) for name in "abc"]
    assert spread(same) == spread(same)
    assert spread(same).alike == 1
    apart = [group("a", [30, 32, 34, 31, 33]), group("b", [80, 82, 84, 81, 83])]
    assert spread(apart).alike < 0.02
    assert spread(apart).between == pytest.approx(35.35, abs=0.2)
    assert spread([group("a", [50, 60])]).alike is None
    assert [round(student_95(v), 2) for v in (4, 9, 30)] == [2.77, 2.26, 2.04]


@pytest.fixture
def house(transactional_db, make_user, make_person, me, now):
    """Two teams, a writer in each; what they say at the counter is theirs at once."""

    class House:
        def __init__(self):
            self.teams = [ensure_team(code, code.title(), by=me, now=now) for code in ("north", "south")]
            self.writers = [make_user("agent", name=name) for name in ("Claire", "Hugo")]
            for user, team in zip(self.writers, self.teams, strict=True):
                user.teams.add(team)
            self.anna = make_person("Anna", "Le Goff", email="anna@example.org")
            self.number = 0

        def says(self, who: int, text: str, at=now, channel: str = "chat"):
            self.number += 1
            by = Actor("user", str(self.writers[who].pk), self.writers[who].name)
            return write(
                self.anna, channel, Words(text=text), purpose="answer", by=by, now=at, key=f"said {self.number}"
            )

    return House()


@pytest.fixture
def spoken(house, settle, now):
    for n in range(6):
        house.says(0, COLD, now + timedelta(minutes=n))
        house.says(1, WARM, now + timedelta(minutes=n))
    settle()
    return house


def _figures(user, now, by="team"):
    viewer = viewer_for(user)
    return queries.figures(viewer, by=by, since=now - timedelta(days=1), until=now + timedelta(days=1))


def test_each_message_is_judged_once_as_it_leaves_by_the_brand_that_holds_then(
    house, settle, now, tmp_path, monkeypatch
):
    own = tmp_path / "brand.yaml"
    monkeypatch.setenv("EGARD_BRAND", str(own))
    house.says(0, WARM)
    settle()
    first = Scored.objects.get()
    assert first.score > 60
    assert (first.channel, first.language, first.team.code) == ("chat", "fr", "north")
    assert first.client > first.company == 0
    own.write_text(DEFAULT.read_text(encoding="utf-8").replace("posture: vous", "posture: tu"), encoding="utf-8")
    house.says(0, WARM)
    settle()
    after = Scored.objects.exclude(pk=first.pk).get()
    assert after.score < first.score
    assert Scored.objects.get(pk=first.pk).score == first.score
    assert {one.source for one in BrandVersion.objects.all()} == {
        DEFAULT.read_text(encoding="utf-8"), own.read_text(encoding="utf-8"),
    }  # fmt: skip
    operations.score([])
    assert Scored.objects.count() == 2


def test_teams_are_told_apart_with_n_and_intervals(spoken, make_user, now):
    found = _figures(make_user("supervisor"), now)
    assert [(one.name, one.n) for one in found.groups] == [("South", 6), ("North", 6)]
    assert found.groups[0].mean - found.groups[1].mean > 30
    assert found.groups[0].bounds
    assert found.spread.alike < 0.1
    assert [one.name for one in _figures(make_user("analyst"), now, "author").groups] == ["Hugo", "Claire"]
    assert [(one.name, one.n) for one in _figures(make_user("analyst"), now, "month").groups] == [("2026-03", 12)]


def test_an_agent_sees_her_own_a_manager_her_teams_and_sites_and_a_stranger_nothing(spoken, make_user, me, now, client):
    assert _figures(spoken.writers[0], now).whole.n == 6
    manager = make_user("site_manager")
    assert _figures(manager, now).whole.n == 0
    manager.teams.add(spoken.teams[1])
    assert [one.name for one in _figures(manager, now).groups] == ["South"]
    manager.teams.clear()
    shop = ensure_site("lyon", "Lyon", by=me, now=now)
    manager.sites.add(shop)
    assert _figures(manager, now).whole.n == 0
    spoken.writers[0].sites.add(shop)
    assert [(one.name, one.n) for one in _figures(manager, now).groups] == [("North", 6)]
    client.force_login(make_user("hr"))
    assert client.get(reverse("signature:sent")).status_code == 403


def test_the_page_shows_who_speaks_most_of_the_client_and_opens_what_may_be_read(
    spoken, make_user, client, now, monkeypatch
):
    monkeypatch.setattr("egard.journeys.signature.sent.utc_now", lambda: now + timedelta(hours=1))
    client.force_login(make_user("supervisor"))
    before = Sight.objects.count()
    page = unescape(client.get(reverse("signature:sent"), headers={"Accept-Language": "fr"}).content.decode())
    assert Sight.objects.count() == before + 1
    assert "Ceux qui parlent le plus du client" in page
    assert page.index("South") < page.index("North")
    least = Scored.objects.order_by("score").first()
    opened = client.get(reverse("signature:one", args=[least.message]), headers={"Accept-Language": "fr"})
    text = unescape(opened.content.decode())
    assert "<mark" in text
    assert "notre groupe" in text
    assert Sight.objects.filter(kind="message", person_id=spoken.anna.pk).count() == 1
    client.force_login(make_user("analyst"))
    page = client.get(reverse("signature:sent")).content.decode()
    assert str(least.message) not in page
    assert client.get(reverse("signature:one", args=[least.message])).status_code == 404


def test_programs_ask_the_same(spoken, client, me, now, monkeypatch):
    monkeypatch.setattr("egard.journeys.signature.api.utc_now", lambda: now + timedelta(hours=1))
    _key, secret = create_api_key(name="figures", scopes=["signature.figures"], by=me, now=now)
    headers = {"Authorization": f"Bearer {secret}"}
    told = client.get("/api/v1/signature/homogeneity?by=team&months=1", headers=headers).json()
    assert [(one["name"], one["n"]) for one in told["groups"]] == [("South", 6), ("North", 6)]
    assert told["alike"] < 0.1
    least = client.get("/api/v1/signature/messages?order=least&limit=2", headers=headers).json()["items"]
    assert [one["team"] for one in least] == ["North", "North"]
    assert least[0]["company"] > least[0]["client"]


def test_the_page_asks_as_many_questions_for_many_messages_as_for_few(
    house, settle, make_user, client, now, monkeypatch
):
    monkeypatch.setattr("egard.journeys.signature.sent.utc_now", lambda: now + timedelta(hours=1))
    client.force_login(make_user("supervisor"))
    house.says(0, COLD)
    settle()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(reverse("signature:sent"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("signature:sent"))
    for n in range(8):
        house.says(n % 2, WARM, now + timedelta(minutes=n))
    settle()
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("signature:sent"))
    assert len(many) == len(few)


def test_scores_are_in_her_copy_and_are_nobodys_when_she_is_erased(spoken, everything, me, now):
    copy = export_person(everything, spoken.anna, now=now)
    assert len(copy["signature"]) == 12
    erase_person(spoken.anna, by=me, now=now)
    assert Scored.objects.filter(person=None, thread=None).count() == 12
    assert _figures(spoken.writers[0], now).whole.n == 6
