"""What makes tests of pages and of the API fail where something is asked once a row."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from zeal import NPlusOneError

from egard.kernel.access.models import RoleGrant


def asks_once_a_row(request):
    return HttpResponse(", ".join(grant.user.name for grant in RoleGrant.objects.all()))


def asks_once(request):
    return HttpResponse(", ".join(grant.user.name for grant in RoleGrant.objects.select_related("user")))


urlpatterns = [path("rows/", asks_once_a_row), path("once/", asks_once)]


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_page_that_asks_once_a_row_fails_its_test(make_user):
    for _ in range(3):
        make_user("agent")
    assert Client().get("/once/").content.count(b",") == 2
    with pytest.raises(NPlusOneError):
        Client().get("/rows/")
