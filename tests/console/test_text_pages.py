"""Texts of the house: written and published in versions, tried on a person, held back where the house says so."""

from __future__ import annotations

import re

import pytest

from egard.base.clock import utc_now
from egard.console.models import SavedView
from egard.console.texts import changes
from egard.kernel.access.models import Change, Sight
from egard.kernel.messages.models import Message, Template
from egard.kernel.messages.templating import Draught, newest, set_template
from egard.kernel.people.operations import record_consent, set_adviser
from egard.kernel.registry import Checked, Finding, MessageCheck, registry

pytestmark = pytest.mark.django_db
BODY = {
    "code": "thanks",
    "language": "fr",
    "label": "Merci",
    "kind": "reply",
    "text": "Merci {{ given_name | à vous }} !",
}


def test_a_text_is_written_changed_and_withdrawn_and_each_version_says_who(read_as):
    client = read_as("supervisor")
    assert client.post("/texts/new/", BODY).url == "/texts/thanks/fr/"
    client.post("/texts/thanks/fr/", {**BODY, "text": "Grand merci {{ given_name | à vous }} !"})
    html = client.get("/texts/thanks/fr/").content.decode()
    assert "<del>Merci</del><ins>Grand merci</ins>" in html
    assert html.count(client.user.name) >= 2
    assert "Merci" in client.get("/texts/").content.decode()
    client.post("/texts/thanks/withdrawal/")
    assert newest() == []
    assert "1 text was withdrawn" in client.get("/texts/").content.decode()
    client.post("/texts/thanks/fr/", BODY)
    assert [one.version for one in newest()] == [3]


def test_what_is_wrong_stands_by_what_was_typed(read_as):
    refused = read_as("supervisor").post("/texts/new/", {**BODY, "text": "Bonjour {{ prenom }}"})
    assert refused.status_code == 422
    assert "Bonjour {{ prenom }}</textarea>" in refused.content.decode()
    assert not Template.objects.exists()


def test_the_house_holds_a_text_back(read_as, monkeypatch):
    found = Checked(10, (Finding("x.no_tea", 0, 5, "Merci", "", "Dites de quoi."),), blocks=True)
    monkeypatch.setattr(registry, "message_checks", {"x": MessageCheck("x", lambda draft: found)})
    refused = read_as("supervisor").post("/texts/new/", BODY)
    assert "Dites de quoi." in refused.content.decode()
    assert not Template.objects.exists()


def test_a_text_is_tried_on_a_person_and_the_sight_is_kept(read_as, make_person):
    anne, client = make_person("Anne", "Kerouac"), read_as("supervisor")
    typed = {"text": "Merci {{ given_name }} & {{ adviser }}", "subject": "Pour {{ name }}"}
    assert "Merci ⟨given_name⟩ &amp; ⟨adviser⟩" in client.post("/texts/preview/", typed).content.decode()
    found = client.post("/texts/preview/", {**typed, "q": "kerouac"}).content.decode()
    assert f'value="{anne.uuid}"' in found
    drawn = client.post("/texts/preview/", {**typed, "person": anne.uuid, "q": ""}).content.decode()
    assert "<p>Merci Anne &amp; ⟨adviser⟩</p>" in drawn
    assert "Pour Anne Kerouac" in drawn
    assert Sight.objects.filter(kind="messages", person_id=anne.pk).count() == 1


def test_who_writes_no_templates_sees_none(read_as, me):
    set_template(Draught(code="a", language="fr", label="A", text="A", is_reply=True), by=me, now=utc_now())
    client = read_as("agent")
    for address in ("/texts/", "/texts/new/", "/texts/a/fr/"):
        assert client.get(address).status_code == 403
    assert client.post("/texts/preview/", {"text": "a"}).status_code == 403


def test_what_changed_is_told_word_by_word():
    assert changes("le thé noir", "le café noir") == [
        ("same", "le "),
        ("gone", "thé"),
        ("new", "café"),
        ("same", " noir"),
    ]


def test_one_text_goes_once_to_those_who_agreed_and_the_rest_is_told(read_as, make_person, carry_out, me):
    told = Draught(code="sale", language="fr", label="Vente", subject="Jeudi", text="Bonjour", purpose="offers")
    set_template(told, by=me, now=utc_now())
    for name, agrees, address in (("Anne", True, True), ("Béa", False, True), ("Cléo", True, False)):
        person = make_person(name, "Kerouac", **({"email": f"{name}@example.org"} if address else {}))
        if agrees:
            record_consent(person, "offers", "email", given=True, at=utc_now(), proof="card", by=me, now=utc_now())
    make_person("Zoé", "Autre", email="zoe@example.org")
    client = read_as("supervisor")
    client.post("/worklist/people/views/", {"name": "Kerouac", "q": "kerouac"})
    view = SavedView.objects.get()
    page = client.get(f"/texts/sale/fr/many/?view={view.pk}")
    html = page.content.decode()
    assert "1 person of 3 gets it" in html
    assert "No e-mail address <b" in html
    assert not Message.objects.exists()
    body = {"q": "kerouac", "key": re.search(r'name="key" value="([^"]+)"', html)[1]}
    assert '<input type="hidden" name="q" value="kerouac">' in html
    for _again in range(2):
        client.post("/texts/sale/fr/many/", body)
    assert "Written for 0 of 3" in client.get("/texts/sale/fr/many/").content.decode()
    carry_out(at=utc_now())
    assert Message.objects.get().thread.person.given_name == "Anne"
    sent = client.get("/texts/sale/fr/many/").content.decode()
    assert "sent 1" in sent
    assert "No e-mail address 1" in sent
    assert "Purpose" not in sent
    assert "for: Offers." in sent
    assert Change.objects.filter(what="messages.sent_to_many").count() == 1


def test_whom_to_write_to_is_chosen_on_the_page_itself(read_as, make_person, hugo, me):
    set_template(Draught(code="news", language="fr", label="N", subject="N", text="N", purpose="service"), by=me,
                 now=utc_now())  # fmt: skip
    for n in range(3):
        one = make_person(f"P{n}", email=f"p{n}@example.org", language="en" if n else "fr", roles=["member"][: n % 2])
        if n == 2:
            set_adviser(one, hugo, since=utc_now(), by=me, now=utc_now())
    client = read_as("supervisor")

    def count(query):
        return re.findall(r"(\d+) pe\w+ of (\d+)", client.get(f"/texts/news/fr/many/?{query}").content.decode())

    assert count("") == []
    assert count("asked=1") == [("3", "3")]
    assert count("asked=1&language=en&role=&q=") == [("2", "2")]
    assert (count("role=member"), count(f"adviser={hugo.pk}")) == ([("1", "1")], [("1", "1")])
    assert (count("adviser=nobody"), count("adviser=nobody&language=en")) == ([("2", "2")], [("1", "1")])
    assert "names nothing that is known" in client.get("/texts/news/fr/many/?site=moon").content.decode()
    listed = client.get("/people/?language=en&role=member").content.decode()
    assert "P1" in listed
    assert "P2" not in listed
    assert "Save as a view" in listed


def test_who_writes_no_templates_sends_none_to_many(read_as, me):
    set_template(Draught(code="sale", language="fr", label="V", subject="V", text="V"), by=me, now=utc_now())
    assert read_as("agent").get("/texts/sale/fr/many/").status_code == 403


def test_a_text_that_says_no_purpose_goes_to_nobody_since_nobody_was_asked(read_as, make_person, me):
    set_template(Draught(code="sale", language="fr", label="V", subject="V", text="V"), by=me, now=utc_now())
    make_person("Anne", "Kerouac", email="anne@example.org")
    client = read_as("supervisor")
    client.post("/worklist/people/views/", {"name": "Kerouac", "q": "kerouac"})
    body = {"q": "kerouac", "key": "k"}
    assert "This text says no purpose" in client.post("/texts/sale/fr/many/", body).content.decode()
    assert not Message.objects.exists()
