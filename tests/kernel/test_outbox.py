"""The outbox: one message a key, nothing lost while the server is away, nothing sent too late or kept too long."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from egard.base.clock import utc_now
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.jobs.operations import TryAgain
from egard.kernel.lifecycle.operations import erase_person, export_person
from egard.kernel.messages import queries, texts
from egard.kernel.messages.models import Outgoing
from egard.kernel.messages.operations import MessageKeyReused, deliver, send, sweep, take_back
from egard.kernel.people.operations import BadIdentifier
from egard.kernel.registry import MessageKind, registry
from egard.site import conversations, mail

pytestmark = pytest.mark.django_db
PASSWORD = "messages.password_changed"
CODE = "toys.code"


@pytest.fixture
def write(me, now):
    """Writes a warning to Anne: `write("a-key")`."""

    def one(key: str, **more):
        told = {"fields": {"name": "Anne", "at": now}, "language": "en", "by": me, "now": now, **more}
        return send(told.pop("kind", PASSWORD), told.pop("to", "anne@example.org"), key=key, **told)

    return one


@pytest.fixture
def secret(monkeypatch):
    """A kind of message whose body is a secret."""
    kind = MessageKind(CODE, "Code", "messages/kinds/password", ("name", "at"), secret=True)
    monkeypatch.setitem(registry.messages, CODE, kind)


def states() -> list[str]:
    return list(Outgoing.objects.order_by("id").values_list("state", flat=True))


def test_a_message_leaves_once_a_key_however_often_it_is_asked_for(write, mailbox, carry_out):
    assert write("changed:1").pk == write("changed:1").pk
    with transaction.atomic():
        write("changed:2")
        transaction.set_rollback(True)
    carry_out()
    assert states() == ["sent"]
    (letter,) = mailbox.letters
    assert letter["To"] == "anne@example.org"
    assert letter["From"] == "Maison <no-reply@maison.example>"
    assert letter["Subject"] == "Your password was changed"
    assert "Hello Anne," in letter.get_body(("plain",)).get_content()
    assert "Hello Anne," in letter.get_body(("html",)).get_content()
    with pytest.raises(MessageKeyReused):
        write("changed:1", to="somebody@example.org")
    with pytest.raises(BadIdentifier):
        write("changed:3", to="no address\nBcc: all@example.org")


def test_a_message_that_waits_for_its_moment_is_taken_back_and_one_that_left_is_not(write, mailbox, carry_out, now):
    write("changed:1")
    write("changed:2", send_at=now + timedelta(hours=1))
    write("changed:3", send_at=now + timedelta(hours=1))
    carry_out()
    assert take_back(["changed:1", "changed:2"], now=now) == 1
    carry_out(at=now + timedelta(hours=1))
    assert states() == ["sent", "dropped", "sent"]
    assert len(mailbox.letters) == 2


def test_a_server_away_for_a_day_loses_nothing_and_gets_each_message_once(write, mailbox, carry_out, now):
    port = mailbox.port
    mailbox.answers["HELO"] = "421 come back later"
    for key in ("one", "two"):
        write(key)
    hours = [now + timedelta(minutes=10 * n) for n in range(24 * 6)]
    for moment in hours:
        carry_out(at=moment)
    assert states() == ["queued", "queued"]
    assert "421" in Outgoing.objects.first().error
    assert 20 < Outgoing.objects.first().attempts < 60
    assert mailbox.letters == []
    mailbox.answers.clear()
    assert mailbox.port == port
    carry_out(at=now + timedelta(hours=25))
    carry_out(at=now + timedelta(hours=30))
    assert states() == ["sent", "sent"]
    assert len(mailbox.letters) == 2


def test_after_three_days_it_has_failed_and_says_why(write, settings, mailbox, carry_out, now):
    mailbox.answers["RCPT"] = "451 greylisted"
    write("one")
    for hour in range(80):
        carry_out(at=now + timedelta(hours=hour))
    found = Outgoing.objects.get()
    assert (found.state, "451" in found.error) == ("failed", True)
    assert found.ended_at - found.created_at <= timedelta(days=3)


def test_an_address_that_the_server_refuses_is_not_tried_again(write, mailbox, carry_out):
    mailbox.answers["RCPT"] = "550 no anne@example.org here"
    write("one")
    assert carry_out() == 1
    found = Outgoing.objects.get()
    assert (found.state, found.error) == ("failed", "SMTPRecipientsRefused: 550 no … here")


def test_a_code_is_not_sent_late_and_its_words_do_not_stay(write, secret, mailbox, carry_out, now):
    mailbox.answers["HELO"] = "421 come back later"
    write("late", kind=CODE, expires_at=now + timedelta(minutes=10))
    carry_out()
    mailbox.answers.clear()
    carry_out(at=now + timedelta(minutes=10))
    write("soon", kind=CODE, expires_at=now + timedelta(minutes=10))
    carry_out(at=now + timedelta(minutes=9))
    assert states() == ["expired", "sent"]
    assert len(mailbox.letters) == 1
    assert {(m.subject, m.text, m.html) for m in Outgoing.objects.all()} == {("", "", "")}


def test_in_the_sandbox_a_code_is_read_until_it_expires(write, secret, carry_out, now):
    write("soon", kind=CODE, expires_at=now + timedelta(minutes=10))
    carry_out()
    sweep(now=now + timedelta(minutes=9))
    assert "Hello Anne" in Outgoing.objects.get().text
    sweep(now=now + timedelta(minutes=11))
    assert (Outgoing.objects.get().state, Outgoing.objects.get().text) == ("sent", "")


def test_a_message_that_lost_its_job_is_found_again(write, mailbox, carry_out, now):
    write("one")
    with connection.cursor() as cursor:  # as a backup leaves it that was made without the queue
        cursor.execute("delete from procrastinate_jobs")
    sweep(now=now + timedelta(minutes=4))
    assert carry_out(at=now + timedelta(minutes=4)) == 0
    sweep(now=now + timedelta(minutes=6))
    assert carry_out(at=now + timedelta(minutes=6)) == 1
    assert len(mailbox.letters) == 1


def test_every_kind_speaks_both_languages_and_names_its_fields(now):
    samples = {"at": now, "what": "on", "minutes": 10}
    for kind, language in itertools.product(registry.messages.values(), ("fr", "en")):
        words = texts.written(kind, language, {name: samples.get(name, "Zoé <&>") for name in kind.fields})
        assert words.subject
        assert len(words.text) > 50
        assert "{{" not in words.text + words.html
        assert "<&>" not in words.html
        with pytest.raises(ValueError):
            texts.written(kind, language, {"unknown": 1})


def test_only_those_allowed_read_what_went_out(write, make_user):
    found = write("one")
    auditor = viewer_for(make_user("auditor"))
    assert [m.pk for m in queries.outbox(auditor, to="anne@example.org").items] == [found.pk]
    assert queries.outbox(auditor, state="sent").items == []
    assert queries.outgoing(auditor, found.uuid).text.startswith("Hello")
    with pytest.raises(NotAllowed):
        queries.outbox(viewer_for(make_user("agent")))
    with pytest.raises(NotAllowed):
        queries.outgoing(viewer_for(make_user("agent")), found.uuid)


def test_she_is_told_of_an_export_and_of_her_erasure_and_then_forgotten(
    make_person, everything, mailbox, carry_out, me, now
):
    anne = make_person("Anne", "Kerouac", email="anne@example.org", language="fr")
    for _ in range(2):
        export_person(everything, anne, now=now)
    carry_out()
    send(PASSWORD, "anne@example.org", key="w", fields={"name": "A", "at": now}, person=anne, by=me, now=now)
    assert [row["kind"] for row in export_person(everything, anne, now=now)["messages"]] == [
        "messages.exported",
        PASSWORD,
    ]
    erase_person(anne, by=me, now=now)
    carry_out()
    assert [letter["Subject"] for letter in mailbox.letters] == [
        "Une copie de votre dossier a été faite",
        "Votre dossier a été effacé",
    ]
    assert states() == ["sent", "dropped", "sent"]
    assert set(Outgoing.objects.values_list("to", flat=True)) == {""}


def test_the_address_of_the_server_is_read_and_a_password_never_travels_in_the_clear():
    read = mail.from_url("smtps://anne:p%40ss@mail.example.org")
    assert (read["EMAIL_HOST"], read["EMAIL_PORT"], read["EMAIL_HOST_PASSWORD"]) == ("mail.example.org", 465, "p@ss")
    assert read["EMAIL_USE_SSL"]
    assert mail.from_url("smtp+starttls://mail.example.org")["EMAIL_USE_TLS"]
    assert mail.from_url("")["MAIL_DRIVER"] == "sandbox"
    for wrong in ("mail.example.org", "smtp://a:b@mail.example.org", "smtp://", "smtp://x:port"):
        with pytest.raises(ImproperlyConfigured):
            mail.from_url(wrong)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_one_message_side_by_side(write, mailbox, now):
    mailbox.hold = threading.Event()
    found = write("one")

    def first():
        deliver(message=found.pk, now=now)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    while not mailbox.letters:
        time.sleep(0.01)
    with pytest.raises(TryAgain):
        deliver(message=found.pk, now=now)
    mailbox.hold.set()
    thread.join()
    deliver(message=found.pk, now=now)
    assert len(mailbox.letters) == 1
    assert states() == ["sent"]


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_it_notes_the_sending_sends_the_very_same_message_again(write, mailbox):
    """SMTP has no second phase: the server had said yes, and nobody knew. One Message-ID makes it one message."""
    mailbox.hold = threading.Event()
    write("one", now=utc_now())
    parameters = connection.get_connection_params()
    named = ("host", "port", "user", "password", "dbname")
    url = psycopg.conninfo.make_conninfo(**{name: parameters[name] for name in named if parameters.get(name)})
    environment = {**os.environ, "DATABASE_URL": url, "EGARD_SMTP_URL": mailbox.url, "EGARD_PROCESS": "worker"}

    def work():
        return subprocess.Popen([sys.executable, "-P", "-m", "egard.site.cli", "worker"], env=environment)

    def until(true):
        end = time.monotonic() + 40
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    first = work()
    until(lambda: len(mailbox.letters) == 1)
    first.kill()
    first.wait()
    assert states() == ["sending"]
    mailbox.hold.set()
    with connection.cursor() as cursor:  # its last breath was long ago: the test does not wait for that
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    second = work()
    try:
        until(lambda: states() == ["sent"])
    finally:
        second.terminate()
        assert second.wait(20) == 0
    assert len(mailbox.letters) == 2
    assert len({letter["Message-ID"] for letter in mailbox.letters}) == 1
    assert mailbox.letters[0].as_bytes().split(b"boundary")[0] == mailbox.letters[1].as_bytes().split(b"boundary")[0]
    assert Outgoing.objects.get().provider_id == mailbox.letters[0]["Message-ID"]


def test_the_house_says_how_long_before_a_visit_it_reminds():
    told = {words: conversations.from_environment({"EGARD_VISIT_REMINDERS": words}, "") for words in ("3 days, 1h", "")}
    assert [one["VISIT_REMINDERS"] for one in told.values()] == [("3 days", "1 h"), ()]
    with pytest.raises(ImproperlyConfigured):
        conversations.from_environment({"EGARD_VISIT_REMINDERS": "soon"}, "")
