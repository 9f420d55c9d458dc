"""One database of clients, used (parts one and two): an organisation brings in its own files, sees its own clients,
and says of two records that they are one client.

Told as it happens: the shipped command on real purchases, the pages in a real browser, and the API.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client

from egard.base.clock import utc_now
from egard.kernel.access.models import Sight
from egard.kernel.access.operations import create_api_key
from egard.kernel.people.models import Person
from egard.kernel.timeline.models import Fact

ROOT = Path(__file__).resolve().parents[2]
PURCHASES = ROOT / "examples" / "data" / "demo-purchases.csv.gz"
CLIENTS = 40


@pytest.fixture
def files(tmp_path):
    """A controller's two files: forty clients with names, and everything they really bought."""
    with gzip.open(PURCHASES, "rt", newline="") as source:
        rows = list(csv.DictReader(source))
    numbers = list(dict.fromkeys(row["customer_number"] for row in rows))[:CLIENTS]
    lines = [row for row in rows if row["customer_number"] in set(numbers)]
    clients, purchases = tmp_path / "clients.csv", tmp_path / "achats.csv"
    with clients.open("w", newline="", encoding="cp1252") as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(["numero_client", "prenom", "nom", "courriel", "telephone"])
        for n, number in enumerate(numbers):
            name = ("Élodie", "Lebœuf") if n == 7 else ("Anne", f"Nom{chr(97 + n // 26)}{chr(97 + n % 26)}")
            writer.writerow([number, *name, f"client{n}@example.org", f"06 39 98 {n:02d} 56"])
        writer.writerow(["", "Sans", "Adresse", "pas-une-adresse", ""])
    with purchases.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(lines)
    maps = tmp_path / "clients.yaml"
    maps.write_text(
        "kind: people\nmatch: customer_number\ncolumns:\n  identifiers.customer_number: numero_client\n"
        "  identifiers.email: courriel\n  identifiers.phone: telephone\n  given_name: prenom\n  family_name: nom\n"
        "  role: {constant: customer}\n"
    )
    return clients, maps, purchases, numbers[7], lines


def egard(*arguments):
    """The installed command, on the test's own database: exit code and what it says as JSON."""
    named = connection.settings_dict
    url = f"postgresql://{named['USER']}:{named['PASSWORD']}@/{named['NAME']}?host={quote(str(named['HOST']), safe='')}"
    if named.get("PORT"):
        url += f"&port={named['PORT']}"
    run = subprocess.run(
        [sys.executable, "-m", "egard.site.cli", *map(str, arguments), "--json"],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


def what_is_there():
    return Person.objects.count(), list(Fact.objects.order_by("id").values_list("uuid", "txid"))


def test_two_files_become_clients_that_are_found_and_known(files, sign_in, settle):
    clients, maps, purchases, number, lines = files

    # She brings in her clients: one row is wrong, she is told which and why; the others are in.
    code, said = egard("import", "people", clients, "--map", maps)
    assert (code, said["rows"], said["imported"], said["rejected"]) == (3, CLIENTS + 1, CLIENTS, 1)
    rejects = Path(said["rejects_file"]).read_text(encoding="utf-8-sig")
    assert "pas-une-adresse" in rejects
    assert str(CLIENTS + 2) in rejects  # the line of the file

    # Then what they bought, as the till wrote it: one row a line.
    code, said = egard("import", "purchases", purchases, "--map", ROOT / "examples" / "maps" / "demo-purchases.yaml")
    orders = {row["order_number"] for row in lines}
    assert code == 0
    assert (said["rows"], said["facts"], said["people"]) == (len(lines), len(orders), 0)
    assert Person.objects.count() == CLIENTS

    # The same files again change nothing.
    before = what_is_there()
    assert egard("import", "purchases", purchases, "--map", ROOT / "examples" / "maps" / "demo-purchases.yaml")[0] == 0
    assert egard("import", "people", clients, "--map", maps)[1]["unchanged"] == CLIENTS
    assert before == what_is_there()
    settle(at=utc_now())

    # An independent few lines say what Élodie bought.
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in lines:
        if row["customer_number"] == number:
            totals[row["order_number"]] += Decimal(row["quantity"]) * Decimal(row["unit_price"])
    net = sum(int((total * 100).to_integral_value()) for total in totals.values())
    last_order = max((row["bought_at"], row["order_number"]) for row in lines if row["customer_number"] == number)[1]

    # Her adviser types three letters, a piece of a phone, an order number: the same person each time.
    page = sign_in(language="fr")
    elodie = Person.objects.get(given_name="Élodie")
    for typed in ("leb", "98 07 5", last_order):
        page.goto("/people/")
        page.fill("#search", typed)
        page.wait_for_selector(f"#people [data-for='{typed}'] a[href='/people/{elodie.uuid}/']")
    page.press("#search", "Enter")
    page.wait_for_url(f"**/people/{elodie.uuid}/")

    # One page: who she is, how to reach her, what she is worth, what happened.
    assert page.inner_text("h1") == "Élodie Lebœuf"
    page.wait_for_selector("text=Dépensé")
    shown = page.inner_text("main").replace("\u202f", " ").replace("\u00a0", " ")
    assert "client7@example.org" in shown
    assert "+33 6 39 98 07 56" in shown
    euros = f"{net // 100:,}".replace(",", " ") + f",{net % 100:02d} €"
    assert euros in shown
    assert last_order in shown

    # A program is told the same, by the same rules.
    _key, secret = create_api_key(name="crm", scopes=["all"], by=_me(), now=utc_now())
    api = Client(headers={"authorization": f"Bearer {secret}"})
    [found] = api.get("/api/v1/people", {"identifier": f"customer_number:{number}"}).json()["items"]
    assert found["id"] == str(elodie.uuid)
    overview = api.get(f"/api/v1/people/{elodie.uuid}/overview").json()
    told = json.dumps(overview)
    assert f'"amount": {net}, "currency": "EUR"' in told
    kinds = {item["kind"] for item in overview["timeline"]["items"]}
    assert kinds <= {"purchases.made/1", "purchases.cancelled/1"}
    assert len(overview["timeline"]["items"]) == min(50, len(totals))

    # Who saw her is known.
    assert Sight.objects.filter(person_id=elodie.pk, kind="person").count() >= 2


@pytest.fixture
def api(transactional_db):
    """A program that may all: `api.post("people", {…})`."""
    _key, secret = create_api_key(name="crm", scopes=["all"], by=_me(), now=utc_now())
    return Client(headers={"authorization": f"Bearer {secret}"})


def _bought(api, number, minor, kind, value):
    event = {
        "kind": "purchases.made/1",
        "key": f"made:{number}",
        "at": f"2026-02-0{number[-1]}T10:00:00Z",
        "person": {"kind": kind, "value": value},
        "data": {"order_number": number, "total": {"amount": minor, "currency": "EUR"}},
    }
    assert api.post("/api/v1/events", event, content_type="application/json").status_code == 201


def test_two_records_of_one_client_become_one_and_two_again_and_nothing_is_lost(api, sign_in, settle):
    # The shop knows her by her card, the site by her mail; both wrote down the same phone.
    made = {}
    for name, kind, value in (("Élodie", "customer_number", "17850"), ("Élo", "email", "elo@example.org")):
        ways = [{"kind": kind, "value": value}, {"kind": "phone", "value": "06 39 98 07 56"}]
        body = {"given_name": name, "family_name": "Lebœuf", "identifiers": ways}
        made[kind] = api.post("/api/v1/people", body, content_type="application/json").json()["id"]
    shop, web = made["customer_number"], made["email"]
    _bought(api, "S1", 4900, "customer_number", "17850")
    _bought(api, "W2", 1600, "email", "elo@example.org")
    settle(at=utc_now())

    # Her adviser is on the page of the shop's record; the other one is proposed, with the reason.
    page = sign_in(language="fr")
    page.goto(f"/people/{shop}/")
    page.click("text=Fusionner avec une autre personne")
    page.wait_for_selector("text=Peut-être la même personne")
    assert "+33 6 39 98 07 56" in page.inner_text("#others").replace("\u00a0", " ")
    page.click("text=Comparer")
    page.wait_for_selector("h1:has-text('Une seule personne')")
    sides = page.inner_text(".compare")
    assert "elo@example.org" in sides
    assert "17850" in sides
    page.fill("#reason", "dit au téléphone")
    page.click("button:has-text('Fusionner')")
    page.wait_for_selector("text=tout est réuni ci-dessous")

    # One page: both orders, what they make together, every way to reach her.
    page.wait_for_selector("text=Dépensé")
    shown = page.inner_text("main").replace("\u202f", " ").replace("\u00a0", " ")
    for words in ("S1", "W2", "65,00 €", "elo@example.org", "17850", "Camille Lefèvre · dit au téléphone"):
        assert words in shown, words
    page.goto("/people/?q=elo@example")
    assert page.locator("#people tbody tr").count() == 1
    page.goto(f"/people/{web}/")
    page.wait_for_url(f"**/people/{shop}/")

    # A program is told the same; what arrives for the site's record meanwhile is hers too.
    one = api.get(f"/api/v1/people/{web}").json()
    assert (one["id"], one["name"], one["merged_ids"]) == (shop, "Élodie Lebœuf", [web])
    _bought(api, "W3", 900, "email", "elo@example.org")
    assert _orders(api, shop) == ["S1", "W2", "W3"]

    # They were sisters after all: one click, and each has what is hers, also what came since.
    page.click("text=Annuler")
    page.wait_for_selector("text=Ce sont de nouveau deux personnes")
    assert _orders(api, shop) == ["S1"]
    assert _orders(api, web) == ["W2", "W3"]
    settle(at=utc_now())
    told = json.dumps(api.get(f"/api/v1/people/{web}/overview").json())
    assert '"amount": 2500, "currency": "EUR"' in told

    # A program may say it as well, the other way round; the same rules hold, and the page follows.
    merge = api.post(f"/api/v1/people/{web}/merges", {"other": shop}, content_type="application/json").json()
    page.goto(f"/people/{shop}/")
    page.wait_for_url(f"**/people/{web}/")
    assert page.inner_text("h1") == "Élo Lebœuf"
    assert api.delete(f"/api/v1/merges/{merge['id']}").status_code == 204
    assert api.delete(f"/api/v1/merges/{merge['id']}").json()["code"] == "people.merge_undone"


def _orders(api, person):
    items = api.get(f"/api/v1/people/{person}/timeline", {"kind": "purchases.made"}).json()["items"]
    return sorted(item["data"]["order_number"] for item in items)


def _me():
    from egard.kernel.access.actors import system

    return system("test")
