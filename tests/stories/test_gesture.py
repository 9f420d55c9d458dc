"""A gesture: a damaged dish is put right in one contact; a front office decides up to 2,000 EUR and is controlled
afterwards; and the counter-example, a paper voucher that takes five steps beside a credit that takes none.

Told through the pages of staff, her own space, and the API.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.journeys.gestures import catalogues
from egard.journeys.gestures.models import Gesture, Voucher
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.vouchers import redeem
from egard.kernel.access.operations import ensure_team
from egard.kernel.access.queries import viewer_for
from egard.kernel.delegations.operations import delegate, record_training, set_course
from egard.kernel.ledger.operations import open_account
from egard.kernel.messages.models import Outgoing
from egard.kernel.payments.wallet import pay
from egard.kernel.promises.models import Promise
from egard.portal import rules as portal_rules
from egard.portal.models import Session
from egard.portal.operations import new_secret, sha
from egard.portal.pages import COOKIE

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EUR = "EUR"


@pytest.fixture
def team(me):
    return ensure_team("service", "Service clients", by=me, now=utc_now())


@pytest.fixture
def hire(make_user, me, team, settings):
    """Somebody of staff with her browser: `hire("agent", alone=5_000)` decides up to 50 EUR alone."""
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]

    def make(role, name, *, alone=0, training="", learnt_until=None):
        now = utc_now()
        user = make_user(role, name=name, language="fr", teams=[team])
        if training:
            set_course(training, "Gestes commerciaux", by=me, now=now)
            record_training(user, training, valid_from=now - 90 * DAY, valid_until=learnt_until, by=me, now=now)
        if alone:
            delegate(
                "gestures.grant", user=user, per_act=alone, valid_from=now - 90 * DAY, training=training, by=me, now=now
            )
        browser = Client(headers={"Accept-Language": "fr"})
        browser.force_login(user, django_settings.AUTHENTICATION_BACKENDS[0])
        browser.user = user
        return browser

    return make


def api(browser, path, body=None):
    """The API, as the same member of staff: status and JSON."""
    address = f"/api/v1/{path}"
    sent = browser.get(address) if body is None else browser.post(address, json.dumps(body), "application/json")
    return sent.status_code, sent.json()


def space_of(person):
    """Her own space, on her phone."""
    now, secret = utc_now(), new_secret()
    lives = portal_rules.lives_until(began_at=now, now=now)
    Session.objects.create(
        token=sha(secret), person=person, device="Firefox", began_at=now, seen_at=now, expires_at=lives
    )
    browser = Client(headers={"Accept-Language": "fr"})
    browser.cookies[COOKIE] = secret
    return browser


def plain(answer):
    """What a page says, without its tags, in ordinary spaces."""
    text = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def test_a_damaged_dish_is_made_good_in_one_contact_without_a_form_and_the_auditor_finds_it(hire, make_person):
    hugo, auditor = hire("agent", "Hugo Delmas", alone=5_000), hire("auditor", "Irène Faure")
    anne = make_person("Anne", "Kerouac", email="anne@example.org", language="fr")

    # She calls: the dish arrived spilt. Hugo writes it down while she speaks.
    told = {
        "words": "Le plat est arrivé renversé.",
        "person": str(anne.uuid),
        "category": "product",
        "channel": "phone",
    }
    case = hugo.post("/complaints/new", {**told, "key": "1"}).url.strip("/").split("/")[1]

    # A button near the top, and a key, open what stands below.
    whole = hugo.get(f"/cases/{case}/").content.decode()
    assert whole.index('data-presses="panel-gestures"') < whole.index('id="case-steps"')
    assert '"keys": "v", "does": "press", "with": "panel-gestures"' in whole
    assert 'data-press="panel-gestures"' in hugo.get(f"/gestures/case/{case}/").content.decode()

    # On the case stands what fits: the first is the same dish again, with an apology, a biscuit and 5 EUR.
    assert "Faire un geste" in plain(hugo.get(f"/gestures/case/{case}/"))
    drawer = f"/gestures/for/{anne.uuid}/"
    page = hugo.get(drawer, {"case": case, "price": "13,90"})
    said = plain(page)
    assert "Le même une seconde fois 13,90 € avec Lettre d’excuses, Un biscuit de la maison, Crédit" in said
    assert "Rien à faire pour en profiter. Aucune preuve à demander." in said
    assert "C’est notre faute." in said
    key = re.search(r'name="key" value="([^"]+)"', page.content.decode())[1]

    # One click, pressed twice by an impatient hand, gives it once.
    given = {"kind": "redelivery", "minor": "1390", "case": case, "price": "13,90", "key": key,
             "responsibility": "ours", "severity": "2"}  # fmt: skip
    for _twice in range(2):
        answer = hugo.post(drawer, given, headers={"HX-Request": "true"})
        assert "Donné" in plain(answer)
    act = list(Gesture.objects.order_by("place"))
    assert [(row.kind, row.state) for row in act] == [
        (kind, "granted") for kind in ("redelivery", "apology", "cookie", "credit")
    ]
    assert {row.second_by for row in act} == {None}  # he decided alone
    assert not any(row.proof for row in act)

    # She reads it in her mail, and finds the 5 EUR on her account, with how they are used.
    mail = Outgoing.objects.get(person=anne, kind="gestures.given")
    assert "5,00\u00a0€" in mail.text
    wallet = plain(space_of(anne).get("/me/wallet/"))
    assert "Sur votre compte 5,00 €" in wallet
    assert "Dites-le en commandant ou au comptoir" in wallet  # no page of ours takes it off
    owed = Promise.objects.filter(person=anne, kind="gestures.deliver", state="open")
    assert owed.count() == 3  # the dish, the letter and the biscuit are promised, with a day

    # Afterwards the auditor finds everything: who, what, why, for which case, with no word of Hugo's needed.
    status, listed = api(auditor, f"gestures?person={anne.uuid}")
    assert status == 200
    found = listed["items"][0]
    assert (found["granted_by"]["name"], found["subject"], found["responsibility"]) == (
        "Hugo Delmas", f"case:{case}", "ours"
    )  # fmt: skip
    whole = api(auditor, f"gestures/{found['id']}")[1]["gestures"]
    assert sum(row["amount"]["amount"] for row in whole) == 1390 + 300 + 500
    status, plan = api(auditor, "gesture-audit-plans", {"name": "Novembre", "threshold": 200_000})
    assert status == 201
    since, until = utc_now() - DAY, utc_now()
    body = {"plan": plan["id"], "since": since.isoformat(), "until": until.isoformat()}
    status, drawn = api(auditor, "gesture-audits", body)
    assert (status, drawn["size"]) == (201, 4)
    assert drawn["sampled"] == 4  # of so few, all are looked at
    acts = api(auditor, f"gesture-audits/{drawn['id']}/acts")[1]["items"]
    assert {one["gesture"] for one in acts} == {str(row.uuid) for row in act}


def test_the_front_office_decides_up_to_2000_euros_and_is_controlled_afterwards(hire, make_person, me):
    now = utc_now()
    camille = hire("adviser", "Camille Roussel", alone=200_000, training="gestes", learnt_until=now + 30 * DAY)
    nadia = hire("supervisor", "Nadia Benali", alone=1_000_000)
    auditor = hire("auditor", "Irène Faure")
    paul = make_person("Paul", "Mercier", email="paul@example.org", language="fr")

    # A gearbox that fails after a week: 1,800 EUR given back, decided by her alone, once a proof was seen.
    asked = {"person": str(paul.uuid), "kind": "refund", "amount": {"amount": 180_000, "currency": EUR}, "severity": 3}
    status, refused = api(camille, "gestures", asked)
    assert (status, refused["code"]) == (422, "gestures.proof_needed")
    status, made = api(camille, "gestures", {**asked, "proof": True, "reason": "Boîte de vitesses, facture vue"})
    big = made["gestures"][0]
    assert (status, big["state"], big["second_by"]) == (201, "granted", None)

    # 300 EUR more for the same client passes 2,000: split or not, it waits for a second person, with a promise.
    more = {"person": str(paul.uuid), "kind": "credit", "amount": {"amount": 30_000, "currency": EUR}, "proof": True}
    waiting = api(camille, "gestures", more)[1]["gestures"][0]
    assert (waiting["state"], waiting["waits_for"]) == ("waiting", "authority")
    assert Promise.objects.get(kind="gestures.approval").state == "open"
    assert api(camille, f"gestures/{waiting['id']}/approval", {})[0] == 403
    assert "300,00 €" in plain(nadia.get("/worklist/gestures/"))
    agreed = nadia.post(f"/gestures/{waiting['id']}/approval/", {"amount": "300", "next": "queue"})
    assert agreed.status_code == 302
    row = Gesture.objects.get(uuid=waiting["id"])
    assert (row.state, row.granted_by, row.second_by) == ("granted", camille.user, nadia.user)

    # The day her training lapses, her authority lapses with it.
    late = now + 31 * DAY
    viewer = viewer_for(camille.user, now=late)
    assert grant(viewer, make_person("Rose"), "credit", 500, key="late", now=late).state == "waiting"

    # Strict control afterwards: all of 1,000 EUR and more is looked at, and the deviation is projected and told.
    plan = api(auditor, "gesture-audit-plans", {"name": "Gros gestes", "threshold": 100_000})[1]
    since, until = utc_now() - DAY, utc_now()
    drawn = api(
        auditor, "gesture-audits", {"plan": plan["id"], "since": since.isoformat(), "until": until.isoformat()}
    )[1]
    acts = {one["gesture"]: one for one in api(auditor, f"gesture-audits/{drawn['id']}/acts")[1]["items"]}
    assert acts[big["id"]]["certain"]
    finding = {"gesture": big["id"], "verdict": "deviation", "kind": "no_proof", "error": 180_000, "training": "gestes"}
    finding |= {"words": "La facture n’est pas au dossier", "feedback": "Joignez la facture."}
    status, _told = api(auditor, f"gesture-audits/{drawn['id']}/findings", finding)
    assert status == 201, _told
    for gesture in set(acts) - {big["id"]}:
        api(auditor, f"gesture-audits/{drawn['id']}/findings", {"gesture": gesture, "verdict": "ok"})
    result = api(auditor, f"gesture-audits/{drawn['id']}")[1]["result"]
    assert (result["judged"], result["deviating"]) == (len(acts), 1)
    assert result["in_error"]["amount"] == 180_000
    assert result["rate"]["low"] <= 1 / len(acts) <= result["rate"]["high"]


PAPER = """
  paper:
    form: voucher
    title: {fr: Bon papier de la gare, en: Paper voucher of the station}
    about: {fr: Par la poste., en: By post.}
    worth: {from: 5, to: 300, step: 5}
    valid: 12 months
    channels: [counter]
    steps:
      - {fr: Demander le formulaire, en: Ask for the form}
      - {fr: Le remplir, en: Fill it in}
      - {fr: Le poster, en: Post it}
      - {fr: Attendre le bon, en: Wait for the voucher}
      - {fr: Aller au guichet, en: Go to the counter}
"""


def test_a_voucher_of_five_steps_is_hardly_used_beside_a_credit_of_none_and_the_figure_shows_it(hire, make_person, me):
    nadia, house = hire("supervisor", "Nadia Benali", alone=100_000), hire("administrator", "Agnès Roy")
    status, told = api(house, "gesture-catalogue", {"file": catalogues.source() + PAPER})
    assert status == 201, told
    assert {kind["name"]: len(kind["steps"]) for kind in told["kinds"]}["paper"] == 5

    # Forty days ago: thirty late trains made up for on paper, thirty by a credit on the spot.
    then = utc_now() - 40 * DAY
    lead = viewer_for(nadia.user, now=then)
    till = open_account("till", unit=EUR, kind="income", by=me, now=then)
    for n in range(30):
        client = make_person("Client", str(n))
        grant(lead, client, "credit", 500, key=f"credit {n}", now=then)
        if n < 27:  # the others did not come again in the month
            pay(client, Money(500, EUR), into=till, key=f"order {n}", by=me, now=then + 20 * DAY)
        made = grant(lead, make_person("Voyageur", str(n)), "paper", 500, key=f"paper {n}", now=then)
        if n < 9:  # nine of thirty went through all of it
            code = Voucher.objects.get(gesture=made).code
            redeem(lead, code, channel="counter", key=f"used {n}", now=then + 20 * DAY)

    status, figures = api(nadia, "gesture-figures")
    assert status == 200
    effort = {one["kind"]: one for one in figures["effort"]}
    assert (effort["credit"]["steps"], effort["credit"]["used"], effort["credit"]["n"]) == (0, 27, 30)
    assert (effort["paper"]["steps"], effort["paper"]["used"], effort["paper"]["n"]) == (5, 9, 30)
    assert effort["paper"]["high"] < effort["credit"]["low"]  # far apart: the intervals do not touch
    page = plain(nadia.get("/gestures/figures/"))
    assert re.search(r"Crédit sur la prochaine commande 0 90 %", page)
    assert re.search(r"Bon papier de la gare 5 30 %", page)

    # The catalogue says what it asks, before anybody gives it.
    assert "Aller au guichet" in plain(nadia.get("/gestures/catalogue/"))
    later = grant(lead, make_person("Dernier"), "voucher", 500, key="other", now=then)
    assert later.steps == 1
