"""Takes the manual's pictures from a running demo: `python tools/screenshots.py http://127.0.0.1:8000 PASSWORD`.

PASSWORD is the demo's, printed by `bin/serve`. Pictures are of one size, so that they stay small.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LOOKS = {"width": 1200, "height": 760}
AGENT, MANAGER = "sofia.martel@hirondelle.example", "claire.dubourg@hirondelle.example"


def pictures(url: str, password: str) -> None:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(viewport=LOOKS, locale="en", base_url=url, reduced_motion="reduce")
        context.add_cookies([{"name": "egard_language", "value": "en", "url": url}])
        page = context.new_page()
        sign_in(page, AGENT, password)
        page.goto("/people/?q=mar")
        take(page, "search")
        page.goto(page.locator("[data-option] a").first.get_attribute("href") or "")
        page.wait_for_selector(".panel.is-loaded")
        take(page, "person")
        page.goto("/components/")
        take(page, "components")
        context.clear_cookies(name="egard_staff")
        sign_in(page, MANAGER, password)
        for name, address in {"audit": "/admin/audit/", "import": "/admin/import/", "sent": "/admin/sent/"}.items():
            page.goto(address)
            take(page, name)
        browser.close()


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("form.entrance-sign-in button[type=submit]")
    page.wait_for_load_state()


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    pictures(*sys.argv[1:3])
