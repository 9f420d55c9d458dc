"""A letter is taken down from a person's page, in Chromium, by the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from egard.kernel.messages.models import Attachment, Message

PDF = {"name": "lettre.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 a letter"}


@pytest.mark.parametrize("width", [1280, 360])
def test_a_letter_is_taken_down_by_the_keyboard_and_a_refusal_loses_nothing(
    sign_in, make_person, settings, tmp_path, width
):
    settings.MEDIA_ROOT = tmp_path
    anne = make_person("Anne", "Lebœuf", email="anne@example.org")
    page = sign_in(language="fr", width=width)
    page.goto(f"/people/{anne.uuid}/")
    page.wait_for_selector(".panel.is-loaded")
    page.keyboard.press("h")
    form = page.locator(".heard-form")
    expect(form.locator("[name=channel]").first).to_be_focused()
    page.keyboard.press("Space")
    page.set_input_files("#heard-files", {**PDF, "buffer": b"x" * (26 * 2**20)})
    page.keyboard.press("Control+Enter")
    assert "ensemble" in page.evaluate("document.getElementById('heard-files').validationMessage")
    page.set_input_files("#heard-files", PDF)
    page.fill("#heard-text", "Où est mon colis ?")
    page.fill("#heard-reference", "reply+nothing")
    page.keyboard.press("Enter")  # as a reader of codes does
    page.keyboard.press("Control+Enter")
    expect(page.locator("#heard-error")).to_contain_text("aucune conversation de cette personne")
    assert page.evaluate("document.getElementById('heard-files').files.length") == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#heard-text")).to_have_value("Où est mon colis ?")
    sign_in.complaints[:] = [one for one in sign_in.complaints if "422" not in one]
    page.fill("#heard-reference", "")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("C’est consigné.")
    expect(form).to_be_hidden()
    expect(page.locator("#past")).to_contain_text("Où est mon colis")
    assert Attachment.objects.get().message == Message.objects.get()
    page.click("#toasts a")
    page.wait_for_url(f"**/inbox/{Message.objects.get().thread.uuid}/")
