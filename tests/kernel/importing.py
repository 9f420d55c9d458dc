"""What tests of imports share: small files, their maps, and what stands in the database afterwards."""

from __future__ import annotations

import csv

from django.db import connection

PEOPLE = """columns:
  given_name: prenom
  family_name: nom
  role: {constant: customer}
  since: {column: depuis, format: d/m/Y}
  identifiers.customer_number: numero
  identifiers.email: mail
  identifiers.phone: tel
  consents.news.email: news
"""
HEAD = "numero,prenom,nom,mail,tel,depuis,news\n"
EVENTS = """columns:
  kind: {constant: purchases.made/1}
  key: ticket
  at: {column: date, format: d/m/Y}
  channel: {constant: shop}
  person.customer_number: carte
  person.email: mail
  data.order_number: ticket
  data.total.amount: centimes
  data.total.currency: {constant: EUR}
zone: Europe/Paris
"""
TICKETS = "ticket,date,carte,mail,centimes\n"


def rejected(summary):
    """The rejects file as (line, reason) pairs."""
    if summary.rejects is None:
        return []
    with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]


def database():
    """Every row of what an import may touch, with the number of the transaction that wrote it: what moves shows."""
    held = {}
    with connection.cursor() as cursor:
        for table in (
            "people_person",
            "people_identifier",
            "people_role",
            "people_consent",
            "people_search",
            "timeline_fact",
            "purchases_value",
        ):
            cursor.execute(f"select array_agg(xmin::text || ctid::text order by ctid) from {table}")
            held[table] = cursor.fetchone()[0]
    return held
