"""Cuts the demo's purchases out of the public data set, and invents the people who made them.

For developers only: the two files it writes are committed, and the demo reads nothing else.

    python examples/make_demo_data.py online_retail.csv.gz

The input is the table of UCI 352 as CSV (InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
CustomerID, Country). The same input gives the same rows: names come from Faker with a fixed seed, every other choice
from a hash of the client's or the invoice's number. Needs `faker` (the `dev` extra).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import faker
from faker import Faker

from egard.base.text import fold

DATA = Path(__file__).resolve().parent / "data"
CLIENTS = 480
SEED = 20111209
"""The day of the newest purchase."""
PREFIX = "MH"
"""Before the numbers of clients and orders, so that the whole data set can be imported beside the demo."""


@dataclass(frozen=True)
class Shop:
    code: str
    share: int
    """Of every hundred clients, how many call it theirs."""
    towns: tuple[tuple[str, str], ...]
    advisers: tuple[str, ...]


SHOPS = (
    Shop(
        "paris-marais",
        28,
        (("75003", "Paris"), ("75004", "Paris"), ("75011", "Paris"), ("93100", "Montreuil")),
        ("camille.roussel", "hugo.delmas"),
    ),
    Shop(
        "lyon-bellecour",
        20,
        (("69002", "Lyon"), ("69006", "Lyon"), ("69100", "Villeurbanne")),
        ("ines.ferrand",),
    ),
    Shop(
        "bordeaux-chartrons",
        15,
        (("33000", "Bordeaux"), ("33400", "Talence"), ("33700", "Mérignac")),
        ("paul.etcheverry",),
    ),
    Shop(
        "nantes-graslin", 14, (("44000", "Nantes"), ("44400", "Rezé"), ("44800", "Saint-Herblain")), ("maelle.le-goff",)
    ),
    Shop("lille-vieux", 13, (("59000", "Lille"), ("59110", "La Madeleine"), ("59170", "Croix")), ("maelle.le-goff",)),
    Shop("strasbourg-krutenau", 10, (("67000", "Strasbourg"), ("67300", "Schiltigheim")), ("ines.ferrand",)),
)
PHONES = ("019900", "026191", "035301", "046571", "053649")
"""Beginnings that the French regulator (ARCEP) keeps for fiction: nobody answers there."""
MAIL_DOMAINS = ("example.org", "example.com", "example.net")
"""Reserved by RFC 2606: no mail arrives."""
CONSENTS = (("offers", "email", 62), ("offers", "sms", 24), ("newsletter", "email", 55), ("events", "post", 31))
"""Purpose, channel, and how many of a hundred clients said yes."""

PURCHASES_HEADER = (
    "order_number",
    "cancelled",
    "bought_at",
    "customer_number",
    "channel",
    "site",
    "sku",
    "label",
    "quantity",
    "unit_price",
)
PEOPLE_HEADER = (
    "customer_number",
    "given_name",
    "family_name",
    "email",
    "phone",
    "address",
    "country",
    "language",
    "site",
    "adviser",
    "adviser_since",
    "role",
    "since",
    "other_role",
    "other_since",
    "other_until",
    *(f"{purpose}_{channel}" for purpose, channel, _share in CONSENTS),
    "withdrew_at",
)


def share_of(*parts: object) -> int:
    """A number from 0 to 99 that depends on nothing but `parts`."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8]) % 100


def read(source: Path) -> dict[str, list[dict[str, str]]]:
    """The lines of every known client, in the order of the file."""
    lines: dict[str, list[dict[str, str]]] = {}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["CustomerID"]:
                lines.setdefault(row["CustomerID"], []).append(row)
    return lines


def chosen(clients: Iterable[str]) -> list[str]:
    """Some of the clients, whatever they bought: the smallest hashes of their numbers."""
    return sorted(sorted(clients, key=lambda number: hashlib.sha256(number.encode()).hexdigest())[:CLIENTS])


def shop_of(client: str) -> Shop:
    place = share_of("shop", client)
    for shop in SHOPS:
        if place < shop.share:
            return shop
        place -= shop.share
    raise AssertionError("the shares of the shops make a hundred")


def where_bought(client: str, invoice: str, home: Shop) -> tuple[str, str]:
    """Channel and shop of an invoice: two thirds come to a shop, nearly always their own."""
    if share_of("channel", invoice) >= 45 + share_of("habit", client) // 2:
        return "web", ""
    if share_of("away", invoice) < 4:
        return "shop", SHOPS[share_of("where", invoice) % len(SHOPS)].code
    return "shop", home.code


def purchases(lines: dict[str, list[dict[str, str]]], clients: list[str]) -> Iterable[tuple[Any, ...]]:
    for client in clients:
        home = shop_of(client)
        for row in lines[client]:
            invoice = row["InvoiceNo"]
            cancelled = invoice.startswith("C")
            channel, site = where_bought(client, invoice, home)
            yield (
                f"{PREFIX}{invoice}",
                "yes" if cancelled else "",
                row["InvoiceDate"],
                f"{PREFIX}{client}",
                channel,
                site,
                row["StockCode"],
                row["Description"],
                row["Quantity"],
                row["UnitPrice"],
            )


def people(lines: dict[str, list[dict[str, str]]], clients: list[str]) -> Iterable[tuple[Any, ...]]:
    fake = Faker("fr_FR")
    fake.seed_instance(SEED)
    draw = random.Random(SEED)  # noqa: S311
    taken: set[str] = set()
    family: tuple[str, str, str] | None = None
    for place, client in enumerate(clients):
        shop = shop_of(client)
        days = sorted(datetime.fromisoformat(row["InvoiceDate"]) for row in lines[client])
        given = fake.first_name_female() if draw.random() < 0.62 else fake.first_name_male()
        town = draw.choice(shop.towns)
        if family and draw.random() < 0.05:
            name, phone, address = family  # two of one household: one phone for both
        else:
            name, phone = fake.last_name(), f"{draw.choice(PHONES)}{place:04d}"
            address = f"{fake.street_address()}, {town[0]} {town[1]}"
        family = (name, phone, address)
        yield _person(client, shop, days, given, name, phone, address, taken, draw)


def _person(
    client: str,
    shop: Shop,
    days: list[datetime],
    given: str,
    name: str,
    phone: str,
    address: str,
    taken: set[str],
    draw: random.Random,
) -> tuple[Any, ...]:
    words = dict.fromkeys(CONSENTS, "")
    email = _email(given, name, taken, draw) if draw.random() < 0.88 else ""
    phone = _written(phone, draw) if draw.random() < 0.83 else ""
    for consent in CONSENTS:
        if draw.random() < 0.85:  # the others were never asked
            words[consent] = "yes" if draw.random() * 100 < consent[2] else "no"
    adviser = draw.choice(shop.advisers) if share_of("adviser", client) < 55 else ""
    other = _other_role(client, days[0], days[-1])
    left = words[CONSENTS[0]] == "yes" and share_of("left", client) < 12
    if left:
        words[CONSENTS[0]] = ""  # her two words are told with their dates: see `withdrew_at`
    return (
        f"{PREFIX}{client}",
        given,
        name,
        email,
        phone,
        address if draw.random() < 0.9 else "",
        "FR",
        "en" if draw.random() < 0.05 else "fr",
        shop.code,
        adviser,
        f"{days[min(len(days) - 1, len(days) // 3)]:%Y-%m-%d}" if adviser else "",
        "customer",
        f"{days[0]:%Y-%m-%d}",
        *other,
        *words.values(),
        f"{days[-1] + timedelta(hours=2)}" if left else "",
    )


def _other_role(client: str, first: datetime, last: datetime) -> tuple[str, str, str]:
    """What some clients are besides: members of the club, candidates, former or present employees."""
    place = share_of("role", client)
    if place < 18:
        return "member", f"{first + timedelta(days=(last - first).days // 2):%Y-%m-%d}", ""
    if place < 21:
        return "candidate", f"{first - timedelta(days=200):%Y-%m-%d}", f"{first - timedelta(days=150):%Y-%m-%d}"
    if place < 23:
        return "employee", f"{first - timedelta(days=900):%Y-%m-%d}", f"{first - timedelta(days=30):%Y-%m-%d}"
    return "", "", ""


def _email(given: str, name: str, taken: set[str], draw: random.Random) -> str:
    def letters(text: str) -> str:
        return "".join(c if c.isalnum() else "-" for c in fold(text)).strip("-")

    first, last = letters(given), letters(name)
    domain = draw.choice(MAIL_DOMAINS)
    shapes = [f"{first}.{last}", f"{first[0]}.{last}", f"{last}.{first}", f"{first}{draw.randint(1, 99)}"]
    draw.shuffle(shapes)
    for local in [*shapes, *(f"{first}.{last}{n}" for n in range(2, 100))]:
        if f"{local}@{domain}" not in taken:
            taken.add(f"{local}@{domain}")
            return f"{local}@{domain}"
    raise AssertionError("a hundred people of one name")


def _written(phone: str, draw: random.Random) -> str:
    """As people write theirs: 01 99 00 12 34, 0199001234, +33 1 99 00 12 34."""
    pairs = " ".join(phone[i : i + 2] for i in range(0, 10, 2))
    return draw.choice((pairs, pairs, phone, f"+33 {pairs[1:]}", pairs.replace(" ", ".")))


def write(target: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
    """CSV, UTF-8, gzip without a date in it; how many rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        writer.writerow(row)
    target.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    return count


def main(source: Path) -> None:
    lines = read(source)
    clients = chosen(lines)
    DATA.mkdir(exist_ok=True)
    print(f"Faker {faker.VERSION}, seed {SEED}")
    for name, header, rows in (
        ("demo-purchases.csv.gz", PURCHASES_HEADER, purchases(lines, clients)),
        ("demo-people.csv.gz", PEOPLE_HEADER, people(lines, clients)),
    ):
        count = write(DATA / name, header, rows)
        print(f"{name}: {count} rows, {(DATA / name).stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
