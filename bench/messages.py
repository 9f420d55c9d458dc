"""Messages: a campaign prepared, checked and queued, and letters taken in.

The campaign is one template with merge fields to everybody, by the product's own bulk way in one process: consent
asked, text filled, read by every declared check, written as conversation, message and outbox row, jobs asked for;
nothing is sent. Letters are taken in one after another by `receive_email`, each a transaction with its person found,
its promise, its fact; half of them answer an earlier one. Goals: 50,000 a minute on two cores; 100 letters a second.
"""

from __future__ import annotations

import os
import time

from bench.report import Section, summary

PEOPLE = int(os.environ.get("EGARD_BENCH_CAMPAIGN", "50000"))
LETTERS = int(os.environ.get("EGARD_BENCH_LETTERS", "2000"))
TEXT = "Bonjour {{ given_name | Madame, Monsieur }},\n\n" + "Votre dossier avance, et voici ce qui vous attend. " * 20


def run(section: Section) -> None:
    from django.conf import settings
    from django.db import connection

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.messages.arriving import receive_email
    from egard.kernel.messages.campaigns import write_all
    from egard.kernel.messages.models import Message
    from egard.kernel.messages.templating import Draught, set_template
    from egard.kernel.people.models import Person

    settings.MAIL_AUTH_HOSTS, settings.MAIL_REPLY_DOMAIN = ("mx.bench.example",), "bench.example"
    town.fill_people(PEOPLE)
    now = utc_now()
    draught = Draught(code="bench", language="fr", label="Bench", subject="Votre dossier", text=TEXT)
    held = set_template(draught, by=town.ME, now=now)
    ids = list(Person.objects.order_by("pk").values_list("pk", flat=True)[:PEOPLE])
    started = time.perf_counter()
    tally = write_all(ids, held, purpose="service", key="bench", by=town.ME, now=now)
    took = time.perf_counter() - started
    section.head("", "number", "seconds", "a second", "a minute")
    queued = tally["queued"]
    rates = f"{queued / took:,.0f}", f"{60 * queued / took:,.0f}"
    section.row("campaign, queued", f"{queued:,} of {len(ids):,}", f"{took:.1f}", *rates)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    senders = ids[:: max(1, len(ids) // LETTERS)]
    mails = dict(
        Person.objects.filter(pk__in=senders, identifiers__kind="email").values_list("pk", "identifiers__value")
    )
    seconds: list[float] = []
    before = ""
    for number, sender in enumerate(list(mails.values())[:LETTERS]):
        raw = _letter(number, sender, before if number % 2 else "")
        before = f"<{number}@example.org>"
        started = time.perf_counter()
        receipt = receive_email(raw, source="bench", mark=f"1:{number}", now=utc_now())
        seconds.append(time.perf_counter() - started)
        assert receipt.outcome == "received", receipt
    assert Message.objects.filter(direction="in").count() == len(seconds)
    p50, p95, p99 = summary(seconds)
    rate = len(seconds) / sum(seconds)
    section.row("letters taken in", f"{len(seconds):,}", f"{sum(seconds):.1f}", f"{rate:,.0f}", f"{60 * rate:,.0f}")
    section.say(f"A letter: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms.")
    section.done()


def _letter(number: int, sender: str, answers: str) -> bytes:
    """A letter of some 2 kB as programs write them, with what it quotes."""
    domain = sender.rpartition("@")[2]
    follows = f"In-Reply-To: {answers}\r\n" if answers else ""
    quoted = "\r\n".join("> Votre dossier avance, et voici ce qui vous attend." for _line in range(20))
    return (
        f"Authentication-Results: mx.bench.example; dmarc=pass header.from={domain}\r\nFrom: {sender}\r\n"
        f"To: bonjour@bench.example\r\nSubject: Question {number}\r\nMessage-ID: <{number}@example.org>\r\n{follows}"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Bonjour, question {number} : où en est mon dossier ?\r\n\r\nLe 3 mars 2026 à 10:00, Maison <a@bench.example>"
        f" a écrit :\r\n{quoted}\r\n"
    ).encode()
