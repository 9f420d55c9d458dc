from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from egard.kernel.access.models import Change
from egard.kernel.access.operations import set_user_active
from egard.kernel.access.queries import viewer_for

pytestmark = pytest.mark.django_db


def test_a_suspended_user_signs_in_no_more_and_may_nothing(make_user, me, now):
    user = make_user("agent", email="anne@example.org", password="a long secret")
    assert authenticate(email="anne@example.org", password="a long secret") == user
    set_user_active(user, False, by=me, now=now)
    set_user_active(user, False, by=me, now=now)
    assert authenticate(email="anne@example.org", password="a long secret") is None
    assert not viewer_for(user).permissions
    set_user_active(user, True, by=me, now=now)
    assert authenticate(email="anne@example.org", password="a long secret") == user
    logged = Change.objects.filter(subject=str(user.pk)).order_by("id").values_list("what", flat=True)
    assert list(logged)[-2:] == ["access.user_suspended", "access.user_resumed"]


def test_the_sessions_of_a_suspended_user_end_with_the_next_click(make_user, client, me, now):
    user = make_user("agent")
    client.force_login(user)
    assert client.get("/people/").status_code == 200
    set_user_active(user, False, by=me, now=now)
    assert client.get("/people/").status_code == 302
