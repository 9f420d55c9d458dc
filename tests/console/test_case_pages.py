"""The pages of a case: what is to do and why, answers checked beside their fields, what was changed meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from egard.base.clock import utc_now
from egard.console.models import CaseMention
from egard.kernel.access.queries import viewer_for
from egard.kernel.cases import articles, operations, outside, queries
from egard.kernel.cases.models import ArticleWord, Case

pytestmark = pytest.mark.django_db
BLOCKED = {"f_line": "06 12 34 56 78", "f_blocked_at": "2026-03-10T09:00"}


@pytest.fixture
def zelie(make_person):
    return make_person("Zélie", "Marchand", email="zelie@example.org")


@pytest.fixture
def phone(everything, zelie):
    """A phone was stolen a moment ago."""
    return operations.open_case(everything, "stolen_phone", zelie, now=utc_now()).uuid


def part(client, uuid, name, **query):
    return client.get(f"/cases/{uuid}/parts/{name}/", query, headers={"HX-Request": "true"}).content.decode()


def do(client, uuid, act, **typed):
    return client.post(f"/cases/{uuid}/do/{act}/", typed, headers={"HX-Request": "true"})


def words(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page if isinstance(page, str) else page.content.decode()))


def test_the_page_says_what_is_next_and_why_and_asks_for_what_the_step_needs(read_as, phone):
    client = read_as("agent")
    page = client.get(f"/cases/{phone}/").content.decode()
    said = words(page)
    assert "Next Step before" not in said
    for expected in (
        "Block the line and the SIM",
        "Promised within 24 hours",
        "Do it during the call.",
        "Zélie Marchand",
        "The case was opened",
        "the stage “Establish the facts” has not begun",
    ):
        assert expected in said, expected
    assert 'name="f_line"' in page
    assert 'type="datetime-local"' in page
    assert 'class="promise promise-row"' in page  # counting down beside its step
