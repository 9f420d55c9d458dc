"""Texts of the house: their fields, their versions, their checks."""

from __future__ import annotations

import pytest
from django.utils import translation

from egard.base.refusal import NotFound
from egard.kernel.messages.checking import StyleRefused
from egard.kernel.messages.models import Template
from egard.kernel.messages.templating import (
    BadTemplate,
    Draught,
    FieldMissing,
    fill,
    newest,
    preview,
    retire_template,
    set_template,
    template,
)
from egard.kernel.people.operations import set_adviser
from egard.kernel.registry import Checked, Finding, MessageCheck, registry

pytestmark = pytest.mark.django_db


@pytest.fixture
def draw(me, now):
    def one(text: str, **more):
        told = {"code": "thanks", "language": "fr", "label": "Merci", "subject": "Merci", **more}
        return set_template(Draught(text=text, **told), by=me, now=now)

    return one


def test_a_template_speaks_to_a_person_by_what_is_known_of_her(anne, make_person, make_user, draw, me, now):
    set_adviser(anne, make_user("adviser", name="Paul Roy"), since=now, by=me, now=now)
    held = draw("Bonjour {{ given_name | Madame, Monsieur }}, {{ adviser }} vous rappelle.\n{{author}}")
    assert fill(held, anne, author="Claire").text == "Bonjour Anne, Paul Roy vous rappelle.\nClaire"
    nameless = make_person()
    with pytest.raises(FieldMissing, match="adviser"):
        fill(held, nameless, author="Claire")
    assert preview(held, nameless, author="Claire").text.startswith("Bonjour Madame, Monsieur, ⟨adviser⟩ vous")
    assert "Anne" not in preview(held, None, author="Claire").text


def test_what_a_name_holds_is_words_and_never_a_field(make_person, draw):
    odd = make_person("{{ adviser }}", "x")
    assert fill(draw("Bonjour {{ given_name }}"), odd, author="C").text == "Bonjour {{ adviser }}"


def test_versions_stay_and_the_newest_holds(draw, me, now):
    assert draw("Un").version == draw("Un").version == 1
    assert draw("Deux").version == 2
    draw("One", language="en", is_reply=True)
    assert [(one.language, one.text) for one in newest()] == [("en", "One"), ("fr", "Deux")]
    assert [one.text for one in newest(is_reply=True)] == ["One"]
    assert template("thanks", "en").text == "One"
    assert template("thanks", "de").text == "Deux"
    retire_template("thanks", by=me, now=now)
    assert newest() == []
    with pytest.raises(NotFound):
        template("thanks", "fr")
    with pytest.raises(NotFound):
        retire_template("nothing", by=me, now=now)
    assert draw("Deux").version == 3
    assert Template.objects.count() == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "{{ password }}"}, {"text": "{{ given_name"}, {"text": " "}, {"text": "{{ person.user }}"},
        {"text": "x", "subject": "a\nBcc: b"}, {"text": "x", "language": "xx"}, {"text": "x", "label": ""},
        {"text": "{% include 'x' %}{{ name }"},
    ],
)  # fmt: skip
def test_what_cannot_be_a_template_is_refused_with_what_to_put_right(draw, wrong):
    with pytest.raises(BadTemplate) as refused:
        draw(wrong.pop("text"), **wrong)
    assert refused.value.fields


def test_a_field_that_is_none_is_named(draw):
    for language, told in (("en", "nothing is known under {{ foo }}"), ("fr", "rien n’est connu sous {{ foo }}")):
        with translation.override(language), pytest.raises(BadTemplate) as refused:
            draw("Bonjour {{ foo }}")
        assert refused.value.fields["text"].startswith(told)


def test_a_template_that_a_check_refuses_is_not_kept(draw, monkeypatch):
    found = Finding("t.r", 0, 4, "Nous", "Vous", "Parlez d’elle.")
    check = MessageCheck("t.c", lambda draft: Checked(10, (found,), blocks=draft.template))
    monkeypatch.setattr(registry, "message_checks", {"t.c": check})
    with pytest.raises(StyleRefused):
        draw("Nous sommes fiers")
    assert not Template.objects.exists()
