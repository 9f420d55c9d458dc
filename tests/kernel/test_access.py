from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.kernel.access import operations, queries, rules
from egard.kernel.access.actors import NotAllowed, system
from egard.kernel.access.models import ApiKey, Change, RoleGrant, Sight, User
from egard.kernel.access.operations import BadPassword, set_password
from egard.kernel.registry import SCOPES, FieldClass, Permission, registry

pytestmark = pytest.mark.django_db

TABLE = {
    # role: (people.read, timeline.read, purchases.read_value), and the classes of data it sees
    "agent": ("all", "all", "all", "identity contact history value consent"),
    "adviser": ("all", "all", "all", "identity contact history value consent"),
    "host": ("site", None, None, "identity contact"),
    "site_manager": ("all", "all", "all", "identity contact history value consent"),
    "supervisor": ("all", "all", "all", "identity contact history value consent"),
    "controller": ("all", None, None, "identity"),
    "hr": ("all", None, None, "identity contact consent"),
    "analyst": (None, None, "all", "history value"),
    "auditor": ("all", "all", "all", "identity contact history value consent sensitive"),
    "administrator": ("all", "all", "all", "identity contact history value consent sensitive"),
}


@pytest.mark.parametrize("role", TABLE)
def test_each_role_reaches_as_far_as_the_table_says(role, make_user):
    viewer = queries.viewer_for(make_user(role))
    people, timeline, value, classes = TABLE[role]
    assert viewer.scope("people.read") == people
    assert viewer.scope("timeline.read") == timeline
    assert viewer.scope("purchases.read_value") == value
    assert viewer.classes == {FieldClass(name): "all" for name in classes.split()}


def test_the_table_above_knows_every_role():
    assert set(TABLE) == {r for r in registry.roles if registry.owner_of["role", r] == "access"}


scopes = st.sampled_from(SCOPES)


@given(scopes, scopes, st.none() | scopes, st.none() | scopes)
def test_a_limit_never_widens_and_a_second_role_never_narrows(declared_a, declared_b, limit_a, limit_b):
    permission = Permission("x.y", "", {"a": declared_a, "b": declared_b})
    one = rules.permissions_of([("a", limit_a)], [permission])["x.y"]
    both = rules.permissions_of([("a", limit_a), ("b", limit_b)], [permission])["x.y"]
    assert SCOPES.index(one) <= SCOPES.index(declared_a)
    assert SCOPES.index(both) >= SCOPES.index(one)


def test_a_role_with_a_limit_reaches_no_further(make_user, me, now):
    user = make_user()
    operations.grant_role(user, "agent", scope="own", by=me, now=now)
    assert queries.viewer_for(user).scope("people.read") == "own"


def test_a_new_limit_ends_the_old_grant_and_keeps_it_in_the_history(make_user, me, now):
    user = make_user("agent")
    operations.grant_role(user, "agent", scope="team", by=me, now=now + timedelta(days=1))
    assert RoleGrant.objects.filter(user=user).count() == 2
    assert queries.viewer_for(user, now=now + timedelta(days=2)).scope("people.read") == "team"


def test_a_role_taken_back_gives_nothing_any_more(make_user, me, now):
    user = make_user("agent")
    operations.end_role(user, "agent", by=me, now=now)
    viewer = queries.viewer_for(user, now=now + timedelta(seconds=1))
    assert not viewer.permissions
    with pytest.raises(NotAllowed):
        viewer.require("people.read")


def test_somebody_who_left_may_nothing(make_user):
    user = make_user("administrator")
    user.is_active = False
    user.save()
    assert not queries.viewer_for(user).permissions


def test_who_somebody_is_costs_one_query_whatever_the_number_of_roles(make_user, django_assert_num_queries, me, now):
    user = make_user("agent", "host", "auditor")
    user.sites.add(operations.ensure_site("lyon", by=me, now=now), operations.ensure_site("lille", by=me, now=now))
    user.teams.add(operations.ensure_team("phone", by=me, now=now))
    with django_assert_num_queries(1):
        viewer = queries.viewer_for(user)
    assert len(viewer.site_ids) == 2
    assert len(viewer.team_ids) == 1


def test_an_unknown_role_or_scope_is_refused_with_the_known_ones(make_user, me, now):
    user = make_user()
    for role, scope in (("king", ""), ("agent", "world")):
        with pytest.raises(operations.UnknownRole) as refused:
            operations.grant_role(user, role, scope=scope, by=me, now=now)
        assert "agent" in refused.value.detail


def test_two_users_cannot_share_an_address_in_any_case(make_user):
    make_user(email="anne@example.org")
    with pytest.raises(operations.UserExists):
        make_user(email="ANNE@example.org")


@pytest.mark.parametrize(
    ("email", "password"), [("anne", None), ("a@example.org", "short"), ("a@example.org", "password12")]
)
def test_a_bad_address_or_a_weak_password_is_refused(make_user, email, password):
    with pytest.raises(operations.BadUser):
        make_user(email=email, password=password)


def test_passwords_are_kept_by_argon2(make_user):
    assert make_user(password="une phrase assez longue").password.startswith("argon2$")


def test_a_key_is_shown_once_and_kept_as_its_hash(me, now, db):
    key, secret = operations.create_api_key(name="till", scopes=["people.read"], by=me, now=now)
    assert secret not in str(ApiKey.objects.values().get(pk=key.pk))
    viewer = queries.viewer_for_key(secret, now=now)
    assert viewer.permissions == {"people.read": "all"}
    assert str(viewer.actor) == f"key:{key.pk}"


def test_a_wrong_an_expired_and_a_revoked_key_are_refused_alike(me, now, db):
    key, secret = operations.create_api_key(
        name="till", scopes=["all"], expires_at=now + timedelta(days=1), by=me, now=now
    )
    with pytest.raises(queries.KeyRefused):
        queries.viewer_for_key(secret + "x", now=now)
    with pytest.raises(queries.KeyRefused):
        queries.viewer_for_key(secret, now=now + timedelta(days=2))
    operations.revoke_api_key(key, by=me, now=now)
    with pytest.raises(queries.KeyRefused):
        queries.viewer_for_key(secret, now=now)


def test_a_key_for_an_unknown_scope_is_refused(me, now, db):
    with pytest.raises(operations.UnknownScope):
        operations.create_api_key(name="till", scopes=["people.reed"], by=me, now=now)


def test_what_changes_in_the_house_is_written_and_cannot_be_rewritten(make_user, db):
    from django.db import DatabaseError, transaction

    before = Change.objects.latest("id").pk if Change.objects.exists() else 0
    make_user("agent")
    written = Change.objects.filter(pk__gt=before).values_list("what", flat=True)
    assert set(written) == {"access.user_created", "access.role_granted"}
    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        Change.objects.update(actor="nobody")


def test_a_sight_says_who_saw_whom_and_how(make_user, make_person, now):
    viewer = queries.viewer_for(make_user("agent"))
    person = make_person("Anne", "Le Gall")
    operations.log_sight(viewer, "person", person_id=person.pk, now=now)
    sight = Sight.objects.get()
    assert (sight.actor, sight.person_id, sight.channel) == (str(viewer.actor), person.pk, "page")


def test_queries_that_may_have_meant_an_erased_person_are_forgotten(everything, now):
    for typed in ("Le Gall", "LÉGALL", "06 12 34 56 78", "+33 6.12", "3456", "gal", "Durand", "Al", "17"):
        operations.log_sight(everything, "list", detail=typed, now=now)
    operations.redact_sights(["le", "gall", "legall", "0612345678", "33612345678", "7"])
    assert sorted(filter(None, Sight.objects.values_list("detail", flat=True))) == ["17", "Al", "Durand"]
    assert Sight.objects.count() == 9


def test_language_and_theme_are_the_users_own(make_user):
    user = make_user()
    operations.save_preferences(user, language="fr")
    operations.save_preferences(user, theme="dark")
    user.refresh_from_db()
    assert (user.language, user.theme) == ("fr", "dark")


def test_every_change_of_the_house_can_be_logged(me, now, db):
    operations.log_change("test.done", by=me, now=now, subject="x", why="y")
    assert Change.objects.get(what="test.done").detail == {"why": "y"}
    operations.log_changes("test.done_to_many", ["a", "b"], by=me, now=now, why="z")
    many = Change.objects.filter(what="test.done_to_many").order_by("id")
    assert [(one.subject, one.detail) for one in many] == [("a", {"why": "z"}), ("b", {"why": "z"})]


def test_colleagues_sites_and_teams_are_listed_for_staff_only(make_user, me, now):
    operations.ensure_site("lyon", "Lyon", by=me, now=now)
    operations.ensure_team("phone", "Phone", by=me, now=now)
    someone = make_user("agent", name="Zoé")
    inside = queries.viewer_for(someone)
    assert [s.name for s in queries.sites(inside)] == ["Lyon"]
    assert "Phone" in [t.name for t in queries.teams(inside)]
    assert [u.name for u in queries.staff(inside)] == ["Zoé"]
    outside = queries.viewer_for(make_user())
    assert (queries.sites(outside), queries.teams(outside), queries.staff(outside)) == ([], [], [])


def test_a_new_password_replaces_the_old_one_and_ends_sessions(make_user, client, now):
    user = make_user("agent", email="anne@example.org", password="a long secret")
    client.force_login(user)
    assert client.get("/people/").status_code == 200
    set_password(user, "another long secret", by=system("test"), now=now)
    assert client.get("/people/").status_code == 302
    assert not User.objects.get(pk=user.pk).check_password("a long secret")
    assert User.objects.get(pk=user.pk).check_password("another long secret")
    assert Change.objects.filter(what="access.password_set", subject=str(user.pk)).exists()
    with pytest.raises(BadPassword):
        set_password(user, "short", by=system("test"), now=now)
    assert User.objects.get(pk=user.pk).check_password("another long secret")
