"""The same judgement for programs, and before a message is sent."""

from __future__ import annotations

import pytest

from egard.journeys.signature import checking
from egard.journeys.signature.rules.brand import DEFAULT
from egard.kernel.access.operations import create_api_key
from egard.kernel.messages.checking import StyleRefused, check, require
from egard.kernel.registry import Draft, registry

COLD = "Chers clients, nous sommes fiers de nos résultats. N’hésitez pas à nous contacter."


@pytest.fixture
def ask(client, db, me, now):
    _key, secret = create_api_key(name="test", scopes=["signature.check"], by=me, now=now)

    def asked(body, path="signature/check", secret=secret):
        return client.post(
            f"/api/v1/{path}", body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
        )

    asked.secret = secret
    return asked


def test_a_text_is_judged_with_findings_from_and_to(ask):
    answer = ask({"text": COLD}).json()
    assert answer["score"] < 40
    assert list(answer["parts"]) == ["focus", "facts", "posture", "usefulness", "clarity"]
    first = answer["findings"][0]
    assert (first["rule"], COLD[first["from"] : first["to"]], first["text"]) == (
        "dear_customer",
        "Chers clients",
        "Chers clients",
    )
    assert first["message"]["fr"].startswith("«\u00a0Chers clients\u00a0»")
    assert (answer["language"], answer["language_is_sure"]) == ("fr", True)
    assert len(answer["brand"]["version"]) == 64


def test_only_what_differs_between_recipients_is_their_own(ask):
    text = "Bonjour Anna, vous avez choisi le modèle bleu à Lyon."
    alone = ask({"text": text, "facts": {"model": "modèle bleu", "city": "Lyon"}}).json()
    recipients = [{"model": "modèle bleu", "city": "Lyon"}, {"model": "modèle vert", "city": "Lyon"}, {"city": "Lyon"}]
    among = ask({"text": text, "recipients": recipients}).json()
    assert "modèle bleu" in among["facts"]
    assert among["parts"]["facts"] <= alone["parts"]["facts"]


def test_bad_input_is_refused_in_words(ask, client):
    assert ask({"text": ""}).status_code == 422
    assert ask({"text": "a" * 60_000}).status_code == 422
    assert ask({"text": "Bonjour", "language": "de"}).status_code == 422
    assert client.post("/api/v1/signature/check", {}, content_type="application/json").status_code == 401
    assert ask({"text": "\u0001 > « \n" * 50}).status_code == 200


def test_the_style_is_told_and_needs_its_scope(ask, client, me, now):
    headers = {"Authorization": f"Bearer {ask.secret}"}
    style = client.get("/api/v1/signature/style", headers=headers).json()
    assert [one["language"] for one in style["languages"]] == ["fr", "en"]
    assert {"welcome", "refusal", "apology", "new_year"} <= {one["name"] for one in style["languages"][0]["moments"]}
    _key, other = create_api_key(name="other", scopes=["people.read"], by=me, now=now)
    assert client.get("/api/v1/signature/style", headers={"Authorization": f"Bearer {other}"}).status_code == 403
    assert ask({"text": COLD}, secret=other).status_code == 403


def test_it_is_asked_before_each_message_and_advises(me, now):
    assert "signature.style" in registry.message_checks
    verdict = check(Draft(text=COLD, language="fr", channel="email", author=me, now=now, moment="apology"))
    assert verdict.score is not None
    assert verdict.score < 40
    assert {"dear_customer", "moment_sorry"} <= {one.rule for one in verdict.findings}
    assert not verdict.blocks


def test_what_is_known_of_the_person_by_name_counts_as_hers_and_other_languages_break_nothing(me, now, make_person):
    anna = make_person("Anna", "Le Goff")
    told = {"channel": "sms", "author": me, "now": now, "person": anna}
    assert "Anna" in checking.judged(Draft(text="Voilà, Anna, votre vélo est prêt.", language="fr-FR", **told)).facts
    assert check(Draft(text="Guten Tag", language="de", **told)).score is not None
    assert check(Draft(text="", language="", **told)).score == 0


def test_a_template_is_held_back_where_the_brand_says_so_and_a_letter_is_not(me, now, tmp_path, monkeypatch):
    own = tmp_path / "brand.yaml"
    source = DEFAULT.read_text(encoding="utf-8")
    monkeypatch.setenv("EGARD_BRAND", str(own))
    told = {"text": COLD, "language": "fr", "channel": "email", "author": me, "now": now}
    for templates in ("{below: 50, errors: no}", "{below: 0, errors: yes}"):
        own.write_text(source.replace("{below: 0, errors: no}", templates), encoding="utf-8")
        assert not check(Draft(**told)).blocks
        with pytest.raises(StyleRefused) as refused:
            require(Draft(**told, template=True))
        assert "Chers clients" in refused.value.detail


def test_one_text_to_many_has_the_score_of_her_own_text(make_person, me, now):
    """By its fields, once; or filled with who she is: the style sees the same."""
    text = "Bonjour {{ given_name }},\n\nJe vous rappelle mardi 4 mars au 01 02 03 04 05.\n\nBien à vous,\nClaire Petit"
    told = {"language": "fr", "channel": "email", "author": me, "now": now}
    anne = make_person("Anne")
    many = check(Draft(text=text, **told)).score
    hers = check(Draft(text=text.replace("{{ given_name }}", "Anne"), person=anne, **told)).score
    assert many == hers
    assert many > check(Draft(text=text.replace("{{ given_name }}", "Madame"), **told)).score
