"""Files brought in through the pages: slices, a preview by the loader itself, a worker that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.kernel.access.actors import NotAllowed
from egard.kernel.access.queries import viewer_for
from egard.kernel.jobs.operations import TryAgain
from egard.kernel.lifecycle.imports import runs
from egard.kernel.lifecycle.imports.guesses import guessed
from egard.kernel.lifecycle.imports.preview import preview
from egard.kernel.lifecycle.imports.run_work import run_import
from egard.kernel.lifecycle.models import ImportRun
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.people.models import Person
from egard.kernel.registry import registry
from egard.kernel.timeline.models import Fact

FRENCH = "N° client;Prénom;Nom;Courriel;Téléphone;Adresse;Code postal;Ville\n"
ROWS = (
    "C1;Anne;Kerouac;anne@example.org;06 12 34 56 78;1 rue du Port;29200;Brest\n"
    "C2;Zoé;Diallo;pas un courriel;;2 rue Haute;35000;Rennes\n"
)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def clerk(make_user):
    return viewer_for(make_user("administrator"))


def sent(viewer, text: str | bytes, kind="people", name="clients.csv", now=None):
    """A file that has come whole."""
    content = text if isinstance(text, bytes) else text.encode()
    run = runs.begin(viewer, kind, name, len(content), now=now or utc_now())
    for at in range(0, len(content), runs.SLICE_BYTES):
        run = runs.add_slice(viewer, run.pk, at, content[at : at + runs.SLICE_BYTES])
    return run


def looked_at(viewer, run, stated=None):
    return preview(run.kind, runs.path_of(run), stated, by=viewer.actor, now=utc_now())


@pytest.mark.django_db
def test_french_headers_are_guessed_and_the_rows_shown_as_the_loader_takes_them(clerk):
    seen = looked_at(clerk, sent(clerk, FRENCH + ROWS))
    assert seen.stated["columns"] == {
        "given_name": "Prénom",
        "family_name": "Nom",
        "address": {"columns": ["Adresse", "Code postal", "Ville"]},
        "identifiers.email": "Courriel",
        "identifiers.phone": "Téléphone",
        "identifiers.customer_number": "N° client",
    }
    assert seen.detected["separator"] == ";"
    first, second = seen.rows
    told = dict(zip(seen.fields, [cell.value for cell in first.cells], strict=True))
    assert told["identifiers.phone"] == ("phone", "+33612345678")
    assert told["address"] == "1 rue du Port 29200 Brest"
    assert (first.reason, second.reason) == ("", "people.bad_identifier")
    assert "pas un courriel" in second.why
    assert seen.refused == 1
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_every_kind_guesses_its_own_fields_and_those_only():
    names = ["Facture", "Date", "Client", "Qté", "Prix unitaire", "InvoiceNo", "colour"]
    assert guessed(registry.importers["purchases"], names)["columns"] == {
        "order_number": "Facture",
        "at": "Date",
        "person.customer_number": "Client",
        "quantity": "Qté",
        "unit_price": "Prix unitaire",
    }
    for importer in registry.importers.values():
        fields = {field.split(".")[0] for field in importer.fields}
        assert {field.split(".")[0] for field in importer.guesses} <= fields


@pytest.mark.django_db
def test_an_order_of_which_a_line_is_bad_is_shown_refused_as_a_whole(clerk):
    text = "Facture;Date;Client;Qté;Prix\n1;03/12/2025;C1;2;1,50\n1;03/12/2025;C1;x;2,00\n2;25/12/2025;C1;1;3,00\n"
    seen = looked_at(clerk, sent(clerk, text, "purchases"))
    assert [row.reason for row in seen.rows] == ["purchases.order_incomplete", "bad_number", ""]
    assert seen.detected["dates"] == {"Date": "d/m/Y"}
    assert seen.detected["decimals"]["Prix"] == ","
    assert not Fact.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 a sheet", "tables.not_a_table"),
        (b"\x1f\x8b\x08 broken", "tables.damaged"),
        (b"a,a\n1,2\n", "tables.bad_header"),
        (b"at,order_number,total\n03/02/2026,1,5\n", "tables.ambiguous_dates"),
        (b"colour\nred\n", "import.bad_map"),
    ],
)
def test_what_the_command_refuses_the_preview_refuses_in_the_same_words(clerk, content, code):
    seen = looked_at(clerk, sent(clerk, content, "purchases"))
    assert seen.refusal.code == code
    assert "clients.csv" in seen.refusal.detail or "“at”" in seen.refusal.detail


@pytest.mark.django_db
def test_an_upload_that_was_cut_goes_on_where_it_stopped(clerk, now):
    content = b"x" * 10
    run = runs.begin(clerk, "people", "a.csv", 10, mark="7", now=now)
    runs.add_slice(clerk, run.pk, 0, content[:4])
    again = runs.begin(clerk, "people", "a.csv", 10, mark="7", now=now)
    assert (again.pk, again.received) == (run.pk, 4)
    assert runs.begin(clerk, "people", "a.csv", 10, mark="8", now=now).pk != run.pk
    assert runs.add_slice(clerk, run.pk, 0, content[:4]).received == 4  # the answer had been lost
    with pytest.raises(runs.WrongPlace) as refused:
        runs.add_slice(clerk, run.pk, 8, content[8:])
    assert refused.value.context == {"received": 4}
    with pytest.raises(runs.WrongPlace):
        runs.add_slice(clerk, run.pk, 4, b"x" * 7)  # more than was announced
    assert runs.add_slice(clerk, run.pk, 4, content[4:]).stage == "ready"
    assert runs.path_of(run).read_bytes() == content


@pytest.mark.django_db
def test_who_may_bring_in_what(clerk, make_user, now, settings):
    with pytest.raises(NotAllowed):
        runs.begin(viewer_for(make_user("supervisor")), "people", "a.csv", 3, now=now)
    run = sent(clerk, FRENCH + ROWS)
    other = viewer_for(make_user("administrator"))
    for call in (
        lambda: runs.run(other, run.pk),
        lambda: runs.add_slice(other, run.pk, 0, b"x"),
        lambda: runs.start(other, run.pk, {}, now=now),
        lambda: runs.cancel(other, run.pk, now=now),
    ):
        with pytest.raises(NotFound):
            call()
    assert runs.runs(other).items == []
    settings.IMPORT_MAX_BYTES = 5
    with pytest.raises(runs.TooLargeFile):
        runs.begin(clerk, "people", "a.csv", 6, now=now)
    assert runs.safe_name("../../etc/\x00passwd") == "passwd"
    assert runs.safe_name("..") == "file"


@pytest.mark.django_db(transaction=True)
def test_a_run_brings_in_what_the_command_would_and_keeps_what_it_refused(clerk):
    run = sent(clerk, FRENCH + ROWS)
    runs.start(clerk, run.pk, looked_at(clerk, run).stated, now=utc_now())
    run_import(str(run.pk), now=utc_now())
    run = runs.run(clerk, run.pk)
    assert (run.stage, run.rows, run.taken, run.rejected, run.people) == ("done", 2, 1, 1, 1)
    assert run.told["reasons"][0]["code"] == "people.bad_identifier"
    assert "pas un courriel" in run.told["reasons"][0]["words"]
    assert "pas un courriel" in runs.rejects_of(run).read_text(encoding="utf-8-sig")
    assert not runs.path_of(run).exists()
    run_import(str(run.pk), now=utc_now())  # a job that is done twice
    assert Person.objects.count() == 1
    runs.forget_old(now=utc_now() + timedelta(days=8))
    assert runs.rejects_of(run) is None
    assert runs.run(clerk, run.pk).forgotten_at


@pytest.mark.django_db(transaction=True)
def test_refused_rows_that_hold_an_erased_person_are_not_kept(clerk, make_person, me):
    anne = make_person("Anne", "Kerouac", email="anne@example.org")
    kept = []
    for name in ("ANNE;Kérouac;wrong;", "Zoé;Diallo;ANNE@example.org;12", "Zoé;Diallo;wrong;"):
        run = sent(clerk, "Prénom;Nom;Courriel;Téléphone\n" + name + "\n")
        runs.start(clerk, run.pk, looked_at(clerk, run).stated, now=utc_now())
        run_import(str(run.pk), now=utc_now())
        kept.append(run)
    erase_person(anne, by=me, now=utc_now())
    assert [runs.rejects_of(run) is not None for run in kept] == [False, False, True]
    assert [runs.run(clerk, run.pk).rejected for run in kept] == [1, 1, 1]
    assert "anne" not in str(list(ImportRun.objects.values_list("told", flat=True))).lower()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_cancelled_keeps_what_is_in_and_says_so(clerk):
    run = sent(clerk, FRENCH + "".join(f"C{n};P{n};N;p{n}@example.org;;;;\n" for n in range(60_000)))
    runs.start(clerk, run.pk, looked_at(clerk, run).stated, now=utc_now())

    def stop() -> None:
        while not ImportRun.objects.get(pk=run.pk).rows:
            time.sleep(0.05)
        runs.cancel(clerk, run.pk, now=utc_now())
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(stop)
        run_import(str(run.pk), now=utc_now())
        asked.result()
    ended = runs.run(clerk, run.pk)
    assert ended.stage == "cancelled"
    assert 0 < ended.rows < 60_000
    assert ended.people == Person.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_waits_is_cancelled_at_once_and_one_in_hand_is_not_taken_twice(clerk, now):
    run = sent(clerk, FRENCH + ROWS)
    runs.start(clerk, run.pk, looked_at(clerk, run).stated, now=now)
    with ThreadPoolExecutor(1) as pool, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 7))", [f"import {run.pk}"])
        with pytest.raises(TryAgain):
            pool.submit(lambda: run_import(str(run.pk), now=now)).result()
        pool.submit(connections.close_all).result()
        cursor.execute("select pg_advisory_unlock_all()")
    assert runs.cancel(clerk, run.pk, now=now).stage == "cancelled"
    run_import(str(run.pk), now=now)
    assert not Person.objects.exists()


WORK = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[2]
settings.MEDIA_ROOT = sys.argv[3]
from egard.base.clock import utc_now
from egard.kernel.lifecycle.imports.run_work import run_import
run_import(sys.argv[1], now=utc_now())
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_is_taken_up_again_and_ends_with_the_same_figures(clerk, settings):
    head = "numero;date;client;montant\n"
    lines = [f"T{n};{1 + n % 28:02}/02/2026;C{n % 5_000};{'x' if n % 997 == 0 else n}\n" for n in range(40_000)]
    stated = {
        "columns": {
            "kind": {"constant": "purchases.made/1"},
            "key": "numero",
            "at": {"column": "date", "format": "d/m/Y"},
            "channel": {"constant": "shop"},
            "person.customer_number": "client",
            "data.order_number": "numero",
            "data.total.amount": "montant",
            "data.total.currency": {"constant": "EUR"},
        }
    }
    run = sent(clerk, head + "".join(lines), "events")
    runs.start(clerk, run.pk, stated, now=utc_now())
    command = [sys.executable, "-c", WORK, str(run.pk), connection.settings_dict["NAME"], str(settings.MEDIA_ROOT)]
    process = subprocess.Popen(command, env=os.environ)
    try:
        deadline = time.monotonic() + 40
        while not Fact.objects.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    written = Fact.objects.count()
    assert 0 < written < 40_000
    assert runs.run(clerk, run.pk).stage == "running"
    run_import(str(run.pk), now=utc_now())
    ended = runs.run(clerk, run.pk)
    wrong = sum(n % 997 == 0 for n in range(40_000))
    assert (ended.stage, ended.attempts) == ("done", 2)
    assert (ended.rows, ended.rejected, ended.facts) == (40_000, wrong, 40_000 - wrong)
    assert (ended.people, Person.objects.count(), Fact.objects.count()) == (5_000, 5_000, 40_000 - wrong)
    assert [path.name for path in runs.folder_of(run).iterdir()] == ["clients.csv.rejects.csv"]
