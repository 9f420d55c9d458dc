"""A file through the pages: dropped, looked at, brought in by a worker, its refused rows taken back."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from egard.base.clock import utc_now
from egard.kernel.lifecycle.imports import runs
from egard.kernel.lifecycle.models import ImportRun
from egard.kernel.people.models import Person

HEAD = "N° client;Prénom;Nom;Courriel;Date d’entrée\n"
ROWS = "".join(f"C{n};Prénom{n};Nom{n};p{n}@example.org;{1 + n % 28:02}/02/2024\n" for n in range(300))
WRONG = "C900;Zoé;Diallo;pas un courriel;03/02/2024\nC901;Marc;Nguyen;marc@example.org;30/02/2024\n"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def staff(transactional_db, make_user):
    return make_user("administrator", email="camille@example.org", name="Camille Lefèvre", password="a-warm-welcome")


@pytest.fixture
def worker():
    """The worker's own loop of jobs, in a thread."""
    from egard.kernel.jobs.worker import run_jobs

    stop = threading.Event()
    thread = threading.Thread(target=run_jobs, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join(20)


def test_a_french_list_is_dropped_looked_at_brought_in_and_put_right(sign_in, worker, tmp_path):
    path = tmp_path / "clients.csv"
    path.write_text(HEAD + WRONG + ROWS)
    page = sign_in()
    page.goto("/admin/import/")
    page.set_input_files("#file", path)
    page.click("#send")
    page.wait_for_selector("#mapping")
    assert not Person.objects.exists()
    expect(page.locator(".told")).to_contain_text("semicolons")
    assert page.input_value("#field-3") == "identifiers.email"
    assert page.input_value("#field-4") == "since"
    expect(page.locator("tr.is-why")).to_have_count(2)
    expect(page.locator("tr.is-why").first).to_contain_text("pas un courriel")
    # A column that is named otherwise shows the rows anew, and the focus stays where it was.
    page.select_option("#field-4", "")
    expect(page.locator("tr.is-why")).to_have_count(1)
    page.select_option("#field-4", "since")
    expect(page.locator("tr.is-why")).to_have_count(2)
    page.fill("#map-name", "Clients of the shops")
    page.click("button[name=keep]")
    page.wait_for_selector("#map option:has-text('Clients of the shops')", state="attached")
    page.click("button[name=start]")
    page.wait_for_selector("#progress .tone-kept", timeout=30_000)
    expect(page.locator(".figures-line")).to_contain_text("300")
    assert Person.objects.count() == 300
    with page.expect_download() as taken:
        page.click("a[href$='/rejects/']")
    refused = tmp_path / "refused.csv"
    taken.value.save_as(refused)
    text = refused.read_text(encoding="utf-8-sig")
    assert "pas un courriel" in text
    refused.write_text(text.replace("pas un courriel", "zoe@example.org").replace("30/02/2024", "29/02/2024"))
    page.goto("/admin/import/")
    page.set_input_files("#file", refused)
    page.click("#send")
    page.wait_for_selector("#mapping")
    page.click("button[name=start]")
    page.wait_for_selector("#progress .tone-kept", timeout=30_000)
    assert Person.objects.count() == 302


def test_an_upload_goes_on_after_the_connection_was_cut_and_after_a_new_start(sign_in, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SLICE_BYTES", 4_000)
    path = tmp_path / "clients.csv"
    path.write_text(HEAD + ROWS)
    page = sign_in()
    sent: list[str] = []

    def fragile(route):
        sent.append(route.request.url.rpartition("=")[2])
        if len(sent) == 2:
            route.abort()  # one slice is lost: it is sent again by itself
        elif len(sent) == 4:
            page.evaluate("document.getElementById('going').dataset.left = 'yes'")
            route.abort()
            page.unroute("**/slices/**")
            page.route("**/slices/**", lambda later: later.abort())
        else:
            route.continue_()

    page.route("**/slices/**", fragile)
    page.goto("/admin/import/")
    page.set_input_files("#file", path)
    page.click("#send")
    page.wait_for_selector("#going[data-left]", state="attached")
    assert sent[:3] == ["0", "4000", "4000"]
    run = ImportRun.objects.get()
    assert run.received == 8_000
    page.close()
    sign_in.complaints[:] = [one for one in sign_in.complaints if "ERR_FAILED" not in one]

    page = sign_in()
    page.on("request", lambda request: "/slices/" in request.url and sent.append(request.url.rpartition("=")[2]))
    page.goto("/admin/import/")
    del sent[:]
    page.set_input_files("#file", path)
    page.click("#send")
    page.wait_for_selector("#mapping")
    assert sent[0] == "8000"
    assert runs.path_of(run).read_bytes() == path.read_bytes()


def test_a_file_that_is_no_table_is_refused_in_the_commands_words(sign_in, tmp_path):
    page = sign_in()
    for content, words in ((b"PK\x03\x04 a sheet", "a zip archive or a spreadsheet"), (b"", "is empty")):
        path = tmp_path / "clients.xlsx"
        path.write_bytes(content)
        page.goto("/admin/import/")
        page.set_input_files("#file", path)
        page.click("#send")
        expect(page.locator(".notice-broken:visible")).to_contain_text(words)
    sign_in.complaints[:] = [one for one in sign_in.complaints if "422" not in one]
    assert ImportRun.objects.filter(created_at__lte=utc_now()).count() == 1
