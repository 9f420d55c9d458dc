"""The auditor's story, and every page of the house in both languages, by night and on a phone."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import viewer_for
from egard.kernel.people.operations import protect

LOOKS = list(itertools.product(("fr", "en"), ("light", "dark")))
WIDTHS = (1280, 360)


@pytest.fixture
def staff(transactional_db, make_user):
    return make_user("administrator", email="camille@example.org", name="Camille Lefèvre", password="a-warm-welcome")


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org")


@pytest.fixture
def seen(anne, make_user, make_person):
    """A log of two hundred sights by a few colleagues."""
    now = utc_now() - timedelta(hours=2)
    others = [make_person(f"P{n}", "Martin") for n in range(12)]
    for files in (1, 2, 2, 3, 2, 12):
        viewer = viewer_for(make_user("agent", name=f"Colleague of {files}"))
        for n, person in enumerate([*others[:files], anne]):
            for kind in ("person", "panel", "timeline"):
                log_sight(viewer, kind, person_id=person.pk, detail="", now=now + timedelta(seconds=n))
    for n in range(60):
        log_sight(viewer, "list", detail=f"search {n}", now=now - timedelta(minutes=n))


def test_the_auditor_finds_who_saw_a_protected_file_and_why(sign_in, staff, anne, seen, me):
    protect(anne, True, by=me, now=utc_now())
    page = sign_in()
    page.goto(f"/people/{anne.uuid}/")
    expect(page.locator("h1")).to_contain_text("Why do you need this file?")
    page.keyboard.type("A question of the works council")  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Anne Lebœuf')")
    sign_in.complaints[:] = [one for one in sign_in.complaints if "403" not in one]
    page.click("a[href$='/sights/']")
    expect(page.locator(".log tbody tr").first).to_contain_text("A question of the works council")
    expect(page.locator(".log tbody")).to_contain_text("Colleague of 12")
    page.click("a[href*='/admin/audit/?person=']")
    expect(page.locator(".chosen")).to_contain_text("Anne Lebœuf")
    page.select_option("#f-kind", "reason")
    page.click(".filter button")
    expect(page.locator(".log tbody tr")).to_have_count(1)
    page.click("nav.tabs a:has-text('How many files')")
    expect(page.locator(".log tbody tr").first).to_contain_text("× 4.3")
    page.click(".log tbody tr:first-child a")
    expect(page.locator(".log tbody tr").first).to_contain_text("Colleague of 12")
    page.locator(".list-next").scroll_into_view_if_needed()
    expect(page.locator(".log tbody")).to_contain_text("“search 59”")
    with page.expect_download() as taken:
        page.click("a[href*='export.csv']")
    assert taken.value.suggested_filename.startswith("sights-")
    assert Sight.objects.filter(kind="export", actor=f"user:{staff.pk}").count() == 1


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_page_of_the_house_fits_a_phone_and_a_desk(sign_in, anne, seen, staff, language, theme):
    page = sign_in(language=language, theme=theme)
    for address in (
        "/admin/",
        "/admin/audit/",
        "/admin/audit/changes/",
        "/admin/audit/figures/",
        "/admin/users/",
        f"/admin/users/{staff.pk}/",
        "/admin/keys/",
        "/admin/places/",
        "/admin/import/",
        f"/people/{anne.uuid}/sights/",
    ):
        page.goto(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
