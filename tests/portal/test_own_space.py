"""What a person sees and does in her own space, as pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from egard.kernel.access.models import Change, Sight
from egard.kernel.access.operations import create_api_key, log_sight
from egard.kernel.access.queries import system_viewer, viewer_for, viewer_for_key
from egard.kernel.lifecycle.operations import export_person
from egard.kernel.messages.models import Outgoing
from egard.kernel.people.models import Consent, Person
from egard.kernel.people.operations import record_consent
from egard.portal.models import Code, Session

pytestmark = pytest.mark.django_db


@pytest.fixture
def hers(signed_in):
    browser = signed_in()
    browser.cookies["egard_language"] = "en"
    return browser


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_she_sees_what_is_held_and_corrects_it_in_her_own_name(anne, hers):
    page = text(hers.get("/me/data/"))
    for piece in ("Anne Kerouac", "anne@example.org", "17850", "6 12 34 56 78"):
        assert piece in page
    assert hers.post("/me/data/name/", {"given_name": "Anna", "family_name": "Kerouac"}).status_code == 302
    answer = hers.post("/me/data/address/", {"address": "1 rue de Siam, 29200 Brest", "country": "France"})
    assert answer.status_code == 422
    assert "1 rue de Siam" in answer.content.decode()
    assert hers.post("/me/data/address/", {"address": "1 rue de Siam, 29200 Brest", "country": "fr"}).status_code == 302
    assert hers.post("/me/data/phone/", {"phone": "12"}).status_code == 422
    assert hers.post("/me/data/phone/", {"phone": "06 98 76 54 32"}).status_code == 302
    assert hers.post("/me/data/phone/removal/", {"phone": "+33612345678"}).status_code == 302
    anne.refresh_from_db()
    assert (anne.given_name, anne.address, anne.country) == ("Anna", "1 rue de Siam, 29200 Brest", "FR")
    assert list(anne.identifiers.filter(kind="phone").values_list("value", flat=True)) == ["+33698765432"]
    changes = Change.objects.filter(actor=f"person:{anne.uuid}").order_by("id")
    assert [change.what for change in changes] == [
        "portal.corrected",
        "portal.corrected",
        "portal.phone_added",
        "portal.phone_removed",
    ]
    assert "Brest" not in json.dumps([change.detail for change in changes])


def test_another_address_is_hers_once_she_typed_the_code_that_came_there(anne, hers, carry_out, now):
    hers.post("/me/data/email/", {"email": "new@example.org", "replaces": "anne@example.org"})
    carry_out()
    letter = Outgoing.objects.get(kind="portal.address")
    assert letter.to == "new@example.org"
    assert hers.post("/me/data/email/code/", {"code": "no code"}).status_code == 422
    assert anne.identifiers.filter(value="anne@example.org").exists()
    code = re.search(r"\b\d{6}\b", letter.text)[0]
    assert hers.post("/me/data/email/code/", {"code": code}).status_code == 302
    assert list(anne.identifiers.filter(kind="email").values_list("value", flat=True)) == ["new@example.org"]
    assert Outgoing.objects.get(kind="portal.address_changed").to == "anne@example.org"
    assert hers.post("/me/data/email/code/", {"code": code})["Location"] == "/me/data/email/"


def test_an_address_that_her_family_has_becomes_shared(anne, hers, make_person, carry_out):
    paul = make_person("Paul", "Kerouac", email="home@example.org")
    hers.post("/me/data/email/", {"email": "home@example.org"})
    carry_out()
    code = re.search(r"\b\d{6}\b", Outgoing.objects.get(kind="portal.address").text)[0]
    hers.post("/me/data/email/code/", {"code": code})
    assert anne.identifiers.filter(value="home@example.org", exclusive=False).exists()
    assert paul.identifiers.filter(value="home@example.org", exclusive=False).exists()
    assert Outgoing.objects.get(kind="portal.address_added").to == "anne@example.org"


def test_a_code_for_an_address_opens_no_session_and_the_other_way_round(anne, hers, browser_of, ask, carry_out):
    hers.post("/me/data/email/", {"email": "new@example.org"})
    carry_out()
    code = re.search(r"\b\d{6}\b", Outgoing.objects.get(kind="portal.address").text)[0]
    other = browser_of()
    ask(other)
    other.cookies["egard_me_asks"] = hers.cookies["egard_me"].value
    assert other.post("/me/sign-in/code/", {"code": code})["Location"] == "/me/sign-in/"


def test_her_word_holds_and_every_word_is_shown(anne, hers, me, now):
    record_consent(anne, "offers", "email", given=True, proof="In the shop", by=me, now=now)
    page = hers.get("/me/choices/").content.decode()
    assert re.search(r'id="s-offers-email" aria-checked="true"', page)
    answer = hers.post("/me/choices/one/", {"purpose": "offers", "channel": "email", "given": "no"})
    assert answer.status_code == 302
    latest = Consent.objects.filter(person=anne).latest("id")
    assert (latest.given, latest.by) == (False, f"person:{anne.uuid}")
    part = hers.post(
        "/me/choices/one/", {"purpose": "surveys", "channel": "sms", "given": "yes"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert re.search(r'id="s-surveys-sms" aria-checked="true"', part)
    assert "In the shop" in part
    wrong = hers.post("/me/choices/one/", {"purpose": "", "channel": "sms", "given": "yes"})
    assert wrong.status_code == 422


def test_she_reads_who_saw_her_file_in_which_role_but_no_name(anne, hers, make_user, me, now, settings):
    adviser = make_user("adviser", name="Camille Roussel")
    for _ in range(3):
        log_sight(viewer_for(adviser), "person", person_id=anne.pk, now=now)
    log_sight(viewer_for(adviser), "panel", person_id=anne.pk, detail="purchases", now=now)
    log_sight(replace(viewer_for(adviser), reason="She called us"), "reason", person_id=anne.pk, now=now)
    auditor = make_user("auditor", name="Agnès Collin")
    export_person(viewer_for(auditor), anne, now=now)
    _key, secret = create_api_key(name="Loyalty till", scopes=["all"], by=me, now=now)
    log_sight(viewer_for_key(secret, now=now), "person", person_id=anne.pk, now=now)
    page = text(hers.get("/me/sights/"))
    assert "Adviser opened your file, 5 times Reason: “She called us”" in page
    assert "Auditor took a copy of everything" in page
    assert "A program (Loyalty till) opened your file" in page
    assert "Camille" not in page
    settings.PORTAL_SHOWS_STAFF_NAMES = True
    assert "Camille Roussel (Adviser)" in text(hers.get("/me/sights/"))


def test_who_saw_it_costs_the_same_however_often(anne, hers, make_user, now, django_assert_max_num_queries):
    viewers = [viewer_for(make_user("agent")) for _ in range(8)]
    for viewer in viewers * 30:
        log_sight(viewer, "person", person_id=anne.pk, now=now)
    with django_assert_max_num_queries(6):
        page = hers.get("/me/sights/")
    following = re.search(r'href="\?cursor=([^"]+)"', page.content.decode())[1]
    assert text(hers.get(f"/me/sights/?cursor={following}")).count("opened your file") == 1
    assert "Agent · 8 colleagues opened your file, 200 times" in text(page)


def test_what_somebody_did_all_day_is_one_line_by_whatever_door(anne, hers, make_user, now):
    agent = viewer_for(make_user("agent"))
    for n in range(19):
        looker = replace(agent, channel="api") if n % 2 else agent
        log_sight(looker, ("person", "panel", "timeline", "messages")[n % 4], person_id=anne.pk, now=now)
        log_sight(system_viewer(f"part-{n}"), "person", person_id=anne.pk, now=now)
    page = text(hers.get("/me/sights/"))
    assert page.count("opened your file") == 2
    assert "Agent opened your file, 19 times" in page
    assert "Our own system opened your file, 19 times" in page


def test_her_copy_holds_everything_and_is_her_own_doing(anne, hers, carry_out):
    answer = hers.post("/me/data/copy/")
    assert answer["Content-Disposition"].startswith("attachment")
    held = json.loads(answer.content)
    assert held["people"]["family_name"] == "Kerouac"
    assert held["portal"][0]["device"] == "Chrome, Android"
    assert not re.search(r"\d{6} is your code", answer.content.decode())
    assert Sight.objects.get(kind="export").actor == f"person:{anne.uuid}"
    assert not Outgoing.objects.filter(kind="messages.exported").exists()
    assert "You took a copy of everything" in text(hers.get("/me/sights/"))


def test_she_erases_herself_by_a_typed_word_and_is_told(anne, hers, carry_out):
    assert hers.post("/me/data/erasure/", {"word": "yes"}).status_code == 422
    answer = hers.post("/me/data/erasure/", {"word": "erase"})
    assert answer["Location"] == "/me/erased/"
    assert "You are erased" in text(hers.get("/me/erased/"))
    anne.refresh_from_db()
    assert anne.erased_at
    assert anne.name == ""
    assert hers.get("/me/").status_code == 302
    assert (Session.objects.count(), Code.objects.count()) == (0, 0)
    farewell = Outgoing.objects.get(kind="messages.erased")
    assert (farewell.to, farewell.language) == ("anne@example.org", "fr")
    carry_out()
    assert set(Outgoing.objects.values_list("to", flat=True)) == {""}
    assert Change.objects.get(what="people.erased").actor == f"person:{anne.uuid}"


def test_she_reads_in_her_language_and_is_written_to_in_it(anne, signed_in):
    hers = signed_in(language="de")
    assert hers.get("/me/")["Content-Language"] == "fr"  # neither she nor her browser says otherwise
    assert signed_in(language="en-GB").get("/me/")["Content-Language"] == "en"
    hers.post("/me/preferences/", {"language": "en", "next": "/me/sights/"})
    assert hers.get("/me/")["Content-Language"] == "en"
    anne.refresh_from_db()
    assert anne.language == "en"


@pytest.mark.django_db(transaction=True)
def test_what_a_journey_has_open_for_her_eyes_stands_on_her_page(anne, hers, settle, me, now):
    from egard_parcels.operations import send

    send(anne, "P-1", carrier="La Poste", by=me, now=now)
    settle()
    assert "P-1" in text(hers.get("/me/"))


def test_one_person_never_reaches_anothers(anne, hers, make_person, signed_in):
    other = make_person("Zoé", "Martin", email="zoe@example.org")
    session = Session.objects.create(
        token=b"x" * 32, person=other, began_at=anne.created_at, seen_at=anne.created_at, expires_at=anne.created_at
    )
    assert hers.post(f"/me/devices/{session.uuid}/").status_code == 404
    assert hers.post("/me/data/phone/removal/", {"phone": "+33600000000"}).status_code == 404
    assert Person.objects.get(pk=other.pk).name == "Zoé Martin"
