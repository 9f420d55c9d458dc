"""Who is spoken of, what is quoted, what is a fact of her own: where a count goes wrong if it is done by lemmas."""

from __future__ import annotations

import pytest

from egard.journeys.signature.rules import brand
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.facts import own_fields
from egard.journeys.signature.rules.persons import mentions
from egard.journeys.signature.rules.reading import read
from egard.journeys.signature.rules.source import read as source_of


def counted(text: str, language: str = "fr", names: tuple[str, ...] = ()) -> tuple[int, int]:
    """Mentions of the client and of the company."""
    found = mentions(read(source_of(text).plain), language, names)
    return sum(one.who == "client" for one in found), sum(one.who == "company" for one in found)


@pytest.mark.parametrize(
    ("text", "client", "company"),
    [
        ("Nous vous souhaitons une bonne année.", 1, 1),
        ("Nous nous engageons, et vous vous demandez pourquoi.", 1, 1),
        ("Votre carte, vos clés, la vôtre : tout est à vous.", 4, 0),
        ("Notre agence et nos conseillers, chez nous.", 0, 3),
        ("L’équipe d’accueil qu’il vous faut, j’en suis sûr.", 1, 0),
        ("Notre ton de voix compte.", 0, 1),
        ("Le ton de la lettre, un ton juste, votre ton.", 1, 0),
        ("J’ai reçu ton dossier et ta lettre, je t’écris.", 3, 0),
        ("Il s’est tu. A-t-il répondu ? Va-t’en.", 0, 0),
        ("Je tiens à le dire. Les tiens vont bien.", 1, 0),
        ("Prenez rendez-vous, dites-nous tout.", 0, 1),
        ("Notre-Dame de Paris", 0, 0),
        ("VOTRE COMMANDE EST PRÊTE", 1, 0),
        ("Aujourd’hui, jusqu’à midi, lorsqu’il viendra.", 0, 0),
    ],
)
def test_persons_are_counted_as_written_in_french(text, client, company):
    assert counted(text) == (client, company)
    assert counted(text.replace("’", "'")) == (client, company)


@pytest.mark.parametrize(
    ("text", "client", "company"),
    [
        ("We wish you a happy new year.", 1, 1),
        ("You’re right: it’s yours, do it yourself.", 3, 0),
        ("Let’s meet in the US. Tell us when.", 0, 1),
        ("Our team and ours alone, we’re sure.", 0, 3),
    ],
)
def test_persons_are_counted_as_written_in_english(text, client, company):
    assert counted(text, "en") == (client, company)


def test_names_of_the_company_count_for_it_those_of_the_brand_and_those_it_signs_with():
    assert counted("La Banque Lumière ouvre. Banque Lumière grandit.", names=("Banque Lumière",)) == (0, 2)
    signed = "Lumière ouvre et Lumière grandit.\n\nCordialement,\nL’équipe Lumière"
    assert counted(signed) == (0, 2)
    assert counted("Chez Lumière, nous avançons. Lumière grandit.") == (0, 3)


@pytest.mark.parametrize(
    "quoted",
    [
        "> nous nous félicitons de nos résultats",
        "Vous m’avez écrit « nous, nous, notre groupe ».",
        "You wrote “we, we, our group”.",
        "Le 3 mars 2025, Léa a écrit :\nnous, notre, nos",
        "https://nous.example.org/notre/nos et nos@nous.example.org",
        "Merci.\n\nCordialement,\nNous Tous, notre maison",
    ],
)
def test_quotations_replies_addresses_and_signatures_are_not_counted(quoted):
    assert counted(f"Bonjour.\n\n{quoted}")[1] == 0
    assert counted(f"Bonjour.\n\n{quoted}", "en")[1] == 0


def test_tu_is_pointed_at_where_the_brand_says_vous():
    text = "Bonjour Karim, ton vélo est prêt. Je t’appelle mardi. Soigne le ton de ta lettre."
    found = [one for one in check(text, brand.default()).findings if one.rule == "address"]
    assert [(one.text, one.suggestion) for one in found] == [("ton", "votre"), ("t’", "vous "), ("ta", "votre")]
    assert all("vouvoie" in one.message.fr for one in found)


def test_vous_is_pointed_at_where_the_brand_says_tu():
    source = brand.DEFAULT.read_text(encoding="utf-8").replace("posture: vous", "posture: tu")
    text = "Salut Karim, votre vélo est prêt, tu peux venir."
    found = [one for one in check(text, brand.read(source)).findings if one.rule == "address"]
    assert [(one.text, one.suggestion) for one in found] == [("votre", "ton")]


def test_offsets_are_code_points_of_the_given_text_whatever_it_is_made_of():
    text = "🙂 Bonjour e\u0301quipe\u00ad ! Cher client, merci de\u202fne pas répondre à ce message."
    found = check(text, brand.default()).findings
    assert {"dear_customer", "no_reply"} <= {one.rule for one in found}
    for one in found:
        assert text[one.start : one.end] == one.text


def test_html_and_markdown_are_read_as_their_words_and_point_into_the_file():
    page = (
        "<style>p {}</style><p>Bonjour,</p><p>N&rsquo;h&eacute;sitez <b>pas</b> &agrave; nous contacter,"
        " <i>cher</i> client.</p>"
    )
    found = {one.rule: one for one in check(page, brand.default(), form="html").findings}
    assert found["do_not_hesitate"].text == "N&rsquo;h&eacute;sitez <b>pas</b> &agrave; nous contacter"
    assert page[found["dear_customer"].start : found["dear_customer"].end] == found["dear_customer"].text
    told = "# Bonjour\n\nN’hésitez **pas** à [nous contacter](https://nous.example.org).\n\n```\nnous nous nous\n```\n"
    found = {one.rule: one for one in check(told, brand.default(), form="markdown").findings}
    assert found["do_not_hesitate"].text == "N’hésitez **pas** à [nous contacter"
    assert "repeated_word" not in found


def test_what_is_named_as_her_own_counts_most_a_first_name_hardly():
    text = "Bonjour Anna,\n\nVous avez choisi le modèle bleu pour votre terrasse. Appelez-moi."
    alone = check(text, brand.default())
    named = check(text, brand.default(), named={"given_name": "Anna", "model": "modèle bleu", "place": "terrasse"})
    assert alone.facts == ("Anna",)
    assert named.facts == ("Anna", "modèle bleu", "terrasse")
    assert (alone.parts["facts"], named.parts["facts"]) == (17, 83)
    same = check("Bonjour Anna,\n\nVous êtes plus de 200 000 à nous suivre depuis 2014.", brand.default())
    assert same.facts == ("Anna",)


def test_merge_fields_of_a_template_are_her_own_but_not_those_of_the_house():
    text = (
        "Bonjour {{ given_name }},\n\nVotre commande {{ order.number }} part le {{ leaves_on }}."
        " {{ brand }} {{ site_url }}"
    )
    found = check(text, brand.default())
    assert found.facts == ("{{ given_name }}", "{{ order.number }}", "{{ leaves_on }}")


def test_only_fields_that_differ_between_recipients_are_facts_of_ones_own():
    recipients = [
        {"name": "Anna", "year": "2025", "order": "A-1", "city": "Lyon"},
        {"name": "Karim", "year": "2025", "order": "A-2", "city": "Lyon"},
        {"name": "Zoé", "year": "2025", "order": "A-3", "city": "Lyon"},
    ]
    assert own_fields(recipients) == ("name", "order")


def test_a_moment_asks_for_its_markers_and_says_which_are_missing():
    text = "Bonjour Anna, votre lave-linge arrive jeudi à 9 h. Appelez-moi au 01 44 00 00 12. Camille Martin"
    found = {one.rule: one for one in check(text, brand.default(), moment="apology").findings}
    assert {"moment_sorry", "moment_repaired"} <= set(found)
    assert "Je vous présente mes excuses." in found["moment_sorry"].suggestion
    better = check(
        f"Je vous présente mes excuses. {text} Les frais sont remboursés.", brand.default(), moment="apology"
    )
    assert not {one.rule for one in better.findings} & {"moment_sorry", "moment_repaired"}


def test_an_apology_says_what_is_put_right_in_its_own_words():
    text = (
        "Dear Anna, I am sorry. You get it back tomorrow morning before 10. Call me on 01 44 00 00 12. Camille Martin"
    )
    assert "moment_repaired" not in {one.rule for one in check(text, brand.default(), moment="apology").findings}


def test_one_sentence_has_one_proposal_and_what_is_missing_stands_before_the_signature():
    text = "Bonjour Anna,\n\nVeuillez nous excuser de la gêne occasionnée.\n\nL’équipe"
    found = check(text, brand.default()).findings
    assert "about_company" not in {one.rule for one in found}
    missing = [one for one in found if one.rule == "no_next_step"]
    assert [one.suggestion.startswith("L’équipe") for one in missing] == [False]
    assert missing[0].text == "Veuillez nous excuser de la gêne occasionnée."


def test_what_a_proposal_keeps_still_counts():
    """*Votre dossier* is hers, whatever stands before it."""
    text = "Nous avons le plaisir de vous annoncer que votre dossier est prêt."
    found = check(text, brand.default())
    assert [(one.text, one.suggestion) for one in found.findings if one.rule == "pleased_to_announce"] == [
        ("Nous avons le plaisir de vous annoncer que votre", "Votre")
    ]
    assert (found.client, found.company) == (1, 1)


@pytest.mark.parametrize(
    ("words", "reached"),
    [
        ("Choisissez quand je vous appelle : https://maison.example/p/call/pAZ4-xY7:sig/", True),
        ("Choisissez quand je vous appelle : {{ call_link }}", True),
        ("Tout est ici : https://maison.example/boutique/", False),
    ],
)
def test_the_link_by_which_she_is_called_is_a_way_to_reach_who_writes(words, reached):
    found = check(f"Bonjour Anna, votre manteau est prêt. {words}\n\nCamille Martin", brand.default(), language="fr")
    assert ("no_direct_line" in {one.rule for one in found.findings}) != reached
