"""Files are chosen for an answer, in Chromium: one by one, taken out, kept by a refusal, gone when it was said."""

from __future__ import annotations

from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.models import Attachment

PDF = {"name": "contrat.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 a contract"}
PROGRAM = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"MZ a program"}


def test_files_are_gathered_taken_out_and_kept_by_a_refusal(sign_in, make_person, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    anne = make_person("Anne", "Lebœuf", email="anne@example.org", language="fr")
    thread = receive_chat(anne, "Mon contrat ?", key="k", now=utc_now()).message.thread
    page = sign_in(language="fr", width=360)
    page.goto(f"/inbox/{thread.uuid}/")
    field, chosen = page.get_by_label("Fichiers joints"), page.get_by_role("list", name="Fichiers choisis")
    field.set_input_files(PDF)
    field.set_input_files(PROGRAM)
    expect(chosen.get_by_role("listitem")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill(".answer textarea", "Le voici.")
    page.get_by_role("button", name="Répondre").click()
    expect(page.locator(".answer-files [role=alert]")).to_contain_text("«\u00a0photo.jpg\u00a0» n’est pas un type")
    expect(chosen.get_by_role("listitem")).to_have_count(2)
    sign_in.complaints[:] = [one for one in sign_in.complaints if "422" not in one]
    chosen.get_by_role("button", name="Retirer photo.jpg").press("Enter")
    expect(chosen.get_by_role("listitem")).to_have_count(1)
    page.get_by_role("button", name="Répondre").click()
    expect(page.locator(".said .said-file")).to_contain_text("contrat.pdf")
    expect(chosen).to_be_hidden()
    assert page.evaluate("document.querySelector('.answer [type=file]').files.length") == 0
    assert [one.name for one in Attachment.objects.all()] == ["contrat.pdf"]
