"""The page for writers: judged as one types, each proposal written by one click, with and without a script."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from egard.journeys.signature.rules.brand import DEFAULT

COLD = "Chers clients,\n\nNous sommes fiers de nos résultats 🙂. N’hésitez pas à nous contacter."


@pytest.fixture
def writer(client, make_user):
    client.force_login(make_user("agent"))
    return client


def score(answer) -> int:
    return int(re.search(r'<b class="number">(\d+)</b>', answer.content.decode()).group(1))


def test_a_pasted_text_is_judged_and_a_proposal_taken_without_a_script(writer):
    url = reverse("signature:write")
    first = writer.post(url, {"text": COLD.replace("\n", "\r\n")})
    page = unescape(first.content.decode())
    assert score(first) < 40
    assert "Chers clients" in page
    number = re.search(r'data-span="(\d+)" data-start="0" data-end="13" data-instead="Bonjour', page).group(1)
    after = writer.post(url, {"text": COLD, "apply": number})
    assert "Bonjour [son nom],\n\nNous sommes" in unescape(after.content.decode())
    assert writer.post(url, {"text": COLD, "apply": "9999"}).status_code == 200


def test_offsets_on_the_page_are_counted_as_browsers_count(writer):
    page = unescape(writer.post(reverse("signature:write"), {"text": COLD}).content.decode())
    start = int(re.search(r'data-start="(\d+)"[^>]*data-instead="Appelez-moi', page).group(1))
    assert COLD.encode("utf-16-le")[2 * start :].decode("utf-16-le").startswith("N’hésitez")


def test_who_may_not_is_refused_and_nothing_is_shown_to_nobody(client, make_user):
    assert client.get(reverse("signature:write")).status_code == 302
    client.force_login(make_user())
    assert client.get(reverse("signature:write")).status_code == 403
    assert client.get(reverse("signature:style")).status_code == 403


def test_the_page_of_the_style_says_what_is_said_and_what_is_not_in_each_language(writer):
    page = unescape(
        writer.get(reverse("signature:style"), {"in": "fr"}, headers={"Accept-Language": "fr"}).content.decode()
    )
    for words in ("Nous disons «\u00a0vous\u00a0»", "numéro vert", "Décrocher", "Accueillir", "Bonjour Madame Perrin"):
        assert words in page
    page = unescape(
        writer.get(reverse("signature:style"), {"in": "en"}, headers={"Accept-Language": "en"}).content.decode()
    )
    for words in ("We say “you”", "hotline", "Picking up", "Good morning Mrs Perrin"):
        assert words in page


def test_the_organisations_own_file_holds_from_the_moment_it_is_there_and_a_wrong_one_changes_nothing(
    writer, tmp_path, monkeypatch
):
    own = tmp_path / "brand.yaml"
    monkeypatch.setenv("EGARD_BRAND", str(own))
    url = reverse("signature:style") + "?in=fr"
    assert "Nous disons «\u00a0vous" in unescape(writer.get(url, headers={"Accept-Language": "fr"}).content.decode())
    own.write_text(DEFAULT.read_text(encoding="utf-8").replace("posture: vous", "posture: tu"), encoding="utf-8")
    page = unescape(writer.get(url, headers={"Accept-Language": "fr"}).content.decode())
    assert "Nous disons «\u00a0tu" in page
    assert "brand.yaml" in page
    own.write_text("brand: [", encoding="utf-8")
    page = unescape(writer.get(url, headers={"Accept-Language": "fr"}).content.decode())
    assert "contient une erreur" in page
    assert "Nous disons «\u00a0tu" in page


def test_as_one_types_the_score_follows_and_a_click_writes_the_proposal(sign_in):
    from playwright.sync_api import expect

    page = sign_in(language="fr")
    page.goto("/signature/")
    text = page.locator("#sig-text")
    text.fill(COLD)
    first = page.locator(".sig-row", has_text="Chers clients")
    first.wait_for()
    before = int(page.locator(".sig-score b").inner_text())
    assert page.locator("[data-mirror] mark").first.inner_text() == "Chers clients"
    text.press("Control+Home")
    text.press_sequentially("Ah ")
    assert page.locator("[data-mirror] mark").first.inner_text() == "Chers clients"
    page.locator('[data-span][data-start="3"]').wait_for()
    page.locator(".sig-row", has_text="Formule usée").get_by_role("button").click()
    assert "Appelez-moi au [numéro de la maison]" in text.input_value()
    chosen = text.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
    assert chosen == "[numéro de la maison]"
    page.keyboard.type("01 44 00 00 12")
    expect(page.locator(".sig-score b")).not_to_have_text(str(before))
    assert int(page.locator(".sig-score b").inner_text()) > before
    text.press("Control+z")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
