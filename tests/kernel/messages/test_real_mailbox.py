"""A mailbox on a real IMAP server: everything is taken in once, whatever falls over in the middle."""

from __future__ import annotations

import imaplib
import os
import random
import time

import pytest
from letters import letter
from tests.killing import Workers

from egard.kernel.messages import fetching
from egard.kernel.messages.models import Intake, Message, Outgoing
from egard.site.processes import wait_until

DEEP = os.environ.get("EGARD_DEEP") == "1"
MB = 1024 * 1024


def _texts() -> list[str]:
    return [text.strip() for text in Message.objects.order_by("id").values_list("text", flat=True)]


@pytest.mark.django_db
def test_what_lies_in_a_mailbox_is_taken_in_once_and_stays_there(dovecot, anne, now):
    dovecot.put(letter("Un"), b"\xff\x00 no letter", letter("Deux", subject="Deux"))
    for _run in range(2):
        fetching.fetch_mail(now=now)
    assert _texts()[::2] == ["Un", "Deux"]
    dovecot.put(letter("Trois", subject="Trois"))
    fetching.fetch_mail(now=now)
    assert _texts()[-1] == "Trois"
    dovecot.number_anew()
    fetching.fetch_mail(now=now)
    outcomes = list(Intake.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["received"] * 4 + ["repeated"] * 4
    box = imaplib.IMAP4("127.0.0.1", dovecot.port)
    box.login("bonjour", "secret")
    assert box.select("INBOX")[1] == [b"4"]
    assert box.search(None, "UNSEEN")[1] == [b"1 2 3 4"]  # whoever reads along sees them as they were
    box.logout()


@pytest.mark.django_db
def test_a_letter_of_31_mb_is_refused_in_words_and_only_its_beginning_is_fetched(dovecot, anne, monkeypatch, now):
    fetched: list[int] = []
    real = fetching.receive_email

    def measured(raw, **told):
        fetched.append(len(raw))
        return real(raw, **told)

    monkeypatch.setattr(fetching, "receive_email", measured)
    lines = b"x" * 76 + b"\r\n"
    dovecot.put(letter("Photos") + lines * (31 * MB // len(lines) + 1), letter("Petit", subject="Petit"))
    fetching.fetch_mail(now=now)
    assert list(Intake.objects.order_by("id").values_list("outcome", flat=True)) == ["too_large", "received"]
    assert fetched[0] == fetching.HEAD_BYTES
    told = Outgoing.objects.get(kind="messages.too_large")
    assert (told.to, "30" in told.text) == ("anne@example.org", True)


@pytest.mark.django_db
def test_a_server_that_restarts_in_the_middle_costs_nothing(dovecot, anne, monkeypatch, now):
    dovecot.put(*(letter(f"Lettre {n}", subject=str(n)) for n in range(6)))
    real, taken = fetching.receive_email, []

    def until_it_falls(raw, **told):
        taken.append(raw)
        if len(taken) == 3:
            dovecot.stop()
        return real(raw, **told)

    monkeypatch.setattr(fetching, "receive_email", until_it_falls)
    with pytest.raises((OSError, imaplib.IMAP4.error)):
        fetching.fetch_mail(now=now)
    assert _texts() == ["Lettre 0", "Lettre 1", "Lettre 2"]
    dovecot.start()
    fetching.fetch_mail(now=now)
    assert _texts() == [f"Lettre {n}" for n in range(6)]


TAKER = """
from django.conf import settings
from egard.base.clock import utc_now
from egard.kernel.messages.fetching import fetch_mail

def run(url):
    settings.IMAP_URL, settings.MAIL_AUTH_HOSTS = url, ("mx.maison.example",)
    fetch_mail(now=utc_now())
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_heap_of_letters_is_taken_in_once_each_by_workers_that_are_killed(dovecot, anne):
    """Ten thousand of them in the deep run, with a hundred kills."""
    count, kills, rng = (10_000, 100, random.Random(6)) if DEEP else (30, 3, random.Random(6))
    dovecot.put(*(letter(f"Lettre {n}", subject=f"Question {n}") for n in range(count)))
    workers = Workers(TAKER)
    try:
        for _kill in range(kills):
            pid, enough = workers.begin(dovecot.url), Intake.objects.count() + rng.randrange(1, count // kills)
            assert wait_until(lambda least=enough: Intake.objects.count() >= least, seconds=120, step=0.005)
            time.sleep(rng.random() * 0.02)
            workers.kill(pid)
        workers.begin(dovecot.url)
        assert wait_until(lambda: Intake.objects.count() == count, seconds=900, step=0.05)
    finally:
        workers.close()
    assert sorted(_texts()) == sorted(f"Lettre {n}" for n in range(count))
    assert Message.objects.filter(author=f"person:{anne.uuid}").count() == count
    promised = Message.objects.values_list("thread__awaiting", flat=True)
    assert None not in promised
    assert len(set(promised)) == count
