"""A style that reads with spaCy: where grammar is right and forms are not, and what happens where it is not there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from time import monotonic

import pytest
import yaml
from hypothesis import given, settings

from egard.base.clock import utc_now
from egard.journeys.signature import brands, checking, operations
from egard.journeys.signature.models import Publication, Scored
from egard.journeys.signature.rules import brand, grammar
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.lint import lint
from egard.journeys.signature.rules.persons import mentions
from egard.journeys.signature.rules.reading import read
from egard.journeys.signature.rules.source import read as source_of
from egard.journeys.signature.tests.test_signature_by_chance import TEXTS
from egard.kernel import registry
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import create_api_key
from egard.kernel.messages.conversing import Words, write
from egard.kernel.timeline import reactions

SHIPPED = brand.DEFAULT.read_text(encoding="utf-8")
SPACY = SHIPPED.replace("brand: house", "brand: lumiere\nreader: spacy", 1)
TOLD = yaml.safe_load((Path(__file__).parent / "persons" / "fr.yaml").read_text(encoding="utf-8"))


def both(text: str):
    """The mentions by forms, and by grammar."""
    reading = read(source_of(text).plain)
    by_forms = mentions(reading, "fr")
    return by_forms, grammar.reread(reading, by_forms)


def counted(found) -> tuple[int, int]:
    return sum(one.who == "client" for one in found), sum(one.who == "company" for one in found)


@pytest.mark.parametrize(
    ("text", "by_forms", "by_grammar"),
    [
        ("Profitez du samedi, passez à l’atelier.", (0, 0), (2, 0)),
        ("Dites-moi quand, et faites-moi signe.", (0, 0), (2, 0)),
        ("Alors dites-nous tout.", (0, 1), (1, 1)),
        ("N’oubliez pas la clé.", (0, 0), (1, 0)),
        ("- Apportez le chargeur\n- Signez en bas", (0, 0), (2, 0)),
        ("PASSEZ AU GUICHET", (0, 0), (1, 0)),
        ("L’atelier a longtemps tu la panne.", (1, 0), (0, 0)),
        ("Es-tu libre mardi ?", (0, 0), (1, 0)),
        ("Nous ne nous engageons pas.", (0, 2), (0, 1)),
        ("Chez nous, nous ouvrons à 9 h.", (0, 1), (0, 2)),
        ("Grâce à vous, vous gagnez une heure.", (1, 0), (2, 0)),
        ("Le dossier est chez nous. Nous le gardons.", (0, 1), (0, 2)),
    ],
)
def test_where_forms_leave_a_person_open_the_grammar_tells_it(text, by_forms, by_grammar):
    assert tuple(map(counted, both(text))) == (by_forms, by_grammar)


@pytest.mark.parametrize(
    "text",
    [
        "Madame Sanchez et M. Lopez ont le nez rouge chez eux, c’est assez.",
        "Les réparations faites mardi et les pièces dites d’usure.",
        "Vous signez, vous datez et renvoyez le tout. Asseyez-vous.",
        "Prenez-vous le thé ? Le rendez-vous est pris.",
        "Demain tu reçois la clé, parce que tu l’as demandée.",
        "Nous nous engageons, et vous vous demandez pourquoi.",
        "J’ai reçu ton dossier, notre ton compte.",
    ],
)
def test_names_nouns_participles_and_what_is_counted_already_stay_as_they_are(text):
    by_forms, by_grammar = both(text)
    assert by_grammar == by_forms


@pytest.mark.parametrize(
    ("question", "by_forms", "by_grammar", "asked"), [("verbs", 19, 51, 55), ("tu", 13, 21, 22), ("twice", 9, 14, 14)]
)
def test_on_sentences_that_it_was_not_made_with_the_grammar_is_right_more_often(question, by_forms, by_grammar, asked):
    right, n = [0, 0], 0
    for key, wanted in (("is", True), ("is_not", False)):
        for sentence in TOLD[question][key]:
            parts = re.split(r"\*", sentence)
            found = both("".join(parts))
            for inside in range(1, len(parts), 2):
                start = len("".join(parts[:inside]))
                end, n = start + len(parts[inside]), n + 1
                for which, told in enumerate(found):
                    right[which] += wanted is any(one.start < end and one.end > start for one in told)
    assert (*right, n) == (by_forms, by_grammar, asked)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_any_text_can_be_read_and_each_mention_is_a_word(text):
    reading = read(source_of(text).plain)
    found = grammar.reread(reading, mentions(reading, "fr"))
    words = {(word.start, word.end) for word in reading.words}
    assert {(one.start, one.end) for one in found} <= words
    assert found == grammar.reread(reading, mentions(reading, "fr"))


def test_the_version_of_a_style_tells_its_reader_and_the_model(monkeypatch):
    asked = brand.read(SPACY)
    by_forms = brand.read(SPACY.replace("reader: spacy", "reader: forms"))
    assert by_forms.version == brand.read(SPACY.replace("reader: spacy\n", "")).version
    assert asked.version != by_forms.version
    monkeypatch.setattr(grammar, "VERSION", "3.9.0")
    assert brand.read(SPACY).version != asked.version
    assert brand.read(SPACY.replace("reader: spacy", "reader: forms")).version == by_forms.version


def test_the_score_follows_the_reader_and_english_is_read_by_forms():
    asked, text = brand.read(SPACY), "Passez jeudi avant 19 h.\n\nBien à vous,\nCamille Martin"
    assert (check(text, brand.default()).client, check(text, asked).client) == (0, 1)
    assert check(text, asked).score > check(text, brand.default()).score
    english = "We wish you a happy new year. Let us know, Sanchez."
    assert check(english, asked, language="en") == check(english, brand.default(), language="en")


def test_only_a_style_that_asks_for_it_loads_it_and_only_what_it_needs():
    told = """
import sys
from egard.journeys.signature.rules import brand, grammar
from egard.journeys.signature.rules.check import check
text, own = "Passez me voir.", brand.read(sys.stdin.read())
check(text, brand.default(), language="fr")
check(text, own, language="en")
before = "spacy" in sys.modules
check(text, own, language="fr")
print(before, grammar._model().pipe_names, grammar._model() is grammar._model())
"""
    asked = [sys.executable, "-X", "utf8", "-c", told]
    done = subprocess.run(asked, input=SPACY, capture_output=True, encoding="utf-8", check=False)
    assert done.stdout == "False ['tok2vec', 'morphologizer'] True\n", done.stderr


@pytest.fixture
def own(monkeypatch, tmp_path, settings):
    """The organisation's own file: it asks for spaCy."""
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.delenv("EGARD_BRAND", raising=False)
    brands.write(SPACY)
    return brands.place()


@pytest.fixture(params=["none", "another version"])
def absent(monkeypatch, request):
    """An installation without the model, or with another one."""
    version = metadata.version

    def told(name):
        if name == grammar.MODEL and request.param == "none":
            raise metadata.PackageNotFoundError(name)
        return "3.7.0" if name == grammar.MODEL else version(name)

    monkeypatch.setattr(metadata, "version", told)
    grammar.is_installed.cache_clear()
    grammar._model.cache_clear()
    yield
    grammar.is_installed.cache_clear()


def test_without_the_model_nothing_is_judged_in_another_way(absent):
    with pytest.raises(grammar.Missing):
        check("Passez me voir.", brand.read(SPACY), language="fr")
    found, wrong = lint(SPACY)
    assert found is not None
    assert [(one.rule, SPACY.split("\n")[one.line - 1]) for one in wrong] == [("reader_missing", "reader: spacy")]
    assert lint(SHIPPED)[1] == []


@pytest.mark.django_db
def test_without_the_model_a_style_that_asks_for_it_is_not_published(absent, me, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.delenv("EGARD_BRAND", raising=False)
    with pytest.raises(brands.ReaderMissing) as refused:
        operations.publish(SPACY, by=me, now=utc_now())
    assert "fr_core_news_sm 3.8.0" in refused.value.detail
    assert not brands.place().exists()
    assert not Publication.objects.exists()


@pytest.mark.django_db
def test_without_the_model_pages_and_api_refuse_with_the_same_code(absent, own, client, make_user, me, now):
    _key, secret = create_api_key(name="writers", scopes=["signature.check"], by=me, now=now)
    answer = client.post(
        "/api/v1/signature/check",
        {"text": "Passez me voir."},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "signature.reader_missing")
    client.force_login(make_user("administrator"))
    assert client.post("/signature/", {"text": "Passez me voir."}).status_code == 503
    assert "fr_core_news_sm 3.8.0" in client.get("/signature/style/").content.decode()
    looked = client.post("/signature/style/file/look/", {"source": SPACY, "sample": "Passez me voir."})
    assert "egard[french]" in looked.content.decode()
    refused = client.post("/signature/style/file/", {"source": SPACY})
    assert (refused.status_code, "fr_core_news_sm 3.8.0" in refused.content.decode()) == (503, True)


@pytest.mark.django_db
def test_without_the_model_a_letter_leaves_unscored_and_says_why_a_template_waits(absent, own, me, now):
    draft = registry.Draft(text="Passez me voir.", language="fr", channel="email", author=me, now=now)
    found = checking.check(draft)
    assert (found.score, found.blocks, [one.rule for one in found.findings]) == (
        None,
        False,
        ["signature.reader_missing"],
    )
    kept = registry.Draft(text="Passez me voir.", language="fr", channel="email", author=me, now=now, template=True)
    assert checking.check(kept).blocks


@pytest.mark.django_db(transaction=True)
def test_what_left_without_the_model_waits_to_be_judged_by_the_style_that_asks_for_it(
    own, make_person, make_user, now, settle, monkeypatch
):
    anna, claire = make_person("Anna", "Le Goff", email="anna@example.org"), make_user("agent", name="Claire")
    by = Actor("user", str(claire.pk), claire.name)
    with monkeypatch.context() as gone:
        gone.setattr(grammar, "is_installed", lambda: False)
        write(anna, "chat", Words(text="Passez jeudi."), purpose="answer", by=by, now=now, key="said 1")
        deadline = monotonic() + 30
        while not reactions.lag()["failing"] and monotonic() < deadline:
            reactions.catch_up(now=now)
        assert "signature.reader_missing" in reactions.lag()["failing"]["signature.score/0"]
        assert not Scored.objects.exists()
    settle(at=now + timedelta(hours=1))
    assert Scored.objects.get().version_id == brand.read(SPACY).version


@pytest.mark.django_db
def test_with_the_model_it_is_published_and_judges_by_its_own_version(me, own, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = operations.publish(SPACY.replace("lumiere", "clarte"), by=me, now=utc_now())
    assert made.version == brands.judging().version != brand.default().version
    assert json.loads(brands.judging().style.model_dump_json())["reader"] == "spacy"
