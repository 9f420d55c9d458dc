"""The component page shows everything that pages are made of, by drawing it with the same parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import egard.console
from egard.console.templatetags import egard as tags

TEMPLATES = Path(egard.console.__file__).parent / "templates"


@pytest.fixture
def page(read_as):
    response = read_as("agent").get("/components/")
    assert response.status_code == 200
    return response


def test_every_component_stands_on_the_page(page):
    drawn = {template.name for template in page.templates}
    components = {path.relative_to(TEMPLATES).as_posix() for path in (TEMPLATES / "console/components").glob("*.html")}
    assert components - drawn == set(), "show it in templates/console/design/"


def test_every_drawing_tag_stands_on_the_page():
    used = " ".join(
        path.read_text()
        for folder in ("design", "components", "people")
        for path in (TEMPLATES / "console" / folder).glob("*.html")
    )
    named = {name for name in tags.register.tags if not re.search(rf"{{% {name}\b", used)}
    assert named - {"ring_words"} == set(), "show it in templates/console/design/"


def test_the_page_is_drawn_once_on_light_and_once_on_dark(page):
    text = page.content.decode()
    assert text.count('data-bs-theme="light"') == text.count('data-bs-theme="dark"') >= 10
    assert len(re.findall(r'class="ring is-broken', text)) >= 4


def test_ids_are_not_given_twice_among_the_specimens(page):
    text = page.content.decode()
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert {one for one in ids if ids.count(one) > 1} == set()


def test_what_is_shown_costs_one_query_of_the_people(page, django_assert_max_num_queries, client):
    with django_assert_max_num_queries(6):
        client.get("/components/")
