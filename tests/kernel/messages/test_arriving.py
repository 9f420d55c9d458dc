"""What comes in: once, in its conversation, under its sender's name or under nobody's, and with a promise."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from letters import fixtures, letter

from egard.kernel.messages import addresses, files
from egard.kernel.messages.arriving import receive_email, receive_text
from egard.kernel.messages.models import Intake, Message, Outgoing, Thread
from egard.kernel.promises.models import Promise
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db


def facts(person) -> list[str]:
    return [str(f.kind) for f in Fact.objects.filter(person=person).select_related("kind").order_by("id")]


def test_a_clients_letter_is_on_her_timeline_and_we_owe_her_an_answer(anne, post):
    message = post("Bonjour, où en est ma commande ?\n\n-- \nAnne")
    assert (message.thread.person, message.trust, message.language) == (anne, "verified", "fr")
    assert message.thread.state == "waiting_for_us"
    promise = Promise.objects.get()
    assert (promise.uuid, promise.kind, promise.person) == (message.thread.awaiting, "messages.answer", anne)
    assert promise.within == "2 business days"
    assert facts(anne) == ["promises.made/1", "messages.received/1"]
    fact = Fact.objects.get(kind__name="messages.received")
    assert fact.data["excerpt"] == "Bonjour, où en est ma commande ?"
    assert [kind for kind, _start, _end in message.folded] == ["signature"]


def test_the_same_letter_by_any_way_and_any_number_of_times_is_one(anne, now):
    raw = letter(Message_ID="<1@example.org>")
    first = receive_email(raw, source="imap", mark="7:1", now=now)
    assert receive_email(raw, source="imap", mark="7:1", now=now).outcome == "repeated"
    again = receive_email(b"Received: from elsewhere\n" + raw, source="lmtp", now=now)
    assert (again.outcome, again.message) == ("repeated", first.message)
    assert (Message.objects.count(), Promise.objects.count(), Intake.objects.count()) == (1, 1, 1)


def test_a_stolen_message_id_keeps_nobodys_letter_out(anne, post):
    post("Bonjour", Message_ID="<1@example.org>", sender="mallory@evil.example", verified=False)
    assert post("Bonjour", Message_ID="<1@example.org>").thread.person == anne


def test_a_conversation_goes_on_by_references_and_never_by_subject(anne, post):
    first = post("Un", Message_ID="<1@example.org>", subject="Facture")
    assert post("Deux", subject="Re: Facture").thread != first.thread
    assert post("Trois", subject="tout autre", In_Reply_To="<1@example.org>").thread == first.thread
    nearest = post("Quatre", References="<0@elsewhere.example> <1@example.org>", Message_ID="<4@example.org>")
    assert nearest.thread == first.thread
    assert Promise.objects.filter(subject=f"thread:{first.thread.uuid}").count() == 1


def test_a_signed_address_names_its_conversation_and_a_changed_one_names_none(anne, post):
    first = post("Un")
    named = addresses.reply_address(first.thread_id)
    assert len(named.partition("@")[0]) <= 64
    assert post("Deux", to=named.upper()).thread == first.thread
    number, _dash, signature = named.removeprefix("reply+").partition("-")
    forged = f"reply+{int(number, 36) + 1:x}-{signature}"
    assert post("Trois", to=forged).thread != first.thread


def test_a_sender_whom_nothing_vouches_for_is_taken_for_nobody(anne, post):
    message = post("Envoyez-moi mon mot de passe", verified=False)
    assert (message.trust, message.thread.person, message.thread.claimed) == ("unverified", None, anne)
    assert facts(anne) == []
    forged = post(
        "Encore", verified=False, Authentication_Results="mx.maison.example; dmarc=fail header.from=example.org"
    )
    assert (forged.trust, forged.thread.person) == ("forged", None)


def test_who_answers_where_only_she_was_told_is_believed(anne, post):
    first = post("Un")
    named = addresses.reply_address(first.thread_id)
    assert post("Deux", to=named, verified=False).trust == "verified"
    assert post("Trois", to=named, verified=False, sender="mallory@evil.example").trust == "unverified"
    assert facts(anne).count("messages.received/1") == 2


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "list"}, {"Return_Path": "<>"}])
def test_a_machine_is_owed_nothing_and_brings_nothing_back(anne, post, headers):
    message = post("Je suis absente", **headers)
    assert (message.automatic, message.thread.state, message.thread.awaiting) == (True, "open", None)
    assert not Promise.objects.exists()
    assert not Outgoing.objects.exists()


def test_our_own_letters_and_those_that_go_in_circles_are_dropped(now):
    ours = letter(sender="bonjour@maison.example")
    marked = letter(X_Egard_House=addresses.house_mark())
    circling = b"Received: from a by b\n" * 70 + letter()
    for raw in (ours, marked, circling):
        assert receive_email(raw, source="imap", now=now).outcome == "circling"
    assert receive_email(letter(X_Egard_House="another house"), source="imap", now=now).outcome == "received"
    assert Message.objects.count() == 1


def test_a_letter_that_is_too_large_is_refused_politely_and_once_a_day(settings, now):
    settings.MAIL_MAX_BYTES = 2000
    raw = letter("x " * 3000, subject="Mes photos")
    for minute in range(3):
        assert receive_email(raw, source="imap", now=now + timedelta(minutes=minute)).outcome == "too_large"
    told = Outgoing.objects.get()
    assert (told.to, told.kind) == ("anne@example.org", "messages.too_large")
    assert "Mes photos" in told.text
    receive_email(letter("x " * 3000, Auto_Submitted="auto-replied", sender="b@example.org"), source="i", now=now)
    assert (Outgoing.objects.count(), Message.objects.count()) == (1, 0)


def test_the_machines_of_two_houses_do_not_answer_each_other(settings, mailbox, carry_out, now):
    settings.MAIL_MAX_BYTES = 2000
    receive_email(letter("x" * 5000, sender="contact@autre.example"), source="test", now=now)
    carry_out(at=now)
    (refusal,) = mailbox.letters
    settings.MAIL_REPLY_DOMAIN, settings.MAIL_ADDRESSES = "autre.example", ("contact@autre.example",)
    settings.MAIL_MAX_BYTES = 10  # too large for the other house as well
    assert receive_email(refusal.as_bytes(), source="test", now=now).outcome == "too_large"
    settings.MAIL_MAX_BYTES = 10_000_000
    taken = receive_email(refusal.as_bytes(), source="test", now=now).message
    assert (taken.automatic, taken.thread.awaiting, Outgoing.objects.count()) == (True, None, 1)


def test_files_are_what_their_bytes_say_and_lie_once(anne, post, now):
    raws = [fixtures("test_email_data")[name] for name in ("msg_07.txt", "msg_26.txt")]
    message = receive_email(raws[0], source="test", now=now).message
    (file,) = message.attachments.all()
    assert (file.name, file.type) == ("dingusfish.gif", "image/gif")
    assert files.content_of(file)[:3] == b"GIF"
    assert files.type_of(b"MZ\x90") == "application/x-executable"
    assert files.type_of(b"<html><script>") == "text/html"
    assert files.type_of("é".encode() * 4000) == "text/plain"
    assert files.type_of(b"\x00\x01\x02") == "application/octet-stream"


def test_a_letter_dated_next_year_is_not_ahead_of_the_others(anne, post, now):
    assert post("a", Date="Tue, 09 Mar 2027 10:00:00 +0100").at == now
    assert post("b", Date="Tue, 10 Mar 2026 08:00:00 +0100").at == now - timedelta(minutes=72)


def test_a_short_message_goes_on_with_the_open_conversation_of_its_phone(anne, now):
    first = receive_text("06 12 34 56 78", "Bonjour", key="SM1", now=now)
    assert receive_text("+33612345678", "Bonjour", key="SM1", now=now).outcome == "repeated"
    second = receive_text("+33612345678", "Et mon colis ?", key="SM2", now=now + timedelta(minutes=1))
    assert first.message.thread == second.message.thread
    assert (first.message.thread.person, Promise.objects.get().within) == (anne, "1 business day")


def test_taking_a_letter_in_costs_the_same_however_long_the_conversation_is(anne, post, django_assert_max_num_queries):
    post("0", Message_ID="<0@example.org>")
    for number in range(1, 8):
        post(str(number), Message_ID=f"<{number}@example.org>", In_Reply_To=f"<{number - 1}@example.org>")
    with django_assert_max_num_queries(40):
        post("8", Message_ID="<8@example.org>", In_Reply_To="<7@example.org>")


@pytest.mark.django_db(transaction=True)
def test_one_letter_by_four_ways_at_once_is_one_message(make_person, now):
    make_person("Anne", "Martin", email="anne@example.org")
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def deliver(way: int) -> None:
        start.wait()
        outcomes.append(receive_email(letter(Message_ID="<1@example.org>"), source=f"way{way}", now=now).outcome)
        connection.close()

    ways = [threading.Thread(target=deliver, args=(way,)) for way in range(4)]
    for way in ways:
        way.start()
    for way in ways:
        way.join()
    assert sorted(outcomes) == ["received", "repeated", "repeated", "repeated"]
    assert (Thread.objects.count(), Message.objects.count(), Promise.objects.count()) == (1, 1, 1)
