"""A complaint (part one): from any channel, from anybody; joined where it is the same, acknowledged, answered in time;
and one that is settled at once.

Told through the API, the pages of staff, and her own space.
"""

from __future__ import annotations

import json

import pytest
from django.conf import settings as django_settings
from django.test import Client

from egard.base.clock import utc_now
from egard.journeys.complaints.models import Complaint
from egard.kernel.access.operations import create_api_key
from egard.kernel.promises.models import Promise
from egard.portal import rules as portal_rules
from egard.portal.models import Session
from egard.portal.operations import new_secret, sha
from egard.portal.pages import COOKIE

pytestmark = pytest.mark.django_db
SCOPES = ["people.read", "timeline.read", "cases.read", "cases.work", "complaints.receive", "complaints.figures"]


@pytest.fixture
def shop(me):
    """The till's program: `shop("POST", "complaints", {…})` gives status and JSON."""
    _key, secret = create_api_key(name="till", scopes=SCOPES, expires_at=None, by=me, now=utc_now())

    def call(method, path, body=None, **headers):
        answer = Client().generic(
            method, f"/api/v1/{path}", json.dumps(body) if body is not None else "", "application/json",
            headers={"Authorization": f"Bearer {secret}", **{k.replace("_", "-"): v for k, v in headers.items()}},
        )  # fmt: skip
        return answer.status_code, json.loads(answer.content or b"null")

    return call


@pytest.fixture
def hugo(make_user, settings):
    """An agent at his desk."""
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    browser = Client()
    browser.force_login(
        make_user("agent", name="Hugo Delmas", language="fr"), django_settings.AUTHENTICATION_BACKENDS[0]
    )
    return browser


@pytest.fixture
def elodie(make_person):
    return make_person("Élodie", "Lebœuf", email="elodie@example.org", language="fr")


@pytest.fixture
def her_phone(elodie):
    """Her own space, on her phone."""
    now, secret = utc_now(), new_secret()
    lives = portal_rules.lives_until(began_at=now, now=now)
    Session.objects.create(
        token=sha(secret), person=elodie, device="Firefox", began_at=now, seen_at=now, expires_at=lives
    )
    browser = Client(headers={"Accept-Language": "fr"})
    browser.cookies[COOKIE] = secret
    return browser


def test_a_complaint_is_joined_acknowledged_and_answered_in_time(shop, hugo, elodie, her_phone):
    # She writes it herself, in the evening, from her phone. What is promised stands there at once.
    page = her_phone.get("/me/complaints/").content.decode()
    assert "10\u00a0jours ouvrables" in page
    sent = {"words": "Ma bouilloire fuit depuis le premier jour.", "order_number": "A-17", "key": "1"}
    for _twice in range(2):  # the train goes into a tunnel, and she presses again
        assert her_phone.post("/me/complaints/", sent).status_code == 302
    assert Complaint.objects.count() == 1
    page = her_phone.get("/me/complaints/").content.decode()
    assert "Ma bouilloire fuit depuis le premier jour" in page
    assert "accusé de réception de votre réclamation" in page

    # The next day she stands in the shop. As Hugo types, he is shown that one of hers is open; he says it is the same.
    typed = {"person": str(elodie.uuid), "words": "bouilloire qui fuit encore", "order_number": "a17"}
    shown = hugo.post("/complaints/new/joins", typed).content.decode()
    assert "même commande" in shown
    complaint = Complaint.objects.select_related("case").get()
    uuid = str(complaint.case.uuid)
    answer = hugo.post("/complaints/new", {**typed, "into": uuid, "channel": "shop", "key": "2"})
    assert (answer.status_code, answer.url) == (302, f"/cases/{uuid}/")
    status, told = shop("GET", f"complaints/{uuid}")
    assert (status, told["contacts"], told["status"], told["person"]) == (200, 2, "open", str(elodie.uuid))

    # He says what it is about, acknowledges it, finds out, and answers.
    for step, data in (
        ("listen", {"category": "product"}),
        ("acknowledge", {}),
        ("establish", {"founded": True, "cause": "joint"}),
        ("answer", {"answer": "Une bouilloire neuve part aujourd’hui."}),
    ):
        status, said = shop("POST", f"cases/{uuid}/steps/{step}/completion", {"data": data})
        assert status in (200, 201), said
    status, said = shop("POST", f"cases/{uuid}/closure", {"outcome": "satisfied"})
    assert status in (200, 201), said

    # Both promises are kept, her timeline tells it, and she reads the answer.
    assert set(Promise.objects.values_list("kind", "state")) == {
        ("complaints.acknowledge", "kept"),
        ("complaints.answer", "kept"),
    }
    kinds = [one["kind"] for one in shop("GET", f"people/{elodie.uuid}/timeline?limit=50")[1]["items"]][::-1]
    told = [kind.split("/")[0].removeprefix("complaints.") for kind in kinds if kind.startswith("complaints.")]
    assert told == ["received", "received", "acknowledged", "answered", "closed"]
    assert "Une bouilloire neuve part aujourd’hui." in her_phone.get("/me/complaints/").content.decode()


def test_a_complaint_is_settled_at_once_and_counted(shop, hugo, elodie):
    # On the phone: she was charged twice. Hugo takes it back while she speaks; one screen, one click.
    page = hugo.get(f"/complaints/new?person={elodie.uuid}").content.decode()
    assert "Élodie Lebœuf" in page
    typed = {"person": str(elodie.uuid), "words": "Débitée deux fois", "category": "price", "channel": "phone",
             "at_once": "yes", "settled": "Second débit annulé", "outcome": "satisfied", "key": "1"}  # fmt: skip
    assert hugo.post("/complaints/new", typed).status_code == 302
    (one,) = shop("GET", f"complaints?person={elodie.uuid}")[1]["items"]
    assert (one["status"], one["outcome"], one["once_and_done"]) == ("closed", "satisfied", None)
    assert not Promise.objects.exists()
    figures = shop("GET", "complaint-figures")[1]
    assert (figures["received"], figures["watched"], figures["once_and_done"]["n"]) == (1, 1, 0)  # thirty days to go

    # Somebody who is no client complains too, by a program of the switchboard: once, however often it is sent.
    body = {"words": "Votre livreur bloque ma porte", "contact": "06 12 34 56 78", "channel": "voice"}
    first = shop("POST", "complaints", body, Idempotency_Key="call-77")
    assert first[0] == 201
    assert shop("POST", "complaints", body, Idempotency_Key="call-77") == first
    assert first[1]["person"] is None
    assert Complaint.objects.count() == 2
    assert shop("POST", "complaints", {"words": " "})[1]["code"] == "complaints.nothing_said"
