"""Her messages on her own pages: what was said on every channel, and writing to us."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from egard.kernel.access.queries import viewer_for
from egard.kernel.messages.arriving import receive_text
from egard.kernel.messages.conversing import Words, note, reply
from egard.kernel.messages.models import Message, Thread
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def her(anne, browser_of, ask):
    """A browser in which Anne is signed in."""
    browser = browser_of()
    code = ask(browser)
    assert browser.post("/me/sign-in/code/", {"code": code}).status_code == 302
    return browser


def key(page) -> str:
    return re.search(r'name="key" value="([^"]+)"', page.content.decode())[1]


def test_she_writes_is_promised_an_answer_and_reads_it(her, anne, me, clock):
    page = her.get("/me/messages/")
    body = {"text": "Où est mon colis ?", "key": key(page)}
    sent = her.post("/me/messages/write/", body)
    thread = Thread.objects.get()
    assert sent.url == f"/me/messages/{thread.uuid}/"
    assert her.post("/me/messages/write/", body).url == sent.url
    promise = Promise.objects.get()
    assert (Message.objects.count(), promise.within, promise.person) == (1, "15 min", anne)
    clock.now += timedelta(minutes=2)
    note(thread, Words(text="secret"), by=me, now=clock.now, key="n")
    reply(thread, Words(text="Il arrive demain."), by=me.__class__("user", "1"), now=clock.now, key="r")
    part = her.get(sent.url, headers={"HX-Request": "true"}).content.decode()
    assert "Il arrive demain." in part
    assert "secret" not in part
    assert "<html" not in part
    assert Promise.objects.get().state == "kept"
    assert her.post(f"{sent.url}write/", {"text": "Merci", "key": "k2"}).url == sent.url
    assert Message.objects.filter(direction="in").count() == 2


def test_an_answer_bears_the_name_of_who_wrote_it_and_nothing_reads_as_if_she_waited(her, make_user, clock):
    sent = her.post("/me/messages/write/", {"text": "Bonjour", "key": "k"})
    thread, nora = Thread.objects.get(), make_user("agent", name="Nora Petit")
    assert "answered you" not in her.get(sent.url).content.decode()
    reply(thread, Words(text="Oui."), by=viewer_for(nora).actor, now=clock.now, key="r")
    for page in (sent.url, "/me/messages/"):
        assert "Nora Petit · " in re.sub(r"\s+", " ", her.get(page).content.decode().replace("\n", ""))
    soon = her.get(f"{sent.url}reception/").content.decode()
    assert "Nora Petit answered you." in soon
    assert "by" not in soon.partition("answered you.")[2]
    assert "vous a répondu" in her.get(sent.url, headers={"Accept-Language": "fr"}).content.decode()
    clock.now += timedelta(hours=2)
    later = her.get(sent.url).content.decode()
    assert "If you write again:" in later
    her.post(f"{sent.url}write/", {"text": "Et demain ?", "key": "k2"})
    assert "answered you" not in her.get(sent.url).content.decode()


def test_nothing_is_no_message_and_what_was_typed_stays(her, clock):
    assert her.post("/me/messages/write/", {"text": "  ", "key": "k"}).status_code == 422
    refused = her.post("/me/messages/write/", {"text": "x" * 5001, "key": "k"})
    assert "x" * 5001 in refused.content.decode()
    assert not Message.objects.exists()


def test_she_reads_every_channel_and_nobody_elses(her, anne, make_person, clock):
    receive_text("0612345678", "Un mot", key="S1", now=clock.now)
    make_person("Zoé", phone="0698765432")
    other = receive_text("0698765432", "Pas pour elle", key="S2", now=clock.now).message.thread
    page = her.get("/me/messages/").content.decode()
    assert "Un mot" in page
    assert "Pas pour elle" not in page
    assert her.get(f"/me/messages/{other.uuid}/").status_code == 404
    assert her.post(f"/me/messages/{other.uuid}/write/", {"text": "x", "key": "k"}).status_code == 404


def test_without_signing_in_nothing_is_read(browser_of, anne):
    assert browser_of().get("/me/messages/").status_code == 302
