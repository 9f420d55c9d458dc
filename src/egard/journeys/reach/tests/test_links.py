"""Being called without signing in: by a link, or as somebody unknown; seldom enough, and nothing is told of anybody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from egard.journeys.reach import refusals, shown, tidying
from egard.journeys.reach.links import operations as links
from egard.journeys.reach.links import pages
from egard.journeys.reach.models import CallBack
from egard.journeys.reach.tests.phones import MOBILE
from egard.kernel.access.models import Change, Sight
from egard.kernel.access.operations import set_user_active
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.messages import templating
from egard.kernel.promises.models import Promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(house, clock, monkeypatch):
    monkeypatch.setattr(pages, "utc_now", lambda: clock.now)
    return Client(headers={"Accept-Language": "en"})


def path(whose, uuid, clock) -> str:
    return links.link(whose, uuid, now=clock.now)


def form(page: str, **more) -> dict[str, str]:
    return {"at": re.search(r'<option value="([^"]+)"', page)[1], "key": "k", **more}


def test_a_client_chooses_a_time_by_her_link_and_it_tells_nothing_but_names_and_times(browser, house, clock):
    url = path("person", house.elodie.uuid, clock)
    page = browser.get(url).content.decode()
    assert "Hello Élodie" in page
    assert "Claire Martin, your adviser, calls you" in page
    for hers in ("Lebœuf", MOBILE, MOBILE[-6:], "17850"):
        assert hers not in page
    told = form(page, about="my loan", number="+33699999999")  # who holds the link is not called elsewhere
    for _twice in range(2):
        done = browser.post(url, told, follow=True)
        assert "Claire Martin calls you on Tuesday 10 March at 09:45" in done.content.decode()
        assert "my loan" not in done.content.decode()
    made = CallBack.objects.get()
    assert (made.person, made.number, made.desk) == (house.elodie, MOBILE, house.desk)
    assert Promise.objects.get().owner == house.claire
    own = done.redirect_chain[0][0]
    for hers in ("Lebœuf", MOBILE[-6:], "06\u00a0"):
        assert hers not in done.content.decode()
    page = browser.get(f"{own}?change={made.uuid}").content.decode()
    later = re.findall(r'<option value="([^"]+)"', page)[3]
    for _twice in range(2):
        changed = browser.post(own, {"what": "change", "at": later, "number": "+33699999999"}, follow=True)
        assert "Claire Martin calls you on Tuesday 10 March at 16:00" in changed.content.decode()
    assert CallBack.objects.get(dropped_at=None).number == MOBILE
    for _twice in range(2):  # also from the page that was open before
        gone = browser.post(own, {"what": "cancel"}, follow=True)
        assert "You are not called" in gone.content.decode()
    assert set(Promise.objects.values_list("state", flat=True)) == {"released"}
    assert "It is promised" in browser.post(gone.redirect_chain[-1][0], {"what": "again"}, follow=True).content.decode()
    clock.pass_(days=1)
    assert "This call is over" in browser.get(own, follow=True).content.decode()


def test_a_link_ends_with_its_time_with_its_person_and_with_one_changed_letter(browser, house, clock, me):
    url = path("person", house.elodie.uuid, clock)
    assert browser.get(url).status_code == 200
    assert browser.get(url[:-2] + ("A" if url[-2] != "A" else "B") + "/").status_code == 404
    own = path("desk", house.claire.pk, clock)
    set_user_active(house.claire, False, by=me, now=clock.now)
    assert browser.get(own).status_code == 404
    erase_person(house.elodie, by=me, now=clock.now)
    assert browser.get(url).status_code == 404
    other = path("desk", house.hugo.pk, clock)
    clock.pass_(days=399)
    assert browser.get(other).status_code == 200
    clock.pass_(days=2)
    assert browser.get(other).status_code == 404
    assert browser.get("/p/called/nonsense/").status_code == 404


def test_somebody_unknown_is_called_on_the_number_that_she_gives_by_the_adviser_whose_link_it_is(browser, house, clock):
    url = path("desk", house.hugo.pk, clock)
    page = browser.get(url).content.decode()
    assert "Hugo Delmas calls you" in page
    assert browser.post(url, form(page)).status_code == 422  # no number
    assert browser.post(url, form(page, number="nonsense")).status_code == 422
    browser.post(url, form(page, number="06 98 76 54 32", name="Ada", about="my garden"))
    made = CallBack.objects.get()
    assert (made.person, made.number, made.name, made.desk.user) == (None, "+33698765432", "Ada", house.hugo)
    assert Promise.objects.get().owner == house.hugo
    assert "the number that we have" not in page
    staff = Client(headers={"Accept-Language": "en"})
    staff.force_login(house.hugo)
    shown = staff.get(f"/reach/call-backs/{made.uuid}/").content.decode()
    assert "Ada" in shown
    assert "tel:+33698765432" in shown
    assert "nobody vouches" in shown
    assert Sight.objects.filter(actor=f"user:{house.hugo.pk}", detail=f"call back {made.uuid}").count() == 1
    assert staff.get(f"/reach/call-backs/{house.elodie.uuid}/").status_code == 404
    tidying.tidy(now=clock.pass_(days=2))
    assert CallBack.objects.get().place is None
    tidying.tidy(now=clock.pass_(days=90))
    made.refresh_from_db()
    assert (made.number, made.name, made.about) == ("", "", "")
    assert Promise.objects.get().note == ""


def test_the_house_promises_no_more_calls_at_one_moment_than_it_can_make(browser, house, clock):
    at = links.times(links.Opened(), now=clock.now)[0]
    for n in range(links.AT_ONCE):
        visitor = links.Visitor(bytes([n]) * 32, number=f"+3369876540{n}")
        links.ask(links.opened("", now=clock.now), at, visitor, key=str(n), now=clock.now)
    assert at not in links.times(links.Opened(), now=clock.now)
    with pytest.raises(refusals.TimeTaken):
        links.ask(links.Opened(), at, links.Visitor(b"x" * 32, number="+33698765499"), key="x", now=clock.now)
    assert browser.get("/p/call/").status_code == 200


def test_who_asks_too_often_is_told_to_wait(browser, house, clock):
    url = "/p/call/"
    for n in range(links.PLACE_HOURLY):
        page = browser.get(url).content.decode()
        assert browser.post(url, form(page, key=str(n), number=f"+336987654{n:02}")).status_code == 302
    refused = browser.post(url, form(page, key="more", number="+33698765499"))
    assert refused.status_code == 429
    assert "Try again later" in refused.content.decode()
    clock.pass_(hours=1, minutes=1)
    assert (
        browser.post(url, form(browser.get(url).content.decode(), key="more", number="+33698765499")).status_code == 302
    )


def test_one_number_is_owed_two_calls_at_most(house, clock):
    free = links.times(links.opened("", now=clock.now), now=clock.now)
    for n in range(links.OPEN_MOST):
        links.ask(links.Opened(), free[n], links.Visitor(bytes([n]) * 32, number=MOBILE), key=str(n), now=clock.now)
    with pytest.raises(refusals.TooManyAsked):
        links.ask(links.Opened(), free[3], links.Visitor(b"z" * 32, number=MOBILE), key="z", now=clock.now)


def test_what_was_asked_for_is_taken_back_by_who_asked_alone(house, clock):
    opened = links.opened(path("person", house.elodie.uuid, clock).rstrip("/").rpartition("/")[2], now=clock.now)
    at = links.times(opened, now=clock.now)[0]
    assert links.owed_to(opened, now=clock.now) is None
    made = links.ask(opened, at, links.Visitor(b"x" * 32), key="k", now=clock.now)
    assert links.owed_to(opened, now=clock.now) == made
    with pytest.raises(refusals.LinkOver):
        links.owned(str(made.uuid))
    held = links.owned(links.own_token(made))
    links.take_back(held, now=clock.now + timedelta(minutes=1))
    assert held == made
    assert links.times(opened, now=clock.now)[0] == at


def test_a_link_is_drawn_to_be_printed(house, clock):
    assert links.drawn(path("desk", house.claire.pk, clock)).startswith("<svg")


def test_a_text_of_the_house_gives_her_the_link_by_which_she_is_called(
    browser, house, clock, settings, monkeypatch, me
):
    monkeypatch.setattr(shown, "utc_now", lambda: clock.now)
    settings.URL = "https://house.example"
    words = templating.Draught(code="reach_me", language="en", label="Reach me", text="Choose when: {{ call_link }}")
    text = templating.fill(templating.set_template(words, by=me, now=clock.now), house.elodie, author="Claire").text
    address = re.search(r"https://house\.example(/p/call/\S+)", text)[1]
    assert "Claire Martin, your adviser, calls you" in browser.get(address).content.decode()
    settings.URL = ""
    with pytest.raises(templating.FieldMissing):
        templating.fill(templating.template("reach_me"), house.elodie, author="Claire")


def test_the_page_of_the_house_is_closed_by_a_manager_and_links_still_hold(browser, house, clock, make_user):
    staff = Client(headers={"Accept-Language": "en"})
    staff.force_login(make_user("supervisor"))
    for open_, status in (("no", 404), ("yes", 200)):
        for _twice in range(2):
            assert staff.post("/reach/desks/", {"open": open_}).status_code == 302
        assert browser.get("/p/call/").status_code == status
        assert browser.get(path("desk", house.hugo.pk, clock)).status_code == 200
    assert Change.objects.filter(what__in=("reach.page_closed", "reach.page_opened")).count() == 2
    staff.post("/reach/desks/", {"open": "no"})
    refused = browser.post("/p/call/", {"at": "", "key": "k", "number": MOBILE})
    assert "No call can be asked for on this page" in refused.content.decode()
    staff.force_login(house.claire)
    assert staff.post("/reach/desks/", {"open": "yes"}).status_code == 403
    with pytest.raises(refusals.PageClosed):
        links.opened("", now=clock.now)


def test_an_opened_page_is_opened_by_its_operation(house, me, now):
    links.open_page(False, by=me, now=now)
    assert not links.is_open()
