"""Our side: answers that keep what was promised, what may be sent to whom, and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egard.base.refusal import NotFound
from egard.kernel.access.actors import Actor
from egard.kernel.messages import bouncing, letters, unsubscribing
from egard.kernel.messages.arriving import receive_email
from egard.kernel.messages.checking import StyleRefused
from egard.kernel.messages.conversing import (
    BadMessage,
    KeyTaken,
    TooLateToUndo,
    Words,
    assign,
    close,
    note,
    posted,
    reopen,
    reply,
    snooze,
    undo,
    write,
)
from egard.kernel.messages.models import DeadAddress, Message, Outgoing, Thread, ThreadEvent
from egard.kernel.messages.permitted import AddressDead, NoAddress, NoConsent
from egard.kernel.messages.rules import quiet
from egard.kernel.messages.rules.mime import File
from egard.kernel.people.operations import record_consent, update_person
from egard.kernel.promises.models import Promise
from egard.kernel.registry import Checked, Finding, MessageCheck, registry
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
ME = Actor("user", "5d0bdf0e-0000-7000-8000-000000000001", "Claire")


@pytest.fixture
def answer(now):
    def one(thread, text="Votre colis part demain.", *, key="a1", at=now, **more):
        return reply(thread, Words(text=text, **more), by=ME, now=at, key=key)

    return one


def test_an_answer_leaves_after_ten_seconds_in_its_conversation_and_keeps_the_promise(
    anne, post, answer, mailbox, carry_out, now
):
    asked = post("Où est mon colis ?", Message_ID="<1@example.org>", subject="Colis", References="<0@example.org>")
    said = answer(asked.thread, files=(File("bon.pdf", "application/pdf", b"%PDF-1.7 x"),))
    assert answer(asked.thread).pk == said.pk
    assert carry_out(at=now + timedelta(seconds=9)) == 0
    assert Promise.objects.get().state == "open"
    carry_out(at=now + timedelta(seconds=11))
    (sent,) = mailbox.letters
    assert (sent["Subject"], sent["To"], sent["In-Reply-To"]) == ("Re: Colis", "anne@example.org", "<1@example.org>")
    assert sent["References"] == "<0@example.org> <1@example.org>"
    assert sent["Message-ID"] == said.message_id
    assert "Auto-Submitted" not in sent
    assert "Votre colis part demain." in sent.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in sent.iter_attachments()] == ["bon.pdf"]
    promise = Promise.objects.get()
    thread = Thread.objects.get()
    assert (promise.state, thread.state, thread.awaiting) == ("kept", "waiting_for_them", None)
    assert Fact.objects.filter(person=anne, kind__name="messages.sent").count() == 1
    back = post("Merci", to=sent["Reply-To"], verified=False, at=now + timedelta(minutes=5))
    assert (back.thread, back.trust) == (thread, "verified")
    assert Promise.objects.count() == 2


def test_within_ten_seconds_an_answer_is_taken_back_and_later_not(anne, post, answer, mailbox, carry_out, now):
    thread = post().thread
    said = answer(thread)
    assert Thread.objects.get().state == "waiting_for_them"
    assert undo(said, by=ME, now=now + timedelta(seconds=5)).state == "undone"
    assert undo(said, by=ME, now=now + timedelta(seconds=6)).state == "undone"
    carry_out(at=now + timedelta(minutes=1))
    assert (mailbox.letters, Thread.objects.get().state, Promise.objects.get().state) == ([], "waiting_for_us", "open")
    second = answer(thread, key="a2")
    carry_out(at=now + timedelta(minutes=2))
    with pytest.raises(TooLateToUndo):
        undo(Message.objects.get(pk=second.pk), by=ME, now=now + timedelta(minutes=2))


def test_a_machines_answer_keeps_no_promise(anne, post, carry_out, mailbox, me, now):
    thread = post().thread
    reply(thread, Words(text="Nous avons bien reçu votre message."), by=me, now=now, key="auto")
    carry_out(at=now + timedelta(minutes=1))
    assert mailbox.letters[0]["Auto-Submitted"] == "auto-generated"
    assert (Promise.objects.get().state, Thread.objects.get().state) == ("open", "waiting_for_us")


def test_a_provider_away_for_a_day_keeps_nothing_and_loses_nothing(anne, post, answer, mailbox, carry_out, now):
    mailbox.answers["HELO"] = "421 come back later"
    answer(post().thread)
    for hour in range(25):
        carry_out(at=now + timedelta(hours=hour, minutes=1))
    assert (mailbox.letters, Promise.objects.get().state) == ([], "open")
    mailbox.answers.clear()
    carry_out(at=now + timedelta(hours=26))
    carry_out(at=now + timedelta(hours=30))
    assert (len(mailbox.letters), Promise.objects.get().state) == (1, "kept")


def _report(said: Message, *, to: str = "anne@example.org", status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\nTo: no-reply@maison.example\nSubject: failed\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nNo such user\n--b\n'
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\n\n--b\n"
        f"Content-Type: message/rfc822\n\nMessage-ID: {said.message_id}\nSubject: Re\n\nx\n--b--\n"
    ).encode()


def test_what_comes_back_marks_the_address_and_is_owed_again(anne, post, answer, mailbox, carry_out, now):
    said = answer(post().thread)
    carry_out(at=now + timedelta(minutes=1))
    later = now + timedelta(minutes=5)
    assert receive_email(_report(said, to="other@example.org"), source="imap", now=later).outcome == "received"
    assert not DeadAddress.objects.exists()
    assert receive_email(_report(said), source="imap", now=later).outcome == "reported"
    assert receive_email(_report(said), source="imap", now=later).outcome == "reported"
    thread = Thread.objects.get(person=anne)
    promise = Promise.objects.get(uuid=thread.awaiting)
    assert (thread.state, promise.state, DeadAddress.objects.get().address) == (
        "waiting_for_us", "open", "anne@example.org",
    )  # fmt: skip
    assert ThreadEvent.objects.filter(what="unanswered").count() == 1
    with pytest.raises(AddressDead):
        answer(thread, key="a2", at=later)
    bouncing.revive("email", "anne@example.org", by=ME, now=later)
    assert answer(thread, key="a2", at=later).state == "queued"


def test_an_answer_that_the_server_refuses_is_owed_again(anne, post, answer, mailbox, carry_out, now):
    mailbox.answers["RCPT"] = "550 nobody here"
    said = answer(post().thread)
    carry_out(at=now + timedelta(minutes=1))
    assert Message.objects.get(pk=said.pk).state == "failed"
    assert (Thread.objects.get().state, Promise.objects.get().state) == ("waiting_for_us", "open")


def test_a_message_is_what_it_says_and_its_key_names_one(anne, post, answer):
    thread = post().thread
    for wrong in ({"text": " "}, {"text": "x", "subject": "Bonjour\nBcc: all@example.org"}, {"text": "x" * 50_001}):
        with pytest.raises(BadMessage):
            answer(thread, **wrong)
    answer(thread)
    with pytest.raises(KeyTaken):
        answer(thread, "autre chose")
    assert Outgoing.objects.count() == 1


def test_a_message_that_a_check_refuses_is_not_sent_and_its_score_is_kept(anne, post, answer, monkeypatch):
    def check(draft):
        bad = draft.text.find("cordialement")
        found = Finding("t.r", bad, bad + 12, "cordialement", "À bientôt", "Dites-le autrement.")
        return Checked(70, (found,) if bad >= 0 else (), blocks=bad >= 0)

    monkeypatch.setattr(registry, "message_checks", {"t.c": MessageCheck("t.c", check)})
    thread = post().thread
    with pytest.raises(StyleRefused):
        answer(thread, "Non, cordialement")
    assert answer(thread).score == 70


def test_one_writes_first_with_consent_to_an_address_that_takes_it(anne, make_person, mailbox, carry_out, me, now):
    words = Words(text="Nos nouveautés", subject="Printemps")
    more = {"by": ME, "now": now}
    with pytest.raises(NoConsent):
        write(anne, "email", words, purpose="marketing", key="k1", **more)
    with pytest.raises(NoAddress):
        write(make_person("Zoé"), "email", words, purpose="service", key="k2", **more)
    with pytest.raises(BadMessage):
        write(anne, "email", Words(text="x"), purpose="service", key="k3", **more)
    record_consent(anne, "marketing", "email", given=True, by=me, now=now)
    write(anne, "email", words, purpose="marketing", key="k1", **more)
    assert write(anne, "email", words, purpose="marketing", key="k1", **more).thread == Thread.objects.get()
    carry_out(at=now)
    (sent,) = mailbox.letters
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = sent["List-Unsubscribe"].rpartition("/")[2].strip(">")
    assert unsubscribing.unsubscribe(token, now=now + timedelta(hours=1)) == ("marketing", "email")
    assert unsubscribing.unsubscribe(token, now=now + timedelta(hours=2)) == ("marketing", "email")
    assert anne.consents.count() == 2
    with pytest.raises(NoConsent):
        write(anne, "email", words, purpose="marketing", key="k5", by=ME, now=now + timedelta(hours=3))
    with pytest.raises(NotFound):
        unsubscribing.unsubscribe(token[:-2] + "xx", now=now)


def test_what_rings_waits_for_the_morning_and_an_answer_does_not(anne, now):
    night = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)  # half past ten in Paris
    write(anne, "sms", Words(text="Votre rendez-vous est à 10 h."), purpose="service", key="n", by=ME, now=night)
    assert Outgoing.objects.get().try_at == datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
    said = reply(Thread.objects.get(), Words(text="Oui."), by=ME, now=night, key="a")
    assert Outgoing.objects.get(message=said).try_at == night + timedelta(seconds=10)


@given(st.integers(0, 5 * 24 * 60))
def test_nobody_is_woken_on_the_nights_when_clocks_change(minutes):
    now = datetime(2026, 3, 27, tzinfo=UTC) + timedelta(minutes=minutes)
    paris = ZoneInfo("Europe/Paris")
    for hours, quiet_now in (("21:00-08:00", lambda h: h >= 21 or h < 8), ("12:00-14:00", lambda h: 12 <= h < 14)):
        moment = quiet.after(now, hours, paris)
        assert moment >= now
        assert not quiet_now(moment.astimezone(paris).hour)
        assert moment == now or quiet_now(now.astimezone(paris).hour)
    assert quiet.after(now, "", paris) == now


def test_who_sees_to_a_conversation_owns_its_promise_and_closing_it_owes_nothing(anne, post, make_user, now):
    claire = make_user("agent")
    thread = post(Message_ID="<1@example.org>").thread
    assign(thread, assignee=claire, by=ME, now=now)
    assert Promise.objects.get().owner == claire
    snooze(thread, until=now + timedelta(days=1), by=ME, now=now)
    close(thread, by=ME, now=now)
    assert (Promise.objects.get().state, Thread.objects.get().state) == ("released", "closed")
    reopen(thread, by=ME, now=now)
    close(thread, by=ME, now=now)
    later = now + timedelta(hours=1)
    assert post("Encore moi", In_Reply_To="<1@example.org>", at=later).thread == thread
    held = Thread.objects.get()
    assert (held.state, held.snoozed_until, Promise.objects.filter(state="open").count()) == ("waiting_for_us", None, 1)
    assert list(held.trail.order_by("id").values_list("what", flat=True)) == [
        "assigned", "snoozed", "closed", "reopened", "closed",
    ]  # fmt: skip


def test_a_note_among_us_answers_nobody(anne, post, now):
    thread = post().thread
    written = note(thread, Words(text="@Paul, tu sais ?"), by=ME, now=now, key="n1")
    assert note(thread, Words(text="@Paul, tu sais ?"), by=ME, now=now, key="n1") == written
    assert (Thread.objects.get().state, Outgoing.objects.count()) == ("waiting_for_us", 0)
    assert not Fact.objects.filter(kind__name="messages.sent").exists()


def test_a_letter_on_paper_keeps_the_promise_when_it_was_posted(anne, now):
    update_person(anne, address="12 rue de la Paix\n75002 Paris", by=ME, now=now)
    anne.refresh_from_db()
    words = Words(text="#let x = 1 $ *Bonjour*\n\nÀ bientôt", subject="Votre dossier")
    said = write(anne, "post", words, purpose="service", key="p", by=ME, now=now)
    assert letters.pdf(said, now=now)[:5] == b"%PDF-"
    assert letters.address_lines(anne) == ["Anne Martin", "12 rue de la Paix", "75002 Paris"]
    assert (said.state, Outgoing.objects.count()) == ("queued", 0)
    for _twice in range(2):
        assert posted(said, by=ME, now=now + timedelta(hours=1)).state == "sent"
    assert Fact.objects.filter(person=anne, kind__name="messages.sent").count() == 1
    with pytest.raises(TooLateToUndo):
        undo(said, by=ME, now=now + timedelta(hours=2))
    update_person(anne, address="", by=ME, now=now)
    anne.refresh_from_db()
    with pytest.raises(NoAddress):
        write(anne, "post", words, purpose="service", key="q", by=ME, now=now)


def test_what_is_typed_in_the_chat_is_said_at_once(anne, now):
    said = write(anne, "chat", Words(text="Bonjour !"), purpose="service", key="c1", by=ME, now=now)
    assert (said.state, Outgoing.objects.count()) == ("sent", 0)
