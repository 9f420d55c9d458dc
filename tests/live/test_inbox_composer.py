"""The composer of the inbox in Chromium: ready texts in sight and found, where the answer goes, room to write."""

from __future__ import annotations

from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.templating import Draught, set_template


def test_ready_texts_are_whole_in_sight_and_an_empty_search_says_so(staff, make_person, me, sign_in):
    for n in range(12):
        told = Draught(code=f"text-{n}", language="fr", label=f"Texte {n}", text="Bonjour Madame.", is_reply=True)
        set_template(told, by=me, now=utc_now())
    anne = make_person("Anne", "Lebœuf", email="anne@example.org", language="fr")
    thread = receive_chat(anne, "Où est mon colis ?", key="1", now=utc_now()).message.thread
    for language, nothing, to in (
        ("en", "No ready text has these words.", "by chat, in her own space"),
        ("fr", "Aucun texte prêt ne contient ces mots.", "par chat, dans son espace personnel"),
    ):
        page = sign_in(language=language, height=700)
        page.goto(f"/inbox/?open={thread.uuid}")
        expect(page.locator(".answer-to")).to_have_text(to)
        assert page.locator(".answer textarea").bounding_box()["width"] > 380
        page.locator(".answer-texts summary").click()
        sheet = page.locator(".answer-texts .menu-sheet")
        expect(sheet).to_be_visible()
        box = sheet.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 700
        page.locator(".answer-texts input").fill("zzz")
        expect(sheet.locator("[data-none]")).to_have_text(nothing)
        page.locator(".answer-texts input").fill("texte 3")
        expect(sheet.locator("[data-none]")).to_be_hidden()
        expect(sheet.locator("li:visible")).to_have_count(1)
