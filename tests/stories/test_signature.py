"""signature: every message carries the brand's own relational style and speaks of the client.

Two new-year messages: one speaks to this client, with facts of his own and useful tips, and says nothing of the
company; the other tells the company's achievements, looks personal, and is the same for all. They come out far apart
on the page, by the API and by the command, and why is said in words.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email.message import EmailMessage
from html import unescape

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse

from egard.base.clock import utc_now
from egard.journeys.signature.tests.pairs_told import PAIRS
from egard.kernel.access.operations import create_api_key
from egard.kernel.messages.arriving import receive_email
from egard.site.commands import signature as command

MOMENTS = ("new_year", "apology", "refusal")


def first_pair(moment: str) -> dict:
    """By language."""
    return {
        language: next(p for of, _n, p in PAIRS if (of, p["moment"]) == (language, moment)) for language in ("fr", "en")
    }


NEW_YEAR, REFUSAL = first_pair("new_year"), first_pair("refusal")
FAR = 50
"""Points of 100 between the two, whoever asks."""


def counted(words: str) -> str:
    """`once` and `twice` as figures."""
    return words.replace("once", "1 time").replace("twice", "2 times")


@pytest.fixture
def by_api(client, me, now, db):
    _key, secret = create_api_key(name="writers", scopes=["signature.check"], by=me, now=now)

    def judged(text, **more):
        answer = client.post(
            "/api/v1/signature/check",
            {"text": text, "moment": "new_year", **more},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert answer.status_code == 200
        return answer.json()

    return judged


@pytest.mark.parametrize("language", ["fr", "en"])
def test_two_new_year_messages_come_out_far_apart_on_every_way_and_why_is_said(
    language, by_api, client, make_user, tmp_path, monkeypatch
):
    pair = NEW_YEAR[language]
    # a program
    to_him, about_us = by_api(pair["client"]), by_api(pair["company"])
    assert to_him["score"] - about_us["score"] >= FAR
    assert to_him["language"] == about_us["language"] == language
    assert about_us["parts"]["facts"] == 0
    assert len(to_him["facts"]) >= 3
    of_him, of_us = (int(n) for n in re.findall(r"\d+", counted(about_us["why"]["focus"][language])))
    assert of_him < of_us
    for one in about_us["findings"]:
        assert pair["company"][one["from"] : one["to"]] == one["text"]
        assert one["message"][language]

    # a writer, on the page
    client.force_login(make_user("agent"))
    shown = {}
    for side in ("client", "company"):
        told = {"text": pair[side], "moment": "new_year"}
        answer = client.post(reverse("signature:write"), told, headers={"Accept-Language": language})
        shown[side] = unescape(answer.content.decode())
    scores = {side: int(re.search(r'<b class="number">(\d+)</b>', page).group(1)) for side, page in shown.items()}
    assert scores == {"client": to_him["score"], "company": about_us["score"]}
    assert {"fr": "Parle de nous-mêmes", "en": "Speaks of ourselves"}[language] in shown["company"]
    assert {"fr": "Parle au client", "en": "Speaks to the client"}[language] in shown["client"]

    # a build, by the command
    monkeypatch.setenv("EGARD_DATA", str(tmp_path / "data"))
    for side in ("client", "company"):
        (tmp_path / f"{side}.txt").write_text(pair[side], encoding="utf-8")
    files = [str(tmp_path / "client.txt"), str(tmp_path / "company.txt")]
    done = CliRunner().invoke(command.signature, ["check", *files, "--moment", "new_year", "--min", "60", "--json"])
    assert done.exit_code == 1
    assert [one["score"] for one in json.loads(done.output)] == [scores["client"], scores["company"]]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_every_pair_of_a_moment_comes_out_far_apart_and_why_is_said_in_words(language, moment, by_api):
    pairs = [pair for of, _n, pair in PAIRS if (of, pair["moment"]) == (language, moment)]
    assert len(pairs) == 3
    for pair in pairs:
        to_her, about_us = (by_api(pair[side], moment=moment) for side in ("client", "company"))
        assert to_her["score"] - about_us["score"] >= FAR
        assert all(about_us["why"][part][language] for part in about_us["parts"])
        assert len(about_us["findings"]) > len(to_her["findings"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_two_refusals_written_in_the_inbox_leave_by_real_mail_and_stand_far_apart_in_how_we_write(
    language, make_user, make_person, mailbox, carry_out, settle, settings, tmp_path
):
    settings.MAIL_AUTH_HOSTS, settings.MEDIA_ROOT = ("mx.maison.example",), tmp_path
    pages = Client(headers={"Accept-Language": language})
    pages.force_login(make_user("supervisor", name="Camille Martin"))
    for n, side in enumerate(("client", "company")):
        make_person("Anna", f"Le Goff{n}", email=f"anna{n}@example.org", language=language)
        letter = EmailMessage()
        letter["Authentication-Results"] = "mx.maison.example; dmarc=pass header.from=example.org"
        letter["From"], letter["To"], letter["Subject"] = f"anna{n}@example.org", "a@maison.example", "?"
        letter.set_content({"fr": "Pouvez-vous me répondre ?", "en": "Can you answer me, please?"}[language])
        thread = receive_email(letter.as_bytes(), source="test", now=utc_now()).message.thread
        page = pages.get(f"/inbox/{thread.uuid}/").content.decode()
        told = {name: re.search(f'name="{name}" value="([^"]*)"', page)[1] for name in ("key", "seen")}
        told |= {"what": "reply", "moment": "refusal", "text": REFUSAL[language][side]}
        assert pages.post(f"/inbox/{thread.uuid}/say/", told).status_code in (200, 302)
    carry_out(at=utc_now() + timedelta(seconds=11))
    settle()
    sent = {letter["To"]: letter.get_body(("plain",)).get_content() for letter in mailbox.letters}
    assert set(sent) == {"anna0@example.org", "anna1@example.org"}
    first = REFUSAL[language]["client"].split("\n")[0]
    assert first in sent["anna0@example.org"]
    shown = pages.get(reverse("signature:sent")).content.decode()
    scores = sorted(int(score) for score in re.findall(r'<b class="number tone-\w*">(\d+)</b>', shown))
    assert scores[-1] - scores[0] >= FAR


def test_you_in_every_line_and_the_same_for_all_is_not_personal(by_api):
    """It says “you” throughout; nothing in it is one person's own, and that is what it is told."""
    looks = (
        "Dear customer,\n\nYou are at the heart of what we do. You trust us, you choose"
        " us, you make us better. Thousands of"
        " you have enjoyed our new services this year.\n\nYour satisfaction is our reward.\n\nThe team"
    )
    found = by_api(looks)
    assert found["facts"] == []
    assert found["score"] < 45
    assert {"no_own_fact", "dear_customer", "said_to_all"} <= {one["rule"] for one in found["findings"]}


STIFF = {
    "fr": (
        "Bonjour Anna,\n\nSuite à votre appel du 3 mars, nous vous informons que votre dossier est complet. Nous vous"
        " enverrons votre carte jeudi. Vous devez la signer. Veuillez noter que le code arrive le lendemain, par la"
        " poste.\n\nCordialement,\nCamille Martin"
    ),
    "en": (
        "Dear Anna,\n\nFurther to your call of 3 March, please note that your file"
        " is complete. We will send you your card"
        " on Thursday. You must sign it. Please be advised that the code follows by post.\n\nRegards,\nCamille Martin"
    ),
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_taking_each_proposal_makes_a_stiff_message_better_and_leaves_what_needs_the_writer(language, by_api):
    """From the last word to the first, so that offsets hold."""
    text, found = STIFF[language], by_api(STIFF[language], moment="")
    for one in sorted(found["findings"], key=lambda f: -f["from"]):
        if one["part"] in ("focus", "posture", "clarity") and "[" not in one["suggestion"]:
            text = text[: one["from"]] + one["suggestion"] + text[one["to"] :]
    better = by_api(text, moment="")
    assert better["score"] >= found["score"] + 10
    assert {
        "fr": "votre dossier est complet. Vous recevrez votre carte jeudi. Il vous suffit de la signer. Le code",
        "en": "your file is complete. You will receive your card on Thursday. Please sign it. The code",
    }[language] in text
