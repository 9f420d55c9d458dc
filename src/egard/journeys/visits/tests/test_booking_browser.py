"""A visit is booked with one thumb, without scripts, and within the pages of another site."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from egard.journeys.visits.models import Visit


@pytest.fixture
def published(transactional_db, shop):
    """The shop, in a database that the server of the browser reads."""
    return shop


def test_three_taps_with_one_thumb_and_the_way_back_keeps_what_was_held(published, open_page):
    page = open_page(width=360, height=740, language="fr", touch=True)
    page.goto("/p/visits/lyon-2/")
    page.tap("text=Découverte")
    page.wait_for_url("**/discovery/")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.locator(".book-time").nth(1).tap()
    page.wait_for_url("**/held/**")
    page.go_back()
    page.locator("text=est gardé pour vous").wait_for()
    page.locator(".book-time").nth(2).tap()
    page.wait_for_url("**/held/**")
    page.fill("#name", "Nora Benali")
    page.fill("#email", "nora@example.org")
    page.locator("button.me-act").dblclick()
    page.wait_for_url("**/own/**")
    page.locator(f"text={Visit.objects.get(state='booked').reference}").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_works_without_scripts(published, browser, live_server):
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, locale="en")
    page = context.new_page()
    page.goto("/p/visits/lyon-2/discovery/")
    page.click(".book-first")
    page.fill("#name", "Nora Benali")
    page.check("[name=told_by][value='']")
    page.fill("#phone", "06 12 34 56 78")
    page.click("button.me-act")
    assert "It is booked" in page.inner_text("h1")
    context.close()


@pytest.fixture
def other_site(live_server):
    """Serves a page with the script tag, from an origin of its own."""
    tag = (
        f'<script src="{live_server.url}/p/visits/embed.js" data-site="lyon-2" data-reason="discovery" async></script>'
    )
    body = f"<!doctype html><html lang='en'><title>Bikes</title><h1>Bikes</h1>{tag}".encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body if self.path == "/" else b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_one_script_tag_puts_booking_on_another_site(published, other_site, browser, settings):
    settings.EMBED_ORIGINS = [other_site]
    context = browser.new_context(locale="en", viewport={"width": 700, "height": 900})
    page = context.new_page()
    page.goto(other_site)
    frame = page.frame_locator("iframe")
    frame.locator(".book-first").click()
    frame.locator("#name").fill("Nora Benali")
    frame.locator("#email").fill("nora@example.org")
    frame.locator("button.me-act").click()
    frame.locator("text=It is booked").wait_for()
    page.wait_for_function("document.querySelector('a').hidden")
    inside = page.frames[1].evaluate("document.documentElement.scrollHeight")
    assert abs(page.evaluate("document.querySelector('iframe').clientHeight") - inside) < 4
    assert not [cookie for cookie in context.cookies() if cookie["name"] == "egard_visit"]
    assert Visit.objects.get().state == "booked"
    context.close()


def test_a_site_that_is_not_listed_gets_the_link_alone(published, other_site, browser):
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(other_site)
    page.locator("a:visible").wait_for()
    page.wait_for_timeout(500)
    assert page.locator("a:visible").get_attribute("href").endswith("/p/visits/lyon-2/discovery/")
    assert "Discovery" not in "".join(frame.content() for frame in page.frames[1:])
    context.close()
