"""A call by the webhook: who is reached, what is offered, what is promised, and that nothing is done twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from egard.journeys.reach import operations, tidying
from egard.journeys.reach.models import Call, CallBack, CallStep
from egard.journeys.reach.sandbox import Refused
from egard.journeys.reach.tests.phones import LINES, MOBILE, phone, post
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import set_user_active
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.messages import conversing
from egard.kernel.messages.models import Thread
from egard.kernel.people.operations import add_identifier, protect, set_adviser
from egard.kernel.promises import operations as promises
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


def lived(person) -> list[str]:
    rows = Fact.objects.filter(person=person, kind__name__startswith="reach.").order_by("at", "id")
    return list(rows.values_list("kind__name", flat=True))


def test_she_reaches_her_own_adviser_without_a_question(house, clock):
    line = phone()
    heard = line.call()
    assert heard.line == LINES[0]
    assert "Claire Martin" in heard.words
    assert heard.language == "en-GB"
    clock.pass_(seconds=9)
    line.answered()
    clock.pass_(minutes=4)
    assert "cut off" in line.line_ended(seconds=240).words
    assert line.press("").over
    line.hang_up()
    call = Call.objects.get()
    assert (call.outcome, call.waited, call.talked, call.asked_who) == ("own", 9, 240, 0)
    assert lived(house.elodie) == ["reach.called", "reach.reached"]


def test_what_the_provider_sends_twice_is_done_once_and_a_copy_that_comes_later_is_refused(house, clock, me):
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    line = phone()
    first = line.call()
    clock.pass_(seconds=3)
    assert line.call() == first
    assert Call.objects.count() == 1
    message = str(first.words.split("To leave a message, press ")[1][0])
    asked = line.heard.gather
    assert line.press(message).record
    form = {"CallSid": line.sid, "From": MOBILE, "CallStatus": "in-progress", "Digits": message}
    line.send(asked, form)
    assert Promise.objects.filter(kind="messages.answer").count() == 1
    clock.pass_(minutes=2)
    for url in (asked, "http://testserver/api/v1/calls"):
        with pytest.raises(Refused) as refused:
            line.send(url, form)
        assert refused.value.status == 403
    assert (Call.objects.count(), CallStep.objects.count()) == (1, 2)


def test_what_is_not_signed_or_not_as_it_was_signed_is_refused(house, monkeypatch):
    from twilio.request_validator import RequestValidator

    url, form = "http://testserver/api/v1/calls", {"CallSid": "CA1", "From": MOBILE}
    good = RequestValidator("token-of-the-provider").compute_signature(url, form)
    for signature, told in (("", form), ("nonsense", form), (good, {**form, "From": "+33699999999"})):
        status, text = post(url, told, {"X-Twilio-Signature": signature} if signature else {})
        assert status in (401, 403), text
    monkeypatch.delenv("EGARD_VOICE_TOKEN")
    assert post(url, form, {"X-Twilio-Signature": good})[0] == 403  # without a token nobody is believed
    assert not Call.objects.exists()


def test_while_she_talks_the_next_one_is_offered_all_in_order(house, clock):
    first, second = phone(), phone("+33655555555")
    first.call()
    first.answered()
    clock.pass_(minutes=1)
    second.call()  # nobody knows that number
    said = second.press("17850").words  # her customer number: asked once
    parts = ["cannot say how long", "Hugo Delmas", "called back", "leave a message"]
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)


def test_who_waits_is_put_through_when_her_adviser_is_free_and_the_second_waits_behind_her(
    house, clock, make_person, me
):
    busy = phone()
    busy.call()
    busy.answered()
    waiting = []
    for n in (1, 2):
        other = make_person("A", "B", phone=f"+3361111111{n}", language="fr")
        set_adviser(other, house.claire, since=clock.now, by=me, now=clock.now)
        line = phone(f"+3361111111{n}")
        assert "Claire Martin" in line.call().words
        line.press("1")
        clock.pass_(seconds=2)
        waiting.append(line)
    assert [line.press("").line for line in waiting] == ["", ""]
    busy.line_ended(seconds=30, caller_stays=False)
    busy.hang_up()
    assert waiting[1].press("").line == ""  # not her turn
    assert waiting[0].press("").line == LINES[0]
    assert waiting[1].press("").line == ""


def test_an_adviser_who_does_not_answer_or_is_gone_in_the_middle_loses_nothing(house, clock):
    line = phone()
    line.call()
    heard = line.line_ended("no-answer")
    assert "does not answer" in heard.words
    assert "Hugo Delmas" in heard.words
    assert "wait" not in heard.words
    assert line.press("1").line == LINES[1]
    line.answered()
    clock.pass_(minutes=1)
    assert "cut off" in line.line_ended("failed").words  # Hugo's line broke off
    assert line.press("1").line == LINES[0]  # and she is asked nothing again
    line.answered()
    assert lived(house.elodie) == ["reach.called", "reach.transferred", "reach.reached", "reach.reached"]
    line.hang_up()
    assert Call.objects.get().outcome == "own"


def test_a_call_back_is_a_promise_at_the_time_she_chose_and_takes_that_time(house, clock, me):
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    line = phone()
    said = line.call().words
    times = line.press(said.split("time of your choice, press ")[1][0])
    assert "10 March at 09:45" in times.words
    goodbye = line.press("1")
    assert goodbye.over
    assert "Claire Martin calls you on Tuesday 10 March at 09:45" in goodbye.words
    line.hang_up()
    back, owed = CallBack.objects.get(), Promise.objects.get()
    assert (owed.kind, owed.owner_id, owed.due_at) == ("reach.call_back", house.claire.pk, back.ends_at)
    assert (back.number, back.person_id) == (MOBILE, house.elodie.pk)
    assert Call.objects.get().outcome == "call_back"
    other = phone()
    other.call()
    assert "09:45: press" not in other.press(said.split("time of your choice, press ")[1][0]).words
    promises.keep(owed.uuid, by=me, now=clock.pass_(minutes=40))
    assert CallBack.objects.get().made_at == clock.now
    assert lived(house.elodie)[-1] == "reach.called_back"


def test_a_message_is_promised_before_she_says_a_word(house, clock, me):
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    line = phone()
    said = line.call().words
    heard = line.press(said.split("leave a message, press ")[1][0])
    owed = Promise.objects.get()
    assert (owed.kind, owed.owner) == ("messages.answer", house.claire)
    assert owed.due_at == datetime(2026, 3, 11, 17, 0, tzinfo=UTC)
    assert heard.record
    line.say("https://api.example.org/recordings/RE1")
    line.hang_up()
    call = Call.objects.get()
    assert (call.outcome, call.recording) == ("message", "https://api.example.org/recordings/RE1")
    thread = Thread.objects.get()
    assert (thread.assignee, thread.awaiting, thread.messages.count()) == (house.claire, owed.uuid, 2)
    assert "recordings/RE1" in thread.messages.last().text
    by = Actor("user", str(house.claire.pk), house.claire.name)
    conversing.reply(thread, conversing.Words(text="I told her."), by=by, now=clock.now, key="k")
    assert Promise.objects.get().state == "kept"


def test_a_shared_number_is_asked_once_for_whom_and_a_protected_name_is_never_said(house, clock, make_person, me):
    marc = make_person("Marc", "Lebœuf", language="fr")
    add_identifier(marc, "phone", MOBILE, by=me, now=clock.now)
    line = phone()
    assert "Élodie" in line.call().words
    assert line.press("1").line == LINES[0]
    line.hang_up()
    protect(marc, True, by=me, now=clock.now)
    other = phone()
    assert "Élodie" not in other.call().words
    assert other.press("17850").line == LINES[0]


def test_who_is_unknown_says_her_number_once_in_her_life(house, clock):
    line = phone("+33655555555")
    assert "numéro client" in line.call().words or "customer number" in line.heard.words
    assert line.press("17850").line == LINES[0]
    line.hang_up()
    again = phone("+33655555555")
    assert again.call().line == LINES[0]
    again.hang_up()
    assert list(Call.objects.order_by("id").values_list("asked_who", flat=True)) == [1, 0]


@pytest.mark.parametrize("withheld", ["", "anonymous", "+266696687", "Restricted"])
def test_a_withheld_number_is_asked_who_she_is_and_called_back_on_the_number_that_we_have(house, clock, me, withheld):
    operations.set_presence(house.claire, "away", by=me, now=clock.now)
    line = phone(withheld)
    line.call()
    said = line.press("17850").words
    line.press(said.split("time of your choice, press ")[1][0])
    line.press("1")
    assert CallBack.objects.get().number == MOBILE
    other = phone(withheld)
    other.call()
    assert not other.press("99#").over  # mistyped: once more
    assert other.press("999").over  # unknown, from nowhere: nothing can be promised
    other.hang_up()
    assert Call.objects.order_by("-id")[0].outcome == "unknown"


def test_who_hangs_up_before_anything_has_given_up(house, clock, me):
    operations.set_presence(house.claire, "busy", by=me, now=clock.now)
    line = phone()
    line.call()
    line.press("1")
    clock.pass_(minutes=2)
    line.hang_up()
    line.hang_up()
    call = Call.objects.get()
    assert (call.outcome, call.waited) == ("abandoned", 120)
    assert lived(house.elodie) == ["reach.called", "reach.abandoned"]


def test_a_line_whose_end_was_never_heard_of_is_free_again(house, clock):
    first = phone()
    first.call()
    clock.pass_(minutes=3)
    tidying.tidy(now=clock.now)
    assert Call.objects.get().state == "ended"
    assert phone().call().line == LINES[0]
    clock.pass_(minutes=3)
    assert phone().call().line == LINES[0]  # also before the sweep came by


def test_the_client_of_an_adviser_who_left_has_a_promise_of_the_house(house, clock, me):
    set_user_active(house.claire, False, by=me, now=clock.now)
    said = phone().call().words
    assert "Claire" not in said
    assert "called back" in said


def test_a_file_of_sounds_or_ten_thousand_digits_do_no_harm(house, clock):
    line = phone("+33655555555")
    line.call()
    line.press("9" * 10_000)
    for keys in ("*", "#", "٣", "0", ""):
        line.press(keys)
        if line.heard.over:
            break
    assert line.heard.over


def test_erasing_her_takes_her_number_and_words_from_calls_and_leaves_how_long_she_waited(house, clock, me, everything):
    line = phone()
    line.call()
    line.answered()
    line.hang_up()
    assert export_person(everything, house.elodie, now=clock.now)["reach"]["calls"][0]["number"] == MOBILE
    erase_person(house.elodie, by=me, now=clock.now + timedelta(minutes=1))
    call = Call.objects.get()
    assert (call.number, call.outcome) == ("", "own")
    assert MOBILE not in "".join(CallStep.objects.values_list("answer", flat=True))
