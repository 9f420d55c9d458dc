"""A town of any size to measure in: people with names, addresses and numbers, and what they bought."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from django.db import connection, transaction

from egard.kernel.access.actors import system
from egard.kernel.people import bulk

GIVEN = [
    "Marie",
    "Jeanne",
    "Anne",
    "Élodie",
    "Zoé",
    "Camille",
    "Léa",
    "Chloé",
    "Inès",
    "Paul",
    "Jean",
    "Pierre",
    "Luc",
    "Hugo",
    "Théo",
    "Noël",
    "Jules",
    "Yves",
    "Karim",
    "Lina",
]
SYLLABLES = [
    "mar",
    "du",
    "le",
    "ga",
    "ber",
    "ron",
    "tin",
    "bou",
    "cha",
    "vi",
    "la",
    "ro",
    "mo",
    "ri",
    "che",
    "pin",
    "sau",
    "nier",
    "let",
    "gue",
    "fa",
    "bre",
    "den",
    "ou",
    "lan",
    "dré",
    "mé",
    "qui",
]
DOMAINS = ("gmail.com", "orange.fr", "free.fr", "wanadoo.fr", "example.org", "laposte.net")
NOW = datetime(2026, 3, 10, 8, 12, tzinfo=UTC)
ME = system("bench")


def family_name(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 3, 3, 4)))).capitalize()


def people(first: int, count: int) -> list[bulk.NewPerson]:
    """`count` people numbered from `first`: the same ones at every run."""
    made = []
    for n in range(first, first + count):
        rng = random.Random(n)
        given, family = rng.choice(GIVEN), family_name(rng)
        mail = f"{given}.{family}{n}@{rng.choice(DOMAINS)}".lower().translate(str.maketrans("éèëïô", "eeeio"))
        made.append(
            bulk.NewPerson(
                [
                    ("customer_number", str(10_000_000 + n)),
                    ("email", mail),
                    ("phone", f"+336{(n * 7919) % 100_000_000:08d}"),
                ],
                given_name=given,
                family_name=family,
                language="fr",
                roles=[("customer", NOW)],
            )
        )
    return made


def fill_people(count: int) -> None:
    """Fill the town up to `count` people, through the product's own bulk way."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from people_person")
        have = cursor.fetchone()[0]
    for first in range(have, count, 10_000):
        bulk.create(people(first, min(10_000, count - first)), by=ME, now=NOW)
        print(f"\r{min(first + 10_000, count):,} people", end="", flush=True)
    print()


def fill_facts(count: int) -> None:
    """Fill the log up to `count` purchases, spread over all people at random; order numbers for one in twenty."""
    from egard.kernel.registry import registry
    from egard.kernel.timeline import kinds

    kind = kinds.number(registry.facts["purchases.made/1"])
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(id), 0) from timeline_fact")
        have = cursor.fetchone()[0]
        cursor.execute("select min(id), max(id) from people_person")
        low, high = cursor.fetchone()
    step = 250_000
    for first in range(have, count, step):
        last = min(first + step, count)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "insert into timeline_fact (uuid, person_id, kind_id, at, recorded_at, channel, key, by, history, data)"
                " select (lpad(to_hex(n / 1000 + 1700000000000), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'"
                "  || substr(md5(n::text), 4, 15))::uuid,"
                "  %(low)s + (hashint8(n)::bigint + 2147483648) %% (%(high)s - %(low)s + 1), %(kind)s,"
                "  %(now)s - (hashint8(n + 77)::bigint + 2147483648) %% 94608000 * interval '1 second', %(now)s,"
                "  case when n %% 3 = 0 then 'shop' else 'web' end, 'made:' || n, 'system:bench', true,"
                "  jsonb_build_object('order_number', n::text, 'total', jsonb_build_object('amount', n %% 20000,"
                "   'currency', 'EUR'), 'lines', jsonb_build_array(jsonb_build_object('sku', (n %% 4000)::text,"
                "   'label', 'Bougie parfumée', 'quantity', 2, 'unit', 450)),"
                " 'site', 'paris', 'note', '')"
                " from generate_series(%(first)s::bigint + 1, %(last)s::bigint) n",
                {"low": low, "high": high, "kind": kind, "now": NOW, "first": first, "last": last},
            )
            cursor.execute(
                "insert into people_identifier (person_id, kind, value, exclusive, added_at, added_by)"
                " select person_id, 'order_number', key_number, false, %s, 'system:bench'"
                " from (select person_id, substr(key, 6) as key_number, id from timeline_fact where id > %s) f"
                " where id %% 20 = 0 on conflict do nothing",
                [NOW, first],
            )
        print(f"\r{last:,} facts", end="", flush=True)
    print()
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
