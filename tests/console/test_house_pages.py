"""What an administrator keeps in order: users, keys, teams and sites, without the command line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from egard.base.clock import utc_now
from egard.kernel.access.models import ApiKey, Change, RoleGrant, Site, Team, User
from egard.kernel.access.operations import BadPlace, change_site, change_team, ensure_site, ensure_team, place_user
from egard.kernel.access.queries import viewer_for, viewer_for_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(read_as):
    return read_as("administrator", name="Claire Dubourg")


def test_somebody_new_gets_a_role_and_a_password_that_is_shown_once(admin, client):
    made = admin.post(
        "/admin/users/",
        {"name": "Zoé Diallo", "email": "zoe@example.org", "role": "agent", "scope": "team"},
        follow=True,
    )
    zoe = User.objects.get(email="zoe@example.org")
    password = made.context["password"]
    assert zoe.check_password(password)
    assert password in made.content.decode()
    assert password not in admin.get(f"/admin/users/{zoe.pk}/").content.decode()
    assert viewer_for(zoe).scope("people.read") == "team"
    again = admin.post("/admin/users/", {"name": "Zoé", "email": "ZOE@example.org", "role": "agent"})
    assert again.status_code == 409
    assert "already exists" in again.content.decode()
    assert "ZOE@example.org" in again.content.decode()  # what was typed stays


def test_a_role_is_given_taken_back_and_given_again(admin, make_user):
    zoe = make_user("agent", name="Zoé Diallo")
    page = admin.post(f"/admin/users/{zoe.pk}/role/", {"role": "agent", "end": "yes"}, follow=True)
    assert "The role Agent is taken back." in page.content.decode()
    assert not viewer_for(zoe).permissions
    assert "is taken back" not in admin.get(f"/admin/users/{zoe.pk}/").content.decode()
    admin.post(f"/admin/users/{zoe.pk}/role/", {"role": "agent", "scope": "own"})
    assert viewer_for(zoe).scope("people.read") == "own"
    assert RoleGrant.objects.filter(user=zoe).count() == 2
    assert admin.post(f"/admin/users/{zoe.pk}/role/", {"role": "king"}).status_code == 422


def test_a_suspension_ends_sessions_and_is_undone(admin, make_user, client):
    from django.test import Client

    zoe = make_user("agent")
    hers = Client()
    hers.force_login(zoe)
    assert hers.get("/people/").status_code == 200
    admin.post(f"/admin/users/{zoe.pk}/sign-in/", {"suspend": "yes"})
    assert hers.get("/people/").status_code == 302
    admin.post(f"/admin/users/{zoe.pk}/sign-in/", {"resume": "yes"})
    assert hers.get("/people/").status_code == 200
    shown = admin.post(f"/admin/users/{zoe.pk}/sign-in/", {"password": "new"}, follow=True).context["password"]
    zoe.refresh_from_db()
    assert zoe.check_password(shown)


def test_the_last_who_lets_people_in_stays(admin, make_user):
    claire = admin.user
    for address, data in (
        ("sign-in", {"suspend": "yes"}),
        ("role", {"role": "administrator", "end": "yes"}),
        ("role", {"role": "administrator", "scope": "own"}),
    ):
        refused = admin.post(f"/admin/users/{claire.pk}/{address}/", data)
        assert refused["X-Egard-Refusal"] == "console.last_manager"
    assert viewer_for(claire).can("access.manage")
    make_user("administrator")
    assert admin.post(f"/admin/users/{claire.pk}/sign-in/", {"suspend": "yes"}).status_code == 302


def test_a_key_is_shown_once_works_and_is_revoked(admin):
    page = admin.post("/admin/keys/", {"name": "till", "scope": ["people.read"], "days": "30"})
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert secret not in admin.get("/admin/keys/").content.decode()
    now = utc_now()
    assert viewer_for_key(secret, now=now).permissions == {"people.read": "all"}
    key = ApiKey.objects.get()
    assert timedelta(days=30) <= key.expires_at - now <= timedelta(days=31)
    admin.post(f"/admin/keys/{key.pk}/end/")
    assert "Revoked" in admin.get("/admin/keys/").content.decode()
    for wrong in ({"name": "", "all": "yes"}, {"name": "till"}, {"name": "till", "scope": ["people.reed"]}):
        assert admin.post("/admin/keys/", wrong).status_code == 422
    assert ApiKey.objects.count() == 1


def test_teams_and_sites_are_made_and_named_otherwise(admin):
    admin.post("/admin/places/", {"what": "site", "name": "Lyon Bellecour", "zone": "Europe/Paris"})
    admin.post("/admin/places/", {"what": "team", "name": "Conseil", "code": "advice"})
    site, team = Site.objects.get(code="lyon-bellecour"), Team.objects.get(code="advice")
    admin.post("/admin/places/", {"what": "site", "which": str(site.pk), "name": "Lyon", "zone": "Europe/Lisbon"})
    admin.post("/admin/places/", {"what": "team", "which": str(team.pk), "name": "Advisers"})
    site.refresh_from_db()
    team.refresh_from_db()
    assert (site.name, site.zone, team.name) == ("Lyon", "Europe/Lisbon", "Advisers")
    twice = admin.post("/admin/places/", {"what": "site", "name": "Lyon Bellecour"})
    assert (twice.status_code, twice.context["refusal"].code) == (409, "console.place_there")
    for wrong in ({"name": " "}, {"name": "???"}, {"name": "Mars", "zone": "Mars/Olympus"}):
        assert admin.post("/admin/places/", {"what": "site", **wrong}).status_code == 422


def test_where_a_colleague_works_is_written(admin, make_user, me, now):
    zoe = make_user("agent")
    lyon, advice = ensure_site("lyon", "Lyon", by=me, now=now), ensure_team("advice", "Conseil", by=me, now=now)
    admin.post(f"/admin/users/{zoe.pk}/places/", {"site": [str(lyon.pk)], "team": [str(advice.pk), "nonsense"]})
    viewer = viewer_for(zoe)
    assert (viewer.site_ids, viewer.team_ids) == ((lyon.pk,), (advice.pk,))
    assert Change.objects.get(what="access.places_set").detail == {"sites": ["lyon"], "teams": ["advice"]}
    place_user(zoe, teams=[advice], sites=[lyon], by=me, now=now)
    assert Change.objects.filter(what="access.places_set").count() == 1
    with pytest.raises(BadPlace):
        change_site(lyon, name="", zone="Europe/Paris", by=me, now=now)
    with pytest.raises(BadPlace):
        change_team(advice, name="x" * 201, by=me, now=now)


def test_the_house_is_kept_by_those_allowed_only(read_as, make_user):
    zoe = make_user("agent")
    agent = read_as("supervisor")
    for address in ("", "users/", f"users/{zoe.pk}/", "keys/", "places/", "import/"):
        assert agent.get(f"/admin/{address}").status_code == 403
    for address in (f"users/{zoe.pk}/role/", f"users/{zoe.pk}/sign-in/", "keys/", "places/", "users/"):
        assert agent.post(f"/admin/{address}", {"role": "administrator", "name": "x", "all": "yes"}).status_code == 403
    page = agent.get("/people/").content.decode()
    assert 'href="/admin/"' not in page


def test_lists_of_the_house_cost_the_same_whatever_their_length(admin, make_user, me, now):
    places = [ensure_site(f"s{n}", by=me, now=now) for n in range(3)]

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert admin.get("/admin/users/").status_code == 200
        return len(asked)

    make_user("agent", sites=places[:1])
    cost()
    few = cost()
    for n in range(9):
        make_user("agent", "host", sites=places[: n % 3])
    assert cost() == few <= 8


def test_an_error_keeps_the_menu_of_who_is_signed_in(admin, client):
    for address in ("/nowhere/", "/people/00000000-0000-0000-0000-000000000000/"):
        page = admin.get(address)
        assert page.status_code == 404
        assert "side-nav" in page.content.decode()
    client.logout()
    page = client.get("/nowhere/")
    assert page.status_code == 404
    assert "side-nav" not in page.content.decode()
