"""Messages: a campaign prepared, checked and queued, and letters taken in; each by one process, then by two.

The campaign is one template with merge fields to everybody, by the product's own bulk way: consent asked, text filled,
read by every declared check, written as conversation, message and outbox row, jobs asked for; nothing is sent. Letters
are taken in one after another by `receive_email`, each a transaction with its person found, its promise, its facts;
every second one answers the one before it. Beside them the database's own limit: the same rows once more into tables
like theirs, by COPY for the campaign, by ready statements and as many transactions for the letters. Goals: 50,000
messages a minute and 100 letters a second on two cores.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.report import Section, summary

PEOPLE = int(os.environ.get("EGARD_BENCH_CAMPAIGN", "50000"))
LETTERS = int(os.environ.get("EGARD_BENCH_LETTERS", "2000"))
TEXT = "Bonjour {{ given_name | Madame, Monsieur }},\n\n" + "Votre dossier avance, et voici ce qui vous attend. " * 20
ROWS = ("messages_thread", "messages_message", "messages_outgoing")
LETTER_ROWS = ("messages_thread", "messages_message", "promises_promise", "promises_event", "timeline_fact")
Mail = tuple[int, str, str]
"""Its number, its sender, the letter that it answers."""


def run(section: Section) -> None:
    from django.conf import settings
    from django.db import connection

    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.messages.templating import Draught, set_template
    from egard.kernel.people.models import Person

    settings.MAIL_AUTH_HOSTS, settings.MAIL_REPLY_DOMAIN = ("mx.bench.example",), "bench.example"
    town.fill_people(PEOPLE)
    draught = Draught(code="bench", language="fr", label="Bench", subject="Votre dossier", text=TEXT)
    held = set_template(draught, by=town.ME, now=utc_now())
    ids = list(Person.objects.order_by("pk").values_list("pk", flat=True)[:PEOPLE])
    section.head("", "number", "seconds", "a second", "a minute", "of the database's own")

    took, raw = _timed(_campaign, [(held.pk, "one", ids)]), 0.0
    with connection.cursor() as cursor:
        raw = sum(_copied(cursor, table) for table in ROWS)
        cursor.execute("analyze")
    _row(section, "campaign, one process", len(ids), took, raw)
    took = _timed(_campaign, [(held.pk, "two", ids[::2]), (held.pk, "two", ids[1::2])])
    _row(section, "campaign, two processes", len(ids), took, raw)

    known = Person.objects.filter(pk__in=ids[:: max(1, len(ids) // LETTERS)], identifiers__kind="email")
    senders = [one for one in known.values_list("identifiers__value", flat=True) for _twice in range(2)][:LETTERS]
    mails = [(n, sender, f"<{n - 1}@example.org>" if n % 2 else "") for n, sender in enumerate(senders)]
    marks = _last_ids()
    seconds: list[float] = []
    took = _timed(lambda told: seconds.extend(_take_in(told)), [mails], here=True)
    _row(section, "letters, one process", len(mails), took, _inserted(marks, len(mails)))
    half = len(mails) // 4 * 2
    later = [
        (n + len(mails), sender, f"<{n - 1 + len(mails)}@example.org>" if n % 2 else "") for n, sender, _of in mails
    ]
    took = _timed(_take_in, [later[:half], later[half:]])
    _row(section, "letters, two processes", len(later), took, 0)
    p50, p95, p99 = summary(seconds)
    section.say(
        f"A letter by itself: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms; {_queries(mails)} statements."
    )
    section.done()


def _row(section: Section, what: str, number: int, seconds: float, raw: float) -> None:
    rate = number / seconds
    ratio = f"{100 * raw / seconds:.0f} %" if raw else ""
    section.row(what, f"{number:,}", f"{seconds:.1f}", f"{rate:,.0f}", f"{60 * rate:,.0f}", ratio)


def _timed(work: Callable[[Any], Any], shares: Sequence[Any], *, here: bool = False) -> float:
    """Seconds until every process has done its share."""
    from django.db import connections

    if here:
        started = time.perf_counter()
        work(shares[0])
        return time.perf_counter() - started
    connections.close_all()
    workers = [multiprocessing.get_context("fork").Process(target=work, args=(share,)) for share in shares]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return time.perf_counter() - started


def _campaign(told: tuple[int, str, list[int]]) -> None:
    from bench import town
    from egard.base.clock import utc_now
    from egard.kernel.messages.campaigns import write_all
    from egard.kernel.messages.models import Template

    pk, key, ids = told
    tally = write_all(ids, Template.objects.get(pk=pk), purpose="service", key=key, by=town.ME, now=utc_now())
    assert tally == {"queued": len(ids)}, tally


def _take_in(mails: Sequence[Mail]) -> list[float]:
    from egard.base.clock import utc_now
    from egard.kernel.messages.arriving import receive_email

    seconds = []
    for number, sender, answers in mails:
        raw = _letter(number, sender, answers)
        started = time.perf_counter()
        receipt = receive_email(raw, source="bench", mark=f"1:{number}", now=utc_now())
        seconds.append(time.perf_counter() - started)
        assert receipt.outcome == "received", receipt
    return seconds


def _queries(mails: Sequence[Mail]) -> str:
    """How many statements a first letter costs, and one that answers."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number, answers in ((10**9, ""), (10**9 + 1, f"<{10**9}@example.org>")):
        with CaptureQueriesContext(connection) as asked:
            _take_in([(number, mails[0][1], answers)])
        counts.append(len(asked))
    return " and ".join(map(str, counts))


def _copied(cursor: Any, table: str) -> float:
    """Seconds that COPY takes for the rows of a table, into one like it."""
    with cursor.copy(f"copy (select * from {table}) to stdout") as out:
        block = b"".join(bytes(part) for part in out)
    cursor.execute(f"create table bench_{table} (like {table} including all)")
    started = time.perf_counter()
    with cursor.copy(f"copy bench_{table} from stdin") as into:
        into.write(block)
    seconds = time.perf_counter() - started
    cursor.execute(f"drop table bench_{table}")
    return seconds


def _last_ids() -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        found = {}
        for table in LETTER_ROWS:
            cursor.execute(f"select coalesce(max(id), 0) from {table}")
            found[table] = cursor.fetchone()[0]
        return found


def _inserted(after: dict[str, int], letters: int) -> float:
    """Seconds that the same rows take in as many transactions, into tables like theirs, by statements made ready."""
    from django.db import connection, transaction

    counts: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        for table, last in after.items():
            cursor.execute(f"create table bench_{table} (like {table} including all)")
            cursor.execute(f"create table rows_{table} (like {table})")
            cursor.execute(f"insert into rows_{table} select * from {table} where id > %s order by id", [last])
            cursor.execute(f"create index on rows_{table} (id)")
            cursor.execute(f"prepare put_{table} as insert into bench_{table} select * from rows_{table} where id = $1")
            cursor.execute(f"select id from rows_{table} order by id")
            counts[table] = [pk for (pk,) in cursor.fetchall()]
        started = time.perf_counter()
        for n in range(letters):
            with transaction.atomic():
                for table, ids in counts.items():
                    for pk in ids[n * len(ids) // letters : (n + 1) * len(ids) // letters]:
                        cursor.execute(f"execute put_{table} ({pk})")
        return time.perf_counter() - started


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
