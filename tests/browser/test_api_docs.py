"""The page that documents the API, in a real browser under the strict policy."""

from __future__ import annotations

from playwright.sync_api import expect


def test_the_resources_are_shown_from_our_own_files_alone(open_page):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    expect(page.locator(".opblock-summary-path", has_text="/overview").first).to_be_visible()
    page.locator(".opblock-summary", has_text="Find people").first.click()
    expect(page.get_by_text("pieces of a name, an e-mail, a phone, a number").first).to_be_visible()
    here = page.url.split("/api/")[0]
    assert [url for url in asked if not url.startswith((here, "data:", "blob:"))] == []
