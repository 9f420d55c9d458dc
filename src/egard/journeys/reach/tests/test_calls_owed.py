"""Who calls while a call to her is promised already, presses a wrong key, or calls from the number that she gave."""

from __future__ import annotations

import pytest
from django.test import Client

from egard.journeys.reach import callers, operations
from egard.journeys.reach.links import operations as links
from egard.journeys.reach.models import Call, CallBack
from egard.journeys.reach.rules.times import spread
from egard.journeys.reach.tests.phones import LINES, MOBILE, phone
from egard.kernel.promises.models import Promise
from egard.kernel.promises.shown import open_items
from egard.portal.queries import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(house, clock, me):
    for staff in (house.claire, house.hugo):
        operations.set_presence(staff, "away", by=me, now=clock.now)


@pytest.fixture
def owed(house, clock, away):
    """Élodie is to be called at 9:45."""
    at = links.times(links.of_person(house.elodie), now=clock.now)[0]
    visitor = links.Visitor(about="my loan")
    return links.ask(links.of_person(house.elodie), at, visitor, key="k", now=clock.now)


def test_who_is_to_be_called_already_hears_so_and_another_time_moves_that_call(house, clock, owed):
    line = phone()
    said = line.call().words
    assert "Claire Martin calls you already on Tuesday 10 March at 09:45." in said
    assert "hang up or press 9" in said
    times = line.press(said.split("For another time for this call, press ")[1][0]).words
    assert "calls you already" in times
    assert "Claire Martin calls you on Tuesday 10 March at 10:15" in line.press("2").words
    line.hang_up()
    moved = CallBack.objects.get(dropped_at=None)
    assert (moved.about, moved.number, moved.channel) == ("my loan", MOBILE, "voice")
    assert sorted(Promise.objects.values_list("state", flat=True)) == ["open", "released"]


@pytest.mark.parametrize("keys", ["9", "9#", None])
def test_who_keeps_her_call_or_hangs_up_has_a_promise_and_has_not_given_up(house, clock, owed, keys):
    line = phone()
    line.call()
    if keys:
        assert "calls you on Tuesday 10 March at 09:45. That is a promise." in line.press(keys).words
    line.hang_up()
    assert Call.objects.get().outcome == "call_back"
    assert CallBack.objects.get().dropped_at is None


def test_whatever_way_she_asks_the_same_adviser_owes_her_one_call_alone(house, clock, owed, me, monkeypatch):
    free = links.times(links.of_person(house.elodie), now=clock.now)
    again = links.ask(
        links.of_person(house.elodie), free[2], links.Visitor(b"x" * 32), key="by her link", now=clock.now
    )
    desk = operations.desk_for(house.claire, now=clock.now)
    last = operations.promise_call_back(
        house.elodie, desk, free[3], channel="web", key="by staff", by=me, now=clock.now
    )
    assert list(CallBack.objects.filter(dropped_at=None)) == [last]
    assert again.about == last.about == "my loan"
    same = operations.promise_call_back(
        house.elodie, desk, free[3], channel="web", key="once more", by=me, now=clock.now
    )
    assert same == last
    page = Client(headers={"Accept-Language": "en"})
    monkeypatch.setattr("egard.journeys.reach.links.pages.utc_now", lambda: clock.now)
    told = page.get(links.link("person", house.elodie.uuid, now=clock.now)).content.decode()
    assert "Claire Martin calls you already on" in told
    assert "that call moves" in told


def test_a_wrong_key_is_said_to_be_none_before_the_menu_comes_again(house, clock, away, make_person, me):
    line = phone()
    assert "does not exist" not in line.call().words
    assert line.press("7").words.startswith("This choice does not exist. Claire Martin is not free")
    times = line.press(line.heard.words.split("time of your choice, press ")[1][0])
    assert "does not exist" not in times.words
    assert line.press("8").words.startswith("This choice does not exist. When shall we call you?")
    assert "does not exist" not in line.press("0").words
    assert "does not exist" not in line.press("").words  # she said nothing


def test_who_mistypes_her_customer_number_has_a_second_try_and_a_hash_key_at_its_end_does_no_harm(
    house, clock, settings
):
    settings.LANGUAGE_CODE = "en"
    line = phone("")
    line.call()
    assert "Nobody has this customer number" in line.press("17851#").words
    assert line.press("17850#").line == LINES[0]
    assert Call.objects.get().asked_who == 2


def test_who_gave_a_number_to_be_called_on_is_not_asked_who_she_is_when_she_calls_from_it(house, clock, settings):
    settings.LANGUAGE_CODE = "en"
    opened = links.of_person(house.elodie)
    at = links.times(opened, now=clock.now)[3]
    links.ask(opened, at, links.Visitor(number="+33655555555"), key="k", now=clock.now)
    line = phone("+33655555555")
    assert line.call().line == LINES[0]
    assert Call.objects.get().person == house.elodie
    line.hang_up()
    unknown = links.Opened(adviser=house.claire, desk=house.desk)
    links.ask(unknown, links.times(unknown, now=clock.now)[0], links.Visitor(b"x" * 32, "Ada", "+33666666666"),
              key="ada", now=clock.now)  # fmt: skip
    ada = phone("+33666666666")
    assert ada.call().line == LINES[0]
    assert list(Call.objects.order_by("id").values_list("asked_who", flat=True)) == [0, 0]
    said = ada.line_ended("no-answer").words
    assert "Claire Martin calls you already on" in said
    ada.press(said.split("For another time for this call, press ")[1][0])
    ada.press("1")
    assert CallBack.objects.get(dropped_at=None, person=None).name == "Ada"


def test_a_number_that_is_on_somebody_s_file_is_not_taken_over_by_who_gives_it(house, clock, make_person):
    other = make_person("Zoé", "Petit")
    callers.is_hers(MOBILE, other, now=clock.now)
    assert callers.known(MOBILE) is None


def test_times_are_spread_over_the_days_to_come_and_the_first_of_each_day_is_offered(house, clock):
    opened = links.of_person(house.elodie)
    times = links.times(opened, now=clock.now)
    days = [at.date() for at in times]
    assert len(set(days)) == links.DAYS
    assert max(map(days.count, days)) == links.A_DAY
    assert spread(times[:2], operations.state.hours_of(None, now=clock.now).calendar, a_day=4, days=5) == times[:2]


def test_a_call_is_told_to_her_at_one_time_alone(house, clock, owed):
    item = open_items(house.elodie, viewer_of(house.elodie), clock.now)[0]
    assert (item.says_when, item.ring) == (True, None)
    assert "09:45" in str(item.label)
