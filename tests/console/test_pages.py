"""The pages of staff, through Django's client."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from egard.base.clock import utc_now
from egard.console import words
from egard.console.middleware import RefusalMiddleware
from egard.journeys.purchases.facts import Amount, PurchaseCancelled, PurchaseMade
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Sight, User
from egard.kernel.people import operations as people
from egard.kernel.people import queries
from egard.kernel.registry import RoleType, registry
from egard.kernel.timeline.operations import record

NOBODY = UUID("0190a0a0-0000-7000-8000-000000000000")


@pytest.fixture
def anne(make_person):
    return make_person("Anne", "Lebœuf", email="anne@example.org", phone="06 12 34 56 78", roles=["customer"])


@pytest.fixture
def buy(me):
    """Records a purchase some days ago: `buy(anne, "536365", days=3)`."""

    def make(person, order, *, days=1, by=me, at=None, **more):
        now = utc_now()
        fact = PurchaseMade(order_number=order, total=Amount(1250, "EUR"), lines=[])
        moment = at or now - timedelta(days=days)
        return record(person, fact, at=moment, by=by, channel="shop", key=order, now=now, **more)

    return make


def text(response) -> str:
    """What a reader reads, without the tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_nobody_reads_a_page_without_signing_in(client, anne):
    for address in ("/", "/people/", f"/people/{anne.uuid}/", f"/people/{anne.uuid}/timeline/"):
        response = client.get(address)
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")


@pytest.mark.django_db
def test_nobody_makes_an_account_for_herself(client):
    page = client.post("/accounts/signup/", {"email": "me@example.org", "password1": "a" * 12, "password2": "a" * 12})
    assert not User.objects.exists()
    assert page.status_code == 200


@pytest.mark.django_db
def test_nobody_changes_the_address_with_which_she_signs_in(client):
    for answer in (
        client.get("/accounts/email/", headers={"accept-language": "en"}),
        client.post("/accounts/email/", {"action_send": "", "email": "anne@example.org"}),
    ):
        assert answer.status_code == 404


def test_the_list_shows_everybody_by_name_and_goes_on_by_cursor(read_as, make_person, part, monkeypatch):
    monkeypatch.setattr("egard.console.people.LIST_SIZE", 2)
    for name in ("Martin", "Allard", "Lebœuf"):
        make_person("Zoé", name)
    reader = read_as("agent")
    page = reader.get("/people/")
    assert re.findall("Allard|Lebœuf|Martin", text(page)) == ["Allard", "Lebœuf"]
    following = re.search(r'hx-get="([^"]+cursor[^"]+)"', page.content.decode()).group(1).replace("&amp;", "&")
    more = reader.get(following, headers=part("more"))
    assert re.findall("Allard|Lebœuf|Martin", text(more)) == ["Martin"]
    assert "<html" not in more.content.decode()


def test_people_without_a_name_are_told_apart_and_come_last(read_as, make_person, part):
    nameless = make_person(customer_number="17850", email="who@example.org")
    make_person(email="only@example.org")
    make_person(plate="AB-123-CD")
    make_person()
    make_person("Zoé", "Zylber")
    reader = read_as("agent")
    names = re.findall(r'<td class="list-name"><a [^>]+>(.*?)</a>', reader.get("/people/").content.decode())
    assert names == [
        "Zoé <b>Zylber</b>",
        "Customer 17850",
        "only@example.org",
        "Number plate AB123CD",
        "Name unknown",
    ]
    quick = reader.get("/people/", {"q": "1785"}, headers=part("quick")).content.decode()
    assert "Customer <mark>1785</mark>0" in quick
    assert "<h1>Customer 17850</h1>" in reader.get(f"/people/{nameless.uuid}/").content.decode()


def test_search_says_by_what_a_person_was_found_and_marks_it(read_as, anne, part):
    reader = read_as("agent")
    page = reader.get("/people/", {"q": "061234"}, headers=part("people"))
    assert "1 person found" in text(page)
    assert "<mark>6 12 34</mark>" in page.content.decode().replace("\u00a0", " ")
    quick = reader.get("/people/", {"q": "lebo"}, headers=part("quick"))
    assert f"/people/{anne.uuid}/" in quick.content.decode()


def test_a_search_that_finds_nobody_says_what_to_type(read_as, anne):
    page = read_as("agent").get("/people/", {"q": "zzz<b>"})
    assert "Nobody is known by “zzz&lt;b&gt;”" in text(page)
    assert "three letters of a name" in text(page)


def test_a_page_of_a_person_is_not_kept_by_the_browser_and_the_sight_is_logged(read_as, anne):
    reader = read_as("agent")
    page = reader.get(f"/people/{anne.uuid}/")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Anne Lebœuf" in text(page)
    assert "mailto:anne@example.org" in page.content.decode()
    assert "tel:+33612345678" in page.content.decode()
    assert Sight.objects.filter(kind="person", person_id=anne.pk, actor=f"user:{reader.user.pk}").count() == 1


def test_an_unknown_person_and_one_out_of_sight_look_the_same(read_as, anne):
    for address in (f"/people/{NOBODY}/", f"/people/{anne.uuid}/"):
        page = read_as("host").get(address)  # a host sees her own site's people; she has none
        assert page.status_code == 404
        assert page.headers["X-Egard-Refusal"] == "not_found"


def test_a_role_without_people_is_told_whom_to_ask(read_as):
    page = read_as().get("/people/")
    assert page.status_code == 403
    assert "Ask an administrator" in text(page)


def test_a_role_that_opens_no_page_lands_on_words_and_can_sign_out(read_as, monkeypatch):
    monkeypatch.setitem(registry.roles, "guest", RoleType("guest", "Guest"))
    monkeypatch.setitem(words.ROLES_AWAITING, "guest", "The lounge comes with a later release.")
    reader = read_as("guest")
    landed = reader.get("/", follow=True)
    assert landed.status_code == 200
    assert "Your role, Guest, opens no page of this release. The lounge comes" in text(landed)
    for page in (landed, reader.get("/people/")):
        assert 'action="/accounts/logout/"' in page.content.decode()
        assert 'role="search"' not in page.content.decode()  # it would only be refused
    assert 'role="search"' in read_as("agent").get("/people/").content.decode()


def test_an_analyst_begins_with_what_is_kept(read_as):
    landed = read_as("analyst").get("/", follow=True)
    assert landed.redirect_chain[-1][0] == "/cockpit/"
    assert landed.status_code == 200


def test_a_controller_does_not_see_how_to_reach_her_nor_what_happened(read_as, anne, buy):
    buy(anne, "536365")
    page = read_as("controller").get(f"/people/{anne.uuid}/")
    assert "Anne Lebœuf" in text(page)
    assert "anne@example.org" not in page.content.decode()
    assert "536365" not in page.content.decode()
    assert read_as("controller").get(f"/people/{anne.uuid}/timeline/").status_code == 403


def test_the_first_paint_takes_few_queries_whatever_the_history(read_as, anne, buy, django_assert_max_num_queries):
    for n in range(60):
        buy(anne, f"{536365 + n}", days=n)
    reader = read_as("agent")
    reader.get(f"/people/{anne.uuid}/")
    with django_assert_max_num_queries(12 + len(registry.open)):
        reader.get(f"/people/{anne.uuid}/")


def test_the_timeline_groups_by_month_and_names_each_day_once(read_as, anne, buy):
    at = utc_now().replace(year=2025, month=3, day=10, hour=9)
    for n, moment in enumerate((at, at - timedelta(hours=1), at - timedelta(days=10), at - timedelta(days=40))):
        buy(anne, f"C{n}", at=moment)
    page = read_as("agent").get(f"/people/{anne.uuid}/").content.decode()
    assert re.findall(r'class="month">([^<]+)<', page) == ["March 2025", "February 2025", "January 2025"]
    assert page.count("Monday 10 March 2025</span>") == 1


def test_older_facts_come_by_cursor_without_repeating_the_month(read_as, anne, buy, monkeypatch):
    monkeypatch.setattr("egard.console.people.PAST_SIZE", 2)
    at = utc_now().replace(year=2025, month=3, day=10, hour=9)
    for n in range(3):
        buy(anne, f"C{n}", at=at - timedelta(hours=n))
    reader = read_as("agent")
    page = reader.get(f"/people/{anne.uuid}/").content.decode()
    older = re.search(r'hx-get="([^"]+cursor[^"]+)"', page).group(1).replace("&amp;", "&")
    rest = reader.get(older).content.decode()
    assert "C2" in rest
    assert "C1" not in rest
    assert 'class="month"' not in rest
    assert "This is where it began." in rest
    assert reader.get(older.replace("cursor=", "cursor=x")).status_code == 422


def test_the_timeline_is_searched_and_says_when_nothing_is_there(read_as, anne, buy):
    buy(anne, "536365")
    reader = read_as("agent")
    found = reader.get(f"/people/{anne.uuid}/timeline/", {"in": "5363"})
    assert "<mark>5363</mark>65" in found.content.decode()
    assert "Nothing found" in text(reader.get(f"/people/{anne.uuid}/timeline/", {"in": "lantern"}))


@pytest.mark.parametrize(
    ("language", "q", "found"),
    [("fr", "commande", 2), ("fr", "annulation", 1), ("fr", "BOUTIQUE", 2), ("en", "order", 2), ("en", "web site", 0)],
)
def test_the_timeline_is_searched_by_the_words_on_the_screen(read_as, anne, buy, me, language, q, found):
    buy(anne, "536365")
    now = utc_now()
    taken = PurchaseCancelled(order_number="C536370", total=Amount(1250, "EUR"))
    record(anne, taken, at=now, by=me, channel="shop", key="c", now=now)
    page = read_as("agent", language=language).get(f"/people/{anne.uuid}/timeline/", {"in": q})
    assert page.content.decode().count('class="entry"') == found


def test_a_fact_of_which_only_the_day_is_known_shows_no_time(read_as, anne, buy):
    buy(anne, "536365", at=datetime(2025, 6, 12, tzinfo=ZoneInfo("Europe/Paris")))
    said = text(read_as("agent").get(f"/people/{anne.uuid}/timeline/"))
    assert "536365" in said
    assert "In the shop" in said
    assert "00:00" not in said
    assert "In the shop ·" not in said


def test_a_new_password_is_said(read_as):
    reader = read_as("agent", password="un bon mot de passe")
    new = {"oldpassword": "un bon mot de passe", "password1": "encore un autre mot", "password2": "encore un autre mot"}
    done = reader.post("/accounts/password/change/", new, follow=True)
    assert "Your password is changed." in text(done)


def test_a_correction_is_linked_with_what_it_corrects(read_as, anne, buy, me):
    bought, now = buy(anne, "536365"), utc_now()
    taken = PurchaseCancelled(order_number="C536365", total=Amount(1250, "EUR"), original="536365")
    back = record(anne, taken, at=now, by=me, channel="shop", key="c", now=now, corrects=bought.uuid)
    page = read_as("agent").get(f"/people/{anne.uuid}/").content.decode()
    assert f'href="#fact-{bought.uuid}"' in page
    assert f'href="#fact-{back.uuid}"' in page
    assert page.count("is-corrected") == 1


def test_what_somebody_reports_late_is_said_to_be_late_but_an_imported_past_is_not(read_as, anne, buy):
    buy(anne, "1", days=9, history=True)
    reader = read_as("agent")
    assert "learned" not in text(reader.get(f"/people/{anne.uuid}/"))
    buy(anne, "2", days=9, by=Actor("user", str(reader.user.pk)))
    assert text(reader.get(f"/people/{anne.uuid}/")).count("learned today") == 1


def test_a_panel_comes_after_the_first_paint_and_asks_its_permission(read_as, anne):
    assert f"/people/{anne.uuid}/panels/purchases/" in read_as("agent").get(f"/people/{anne.uuid}/").content.decode()
    assert "Nothing to show yet." in text(read_as("agent").get(f"/people/{anne.uuid}/panels/purchases/"))
    assert read_as("controller").get(f"/people/{anne.uuid}/panels/purchases/").status_code == 403
    assert read_as("agent").get(f"/people/{anne.uuid}/panels/nothing/").status_code == 404


def test_an_identifier_is_added_refused_with_words_removed_and_put_back(read_as, anne, part, everything):
    reader, address = read_as("agent"), f"/people/{anne.uuid}/identifiers/"
    added = reader.post(address, {"kind": "email", "value": "Second@Example.org"}, headers=part("ways"))
    assert "second@example.org" in added.content.decode()
    wrong = reader.post(address, {"kind": "email", "value": "no mail"}, headers=part("ways"))
    assert wrong.status_code == 422
    assert "it is not an e-mail address" in text(wrong)
    assert 'value="no mail"' in wrong.content.decode()
    gone = reader.post(f"{address}removal/", {"kind": "email", "value": "second@example.org"}, headers=part("ways"))
    assert "second@example.org is removed." in text(gone)
    assert "Undo" in text(gone)
    assert [e.value for e in queries.card(everything, anne).reach] == ["anne@example.org", "+33612345678"]


def test_a_form_without_script_comes_back_to_the_page(read_as, anne):
    reader, address = read_as("agent"), f"/people/{anne.uuid}/identifiers/"
    back = reader.post(address, {"kind": "email", "value": "second@example.org"}, follow=True)
    assert "Added." in text(back)
    assert "second@example.org" in text(back)
    assert reader.post(address, {"kind": "email", "value": "no mail"}).status_code == 422


def test_consent_is_given_and_withdrawn_and_both_words_are_kept(read_as, anne, part, everything):
    reader, address = read_as("agent"), f"/people/{anne.uuid}/consents/"
    said = {"purpose": "offers", "channel": "email", "proof": "on a form"}
    assert "yes" in text(reader.post(address, {**said, "given": "yes"}, headers=part("consents")))
    assert "Give" in text(reader.post(address, {**said, "given": "no"}, headers=part("consents")))
    assert [c.given for c in queries.consent_history(everything, anne).items] == [False, True]
    assert reader.post(address, {"purpose": "", "channel": "email"}, headers=part("consents")).status_code == 422


def test_who_may_not_edit_is_offered_no_form_and_refused_if_she_insists(read_as, anne):
    reader = read_as("auditor")
    assert "/identifiers/" not in reader.get(f"/people/{anne.uuid}/").content.decode()
    assert reader.post(f"/people/{anne.uuid}/consents/", {"purpose": "offers"}).status_code == 403


def test_an_erased_person_shows_that_she_was_and_offers_no_form(read_as, anne):
    people.erase(anne, now=utc_now())
    page = read_as("agent").get(f"/people/{anne.uuid}/")
    assert "Erased person" in text(page)
    assert "Lebœuf" not in page.content.decode()
    assert "Record a consent" not in text(page)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accept", "cookie", "words"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.5", "", "Se connecter"),
        ("en-GB", "", "Sign in"),
        ("de", "", "Se connecter"),  # the installation's language
        ("fr", "en", "Sign in"),
        ("en;q=0.5,x;;;q=z", "", "Se connecter"),  # a header that cannot be read says nothing
    ],
)
def test_the_language_is_the_cookies_then_the_browsers_then_the_houses(client, accept, cookie, words):
    if cookie:
        client.cookies["egard_language"] = cookie
    page = client.get("/accounts/login/", headers={"accept-language": accept})
    assert words in text(page)


def test_a_user_keeps_her_language_and_theme(read_as):
    reader = read_as("agent", language="fr")
    assert "Personnes" in text(reader.get("/people/", headers={"accept-language": "en"}))
    assert reader.post("/preferences/", {"language": "en", "next": "/people/"}).url == "/people/"
    assert reader.post("/preferences/", {"theme": "dark", "next": "https://evil.example/"}).url == "/"
    page = reader.get("/people/").content.decode()
    assert 'lang="en" data-bs-theme="dark"' in page
    reader.post("/preferences/", {"theme": "<script>", "language": "xx"})
    assert User.objects.get().theme == "dark"


def test_a_fault_of_ours_has_a_page_that_needs_nothing(rf):
    from django.views.defaults import server_error

    response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert b"Egard" in response.content


def test_other_faults_are_not_taken_for_refusals(rf):
    assert RefusalMiddleware(lambda request: None).process_exception(rf.get("/"), ValueError("x")) is None
