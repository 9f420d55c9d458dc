"""Who may decide what, on the pages: given, changed, ended, and all of it written."""

from __future__ import annotations

import pytest

from egard.base.clock import utc_now
from egard.kernel.delegations import operations
from egard.kernel.delegations.models import Delegation, Training

pytestmark = pytest.mark.django_db
WHAT = "parcels.compensate"
LIMITS = {"per_act": "50,00", "per_day": "200", "period_days": "90", "split_days": "7"}


@pytest.fixture
def hand(client, make_user):
    user = make_user("administrator", language="en")
    client.force_login(user)
    return user


def give(client, holder: str, **more):
    return client.post("/admin/delegations/", {"authority": WHAT, "holder": holder, **LIMITS, **more})


def test_it_is_given_to_a_role_shown_with_who_has_it_and_changed_with_its_trail(client, hand, make_user):
    make_user("agent", name="Léa Martin")
    answer = give(client, "role:agent", reason="small losses")
    row = Delegation.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/admin/delegations/{row.pk}/")
    assert (row.per_act, row.per_day, row.per_person, row.split_days) == (50_00, 200_00, None, 7)
    listed = client.get("/admin/delegations/").content.decode()
    assert "Compensate a lost parcel" in listed
    assert "€50.00" in listed
    assert "1 holds it" in listed
    page = f"/admin/delegations/{row.pk}/"
    shown = client.get(page).content.decode()
    assert "Léa Martin" in shown
    assert "“small losses”" in shown
    assert client.post(page, {**LIMITS, "per_act": "80", "version": "1", "reason": "more"}).status_code == 302
    assert client.post(page, {**LIMITS, "per_act": "90", "version": "1"}).status_code == 409
    shown = client.get(page).content.decode()
    assert "€80.00" in shown
    assert "(was €50.00)" in shown
    client.post(f"{page}end/", {"reason": "over"})
    assert "Ended" in client.get(page).content.decode()
    assert "€80.00" not in client.get("/admin/delegations/").content.decode()
    assert "€80.00" in client.get("/admin/delegations/?over=1").content.decode()
    assert "ended a delegation" in client.get("/admin/audit/changes/").content.decode()


@pytest.mark.parametrize("typed", ["0,005", "-5", "abc", "", "0", "1.2.3", "9" * 30])
def test_half_a_cent_and_the_like_are_refused_beside_what_was_typed(client, hand, typed):
    answer = give(client, "role:agent", per_act=typed)
    assert answer.status_code == 422
    assert "Correct these" in answer.content.decode()
    assert not Delegation.objects.exists()


def test_nobody_gives_to_oneself_and_who_may_only_read_gives_nothing(client, hand, make_user):
    assert give(client, f"user:{hand.pk}").status_code == 403
    assert give(client, "user:nobody").status_code == 404
    client.force_login(make_user("supervisor", language="en"))
    page = client.get("/admin/delegations/")
    assert page.status_code == 200
    assert "<form method" not in page.content.decode().split("<main", 1)[1]
    assert give(client, "role:agent").status_code == 403
    client.force_login(make_user("agent", language="en"))
    assert client.get("/admin/delegations/").status_code == 403


def test_an_agent_reads_what_she_may_decide_herself(client, hand, make_user):
    agent = make_user("agent", language="en")
    give(client, "role:agent")
    client.force_login(agent)
    page = client.get("/my-authority/").content.decode()
    assert "Compensate a lost parcel" in page
    assert "€200.00" in page
    assert "Holds" in page
    client.force_login(make_user("analyst", language="en"))
    assert "Nothing is delegated to you yet" in client.get("/my-authority/").content.decode()


def test_a_training_is_recorded_and_its_end_shows_where_it_counts(client, hand, make_user, me):
    agent = make_user("agent", name="Léa Martin")
    body = {"staff": str(agent.pk), "name": "Giving gestures", "valid_until": "2020-01-31"}
    assert client.post("/admin/delegations/trainings/", body).status_code == 422  # it would have ended before it began
    assert client.post("/admin/delegations/trainings/", {**body, "valid_until": "2199-01-31"}).status_code == 302
    assert Training.objects.get().course_id == "giving-gestures"
    page = client.get("/admin/delegations/trainings/").content.decode()
    assert "Léa Martin" in page
    assert "until 31 January 2199" in page
    give(client, f"user:{agent.pk}", training="giving-gestures")
    assert "trained until 31 January 2199" in client.get("/admin/delegations/").content.decode()
    operations.withdraw_training(Training.objects.get(), by=me, now=utc_now())
    assert "Not trained yet" in client.get("/admin/delegations/").content.decode()


def test_the_list_costs_the_same_however_long_it_is(client, hand, make_user, django_assert_max_num_queries):
    for _n in range(3):
        give(client, f"user:{make_user('agent').pk}")
    with django_assert_max_num_queries(14) as few:
        client.get("/admin/delegations/")
    number = len(few)
    for _n in range(5):
        give(client, f"user:{make_user('agent').pk}")
    with django_assert_max_num_queries(number):
        client.get("/admin/delegations/")
