"""A client writes in her own space: the rules that answer her call say who answers her, and by when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.journeys.reach import operations
from egard.journeys.reach.chatting import covering
from egard.journeys.reach.chatting import reception as receiving
from egard.journeys.reach.chatting.covering import cover
from egard.journeys.reach.tests.phones import phone
from egard.kernel.access.live import allowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.messages import conversing
from egard.kernel.messages.arriving import receive_chat
from egard.kernel.messages.models import Message, Thread
from egard.kernel.promises.models import Promise
from egard.portal import talk
from egard.portal.models import Session
from egard.portal.operations import sha
from egard.portal.queries import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(house, clock, monkeypatch):
    at = utc_now()
    Session.objects.create(
        token=sha("hers"), person=house.elodie, began_at=at, seen_at=at, expires_at=at + timedelta(days=1)
    )
    browser = Client(headers={"Accept-Language": "en"})
    browser.cookies["egard_me"] = "hers"
    monkeypatch.setattr(talk, "utc_now", lambda: clock.now)
    return browser


def say(browser, text="hello", **more):
    return browser.post("/me/messages/write/", {"text": text, "key": text, **more})


def test_her_adviser_is_here_and_has_what_she_writes_at_once(at_home, house, clock):
    page = at_home.get("/me/messages/").content.decode()
    assert "Claire Martin, your adviser, is here and answers in a moment." in page
    assert say(at_home).status_code == 302
    thread, owed = Thread.objects.get(), Promise.objects.get()
    assert (thread.assignee, owed.owner) == (house.claire, house.claire)
    assert owed.due_at == clock.now + timedelta(minutes=15)
    staff = Client(headers={"Accept-Language": "en"})
    staff.force_login(house.claire)
    assert "writes and waits" in staff.get("/reach/line/").content.decode()
    assert "1 waits" in staff.get("/reach/waits/").content.decode()  # in the menu of whatever page she is on
    assert "waits-reach-waits" in staff.get("/people/").content.decode()
    staff.force_login(house.hugo)
    assert "waits</span>" not in staff.get("/reach/waits/").content.decode()


def test_how_fast_is_said_from_her_last_answers_and_of_few_nothing(house, clock, me, now):
    for n in range(10):
        assert receiving.pace(house.claire.pk, now=clock.now) is None
        told = receive_chat(house.elodie, f"{n}", assignee=house.claire, key=str(n), now=clock.now)
        by = viewer_for(house.claire).actor
        clock.pass_(minutes=9 if n == 3 else 2)
        conversing.reply(told.message.thread, conversing.Words(text="yes"), by=by, now=clock.now, key=str(n))
    assert receiving.pace(house.claire.pk, now=clock.now) == 2


def test_while_she_is_on_the_phone_her_deputy_is_offered_or_an_answer_by_a_moment(at_home, house, clock):
    line = phone()
    line.call()
    line.answered()
    page = at_home.get("/me/messages/").content.decode()
    assert "Claire Martin, your adviser, is busy just now." in page
    assert "Hugo Delmas, who stands in and knows your file, is here" in page
    assert "Or be called, on Tuesday 10 March at 09:45 at the soonest" in page
    say(at_home, "for hugo", to="deputy")
    assert Thread.objects.get().assignee == house.hugo
    say(at_home, "no, for claire", to="adviser")
    assert Thread.objects.get().assignee == house.claire
    assert Promise.objects.get().owner == house.claire


def test_when_nobody_is_there_she_is_promised_an_answer_by_a_moment(at_home, house, clock, me):
    for staff in (house.claire, house.hugo):
        operations.set_presence(staff, "away", by=me, now=clock.now)
    page = at_home.get("/me/messages/").content.decode()
    assert "Claire Martin answers by Wednesday 11 March at 18:00: it is a promise." in page
    say(at_home)
    owed = Promise.objects.get()
    assert (owed.owner, owed.due_at) == (house.claire, datetime(2026, 3, 11, 17, tzinfo=UTC))


def test_however_many_chats_wait_for_her_who_goes_away_all_go_to_the_deputy(
    house, clock, make_person, me, carry_out, monkeypatch
):
    monkeypatch.setattr(covering, "BATCH", 2)
    for n in range(5):
        receive_chat(make_person("A", f"M{n}"), "hello", assignee=house.claire, key=str(n), now=clock.now)
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    assert Thread.objects.filter(assignee=house.hugo).count() == 2
    carry_out(at=clock.now)
    assert Thread.objects.filter(assignee=house.hugo).count() == 5
    operations.set_presence(house.claire, "available", by=me, now=clock.now)
    covering.go_on(user=str(house.claire.pk), by=str(me), now=clock.now)  # she is back: nothing more is taken from her
    assert Thread.objects.filter(assignee=house.hugo).count() == 5


def test_an_adviser_who_goes_away_in_the_middle_leaves_nobody_waiting_for_nobody(at_home, house, clock, me):
    say(at_home)
    thread = Thread.objects.get()
    url = f"/me/messages/{thread.uuid}/reception/"
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    thread.refresh_from_db()
    assert thread.assignee == house.hugo
    assert Promise.objects.get().owner == house.hugo
    assert "Hugo Delmas, who stands in" in at_home.get(url).content.decode()
    operations.set_presence(house.hugo, "away", by=me, now=clock.now)  # who stands in for him? nobody
    assert cover(house.hugo, by=me, now=clock.now) == 0
    assert "answers by" in at_home.get(url).content.decode()
    operations.set_presence(house.claire, "available", by=me, now=clock.now)
    conversing.reply(thread, conversing.Words(text="yes"), by=viewer_for(house.hugo).actor, now=clock.now, key="k")
    at_home.post(f"/me/messages/{thread.uuid}/write/", {"text": "and now?", "key": "2"})
    thread.refresh_from_db()
    assert thread.assignee == house.claire  # nobody waited: it comes back to her


def test_she_follows_her_own_adviser_s_desk_and_conversations_and_nobody_else_s(house, make_person, make_user, me, now):
    hers, other = viewer_of(house.elodie), make_user("adviser")
    stranger = viewer_of(make_person("Zoé", "Petit"))
    mine = receive_chat(house.elodie, "hello", key="k", now=now).message.thread
    topics = [f"desk:{house.claire.pk}", f"desk:{house.hugo.pk}", f"thread:{mine.uuid}", f"typing:{mine.uuid}"]
    assert allowed(hers, topics) == topics
    for viewer, topic in [*((stranger, one) for one in topics), (hers, f"desk:{other.pk}"), (hers, "desk:x")]:
        with pytest.raises(NotFound):
            allowed(viewer, [topic])


def test_what_is_sent_twice_is_said_once_and_the_part_comes_back_for_the_page_that_asks_for_it(at_home, house):
    say(at_home)
    url = f"/me/messages/{Thread.objects.get().uuid}/write/"
    for _twice in range(2):
        part = at_home.post(url, {"text": "again", "key": "same"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="talk"' in part
    assert "<html" not in part
    assert Message.objects.count() == 2
    empty = at_home.post(url, {"text": "", "key": "other"}, headers={"HX-Request": "true"})
    assert empty.status_code == 422


def test_a_client_without_adviser_is_answered_by_whoever_is_first(house, clock, make_person, now):
    told = receiving.reception(make_person("Zoé", "Petit"), None, "", clock.now)
    assert (told.assignee, told.due_at, told.topics) == (None, None, ())
    at_night = receiving.reception(make_person("Ada", "Petit"), None, "", clock.now + timedelta(hours=14))
    assert at_night.due_at is not None
