"""A code opens her own space: once, in one browser, for ten minutes, and to nobody who guesses."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection

from egard.base import browsers
from egard.base.ids import new_id
from egard.base.refusal import NotFound
from egard.kernel.messages.models import Outgoing
from egard.kernel.people.operations import add_identifier
from egard.portal import rules
from egard.portal.models import Code, Session
from egard.portal.operations import (
    ask_code,
    end_other_sessions,
    end_session,
    new_secret,
    note_seen,
    open_session,
    redeem,
    send_code,
    tidy,
)
from egard.portal.refusals import TooManyCodes, WrongCode

pytestmark = pytest.mark.django_db


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_code_signs_in_and_leads_back_to_where_she_was_going(anne, browser_of, ask):
    browser = browser_of()
    asked = browser.get("/me/data/")
    assert asked["Location"] == "/me/sign-in/?next=%2Fme%2Fdata%2F"
    code = ask(browser)
    answer = browser.post("/me/sign-in/code/", {"code": f" {code[:3]} {code[3:]} ", "next": "/me/data/"})
    assert answer["Location"] == "/me/data/"
    assert "Anne Kerouac" in browser.get("/me/data/").content.decode()
    cookie = answer.cookies["egard_me"]
    assert cookie["httponly"]
    assert cookie["path"] == "/me/"
    stored = Session.objects.get()
    assert bytes(stored.token) not in cookie.value.encode()
    assert stored.device == "Chrome, Android"


def test_nobody_is_led_away_after_signing_in(anne, browser_of, ask):
    browser = browser_of()
    for place in ("https://evil.example/me/", "//evil.example", "/people/", "/me/../people/\\evil"):
        answer = browser.post("/me/sign-in/code/", {"code": ask(browser), "next": place})
        assert answer["Location"].startswith("/me/"), place
        browser.cookies.clear()


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(anne, browser_of, ask):
    """Same page, same questions of the database, in the same order: nothing to time."""
    from django.test.utils import CaptureQueriesContext

    pages, asked = {}, {}
    for address in ("anne@example.org", "nobody@example.org"):
        browser = browser_of()
        with CaptureQueriesContext(connection) as queries:
            answer = browser.post("/me/sign-in/", {"email": address})
        asked[address] = [query["sql"].split(" ")[0] for query in queries]
        page = browser.get(answer["Location"]).content.decode()
        with CaptureQueriesContext(connection) as queries:
            tried = browser.post("/me/sign-in/code/", {"code": "000000"})
        asked[address] += [query["sql"].split(" ")[0] for query in queries]
        pages[address] = [
            (tried.status_code, re.sub(r'"[A-Za-z0-9]{64}"', "", text.replace(address, "…")).split("<main")[1])
            for text in (page, tried.content.decode())
        ]
    assert asked["anne@example.org"] == asked["nobody@example.org"]
    assert pages["anne@example.org"] == pages["nobody@example.org"]
    assert ask(browser_of(), "nobody@example.org") is None


def test_an_address_that_is_none_is_explained(browser_of, db):
    answer = browser_of().post("/me/sign-in/", {"email": "no address"})
    assert answer.status_code == 422
    assert "email-error" in answer.content.decode()
    assert Code.objects.count() == 0


def test_a_code_guessed_a_thousand_times_opens_nothing(anne, browser_of, ask, now):
    browser = browser_of()
    code, cookie = ask(browser), browser.cookies["egard_me_asks"].value
    for n in range(1000):
        guess = f"{n:06d}" if f"{n:06d}" != code else "999999"
        if n < 10:
            assert browser.post("/me/sign-in/code/", {"code": guess}).status_code == 422
        else:
            with pytest.raises(WrongCode):
                redeem(guess, browser=cookie, now=now)
    assert browser.post("/me/sign-in/code/", {"code": code}).status_code == 422
    assert Code.objects.get().guesses == rules.GUESSES_MAX
    assert Session.objects.count() == 0


def test_a_code_works_once(anne, browser_of, ask):
    browser = browser_of()
    code, cookie = ask(browser), browser.cookies["egard_me_asks"].value
    assert browser.post("/me/sign-in/code/", {"code": code}).status_code == 302
    browser.cookies.clear()
    browser.cookies["egard_me_asks"] = cookie
    assert browser.post("/me/sign-in/code/", {"code": code})["Location"] == "/me/sign-in/"
    with pytest.raises(WrongCode):
        redeem(code, browser=cookie, now=Code.objects.get().asked_at)
    assert Session.objects.count() == 1


def test_a_code_works_in_the_browser_that_asked_for_it_alone(anne, browser_of, ask):
    hers, other = browser_of(), browser_of()
    code = ask(hers)
    assert other.post("/me/sign-in/code/", {"code": code})["Location"] == "/me/sign-in/"
    ask(other)
    assert other.post("/me/sign-in/code/", {"code": code}).status_code == 422
    assert hers.post("/me/sign-in/code/", {"code": code}).status_code == 302


def test_a_code_is_over_after_ten_minutes_and_when_another_is_asked_for(anne, browser_of, ask, clock):
    browser = browser_of()
    code = ask(browser)
    clock.now += rules.CODE_LIVES
    assert browser.post("/me/sign-in/code/", {"code": code}).status_code == 422
    first, cookie = ask(browser), browser.cookies["egard_me_asks"].value
    second = ask(browser)
    with pytest.raises(WrongCode):
        redeem(
            first if first != second else wrong(first), browser=browser.cookies["egard_me_asks"].value, now=clock.now
        )
    assert cookie != browser.cookies["egard_me_asks"].value
    assert browser.post("/me/sign-in/code/", {"code": second}).status_code == 302


def test_no_mailbox_is_flooded_and_no_address_guessed_at_for_long(anne, browser_of, clock, now):
    def asks(address, place):
        return browser_of(place=place).post("/me/sign-in/", {"email": address}).status_code

    for n in range(rules.CODES_PER_HOUR):
        assert asks("anne@example.org", f"192.0.2.{n}") == 302
    assert asks("anne@example.org", "192.0.2.200") == 429
    assert asks("nobody@example.org", "192.0.2.200") == 302
    clock.now += timedelta(hours=1, seconds=1)
    assert asks("anne@example.org", "192.0.2.200") == 302
    for n in range(rules.PLACE_CODES_PER_HOUR - 1):
        assert asks(f"{n}@example.org", "192.0.2.200") == 302
    assert asks("new@example.org", "192.0.2.200") == 429
    assert asks("new@example.org", "192.0.2.201") == 302


def test_a_shared_address_lets_one_choose_who_one_is(anne, make_person, browser_of, ask, me, now):
    paul = make_person("Paul", "Kerouac")
    add_identifier(paul, "email", "anne@example.org", shared=True, by=me, now=now)
    browser = browser_of()
    answer = browser.post("/me/sign-in/code/", {"code": ask(browser), "next": "/me/data/"})
    assert answer["Location"] == "/me/sign-in/who/?next=%2Fme%2Fdata%2F"
    page = browser.get(answer["Location"]).content.decode()
    assert "Anne" in page
    assert "Paul" in page
    assert "Kerouac" not in page
    stranger = make_person("Zoé", "Martin")
    assert browser.post("/me/sign-in/who/", {"who": str(stranger.uuid)}).status_code == 422
    assert browser.post("/me/sign-in/who/", {"who": str(paul.uuid)}).status_code == 302
    assert Session.objects.get().person == paul
    assert browser.post("/me/sign-in/who/", {"who": str(anne.uuid)})["Location"] == "/me/sign-in/"
    with pytest.raises(WrongCode):
        open_session(Code.objects.get(), anne, device="", now=now)


def test_sessions_end_by_hand_by_rest_and_by_age(anne, signed_in, clock):
    first, second = signed_in(), signed_in()
    page = second.get("/me/devices/").content.decode()
    assert page.count("me-device") >= 2
    assert second.post("/me/devices/others/").status_code == 302
    assert first.get("/me/").status_code == 302
    assert second.get("/me/").status_code == 200
    for _ in range(5):
        clock.now += rules.IDLE - timedelta(minutes=1)
        assert second.get("/me/").status_code == 200
    clock.now += rules.IDLE + timedelta(minutes=1)
    assert second.get("/me/").status_code == 302
    third = signed_in()
    assert third.post("/me/sign-out/").status_code == 302
    assert third.get("/me/").status_code == 302
    fourth = signed_in()
    with pytest.raises(NotFound):
        end_session(anne, new_id(), now=clock.now)
    hers = Session.objects.filter(ended_at=None).latest("began_at")
    assert signed_in().post(f"/me/devices/{hers.uuid}/").status_code == 302
    assert fourth.get("/me/").status_code == 302
    last = Session.objects.filter(ended_at=None).latest("began_at")
    note_seen(last, now=clock.now + rules.SEEN_EVERY - timedelta(seconds=1))
    assert Session.objects.get(pk=last.pk).seen_at == last.seen_at
    note_seen(last, now=clock.now + rules.SEEN_EVERY)
    assert Session.objects.get(pk=last.pk).seen_at == clock.now + rules.SEEN_EVERY
    assert end_other_sessions(anne, but=None, now=clock.now) >= 1


def test_the_front_door_leads_her_to_her_space_and_staff_to_the_console(anne, signed_in, make_user):
    hers = signed_in()
    assert hers.get("/")["Location"] == "/me/"
    hers.post("/me/sign-out/")
    assert hers.get("/")["Location"].startswith("/accounts/login/")
    both = signed_in()
    both.force_login(make_user("agent"))
    assert both.get("/")["Location"] == "/people/"


def test_staff_and_clients_are_signed_in_apart(anne, signed_in, make_user):
    browser = signed_in()
    assert browser.get("/people/")["Location"].startswith("/accounts/login/")
    staff = type(browser)()
    staff.force_login(make_user("administrator"))
    assert staff.get("/me/")["Location"] == "/me/sign-in/"


def test_a_job_that_runs_twice_sends_one_code_and_an_old_one_none(anne, clock, carry_out, now):
    code = ask_code("anne@example.org", browser=new_secret(), place="", language="fr", now=now)
    for _ in range(2):
        send_code(code=code.pk, now=now)
    assert Outgoing.objects.count() == 1
    late = ask_code("anne@example.org", browser=new_secret(), place="", language="fr", now=now)
    send_code(code=late.pk, now=now + rules.CODE_LIVES)
    assert Outgoing.objects.count() == 1
    tidy(now=now + rules.KEPT + timedelta(minutes=1))
    assert Code.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_guesses_made_at_once_are_counted_one_by_one(anne, browser_of, ask, now):
    browser = browser_of()
    code = ask(browser)
    cookie = browser.cookies["egard_me_asks"].value
    outcomes = []

    def guess(n):
        try:
            redeem(f"{n:06d}" if f"{n:06d}" != code else "999999", browser=cookie, now=now)
        except WrongCode:
            outcomes.append("wrong")
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["wrong"] * 12
    assert Code.objects.get().guesses == rules.GUESSES_MAX


@pytest.mark.django_db(transaction=True)
def test_codes_asked_for_at_once_are_counted_one_by_one(anne, now):
    outcomes = []

    def asking():
        try:
            ask_code("anne@example.org", browser=new_secret(), place="x", language="fr", now=now)
            outcomes.append("asked")
        except TooManyCodes:
            outcomes.append("full")
        finally:
            connection.close()

    threads = [threading.Thread(target=asking) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked"] * rules.CODES_PER_HOUR + ["full"] * 5


def test_a_browser_is_called_as_people_call_it():
    assert (
        browsers.device("Mozilla/5.0 (iPhone; CPU iPhone OS 18) AppleWebKit Version/18 Safari/604") == "Safari, iPhone"
    )
    assert browsers.device("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140") == "Edge, Windows"
    assert browsers.device("curl/8") == ""
