"""A reader of pages: Django's client, signed in as somebody with a role."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]


@pytest.fixture
def read_as(client, make_user):
    """`read_as("agent")` gives a client signed in as a new user with that role, reading English."""

    def sign_in(*roles: str, **more):
        user = make_user(*roles, **{"language": "en", **more})
        client.force_login(user)
        client.user = user
        return client

    return sign_in


@pytest.fixture
def part():
    """The headers with which htmx asks for a part of a page: `part("people")`."""

    def headers(target: str) -> dict[str, str]:
        return {"HX-Request": "true", "HX-Target": target}

    return headers


@pytest.fixture
def camille(make_user):
    return make_user("adviser", name="Camille Roussel")


@pytest.fixture
def hugo(make_user):
    return make_user("adviser", name="Hugo Delmas")


@pytest.fixture
def town(make_person):
    """Four people without an adviser."""
    return [make_person("Zoé", name, email=f"{name}@example.org") for name in ("Allard", "Berger", "Colin", "Dubois")]


@pytest.fixture
def names():
    """The titles of the rows of a list's page."""

    def of(response) -> list[str]:
        return re.findall(r'<span class="work-title">([^<]+)<', response.content.decode())

    return of
