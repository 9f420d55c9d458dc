"""Run by Tryton's own Python: makes its database ready, with one party that has 100 complaints and 100 notes."""

import json
import sys
from decimal import Decimal

from trytond.config import config

config.update_etc(sys.argv[1])
from trytond.pool import Pool  # noqa: E402
from trytond.transaction import Transaction, TransactionError  # noqa: E402

DATABASE = "tryton"
COUNT = 100


def fill(get, transaction):
    (currency,) = get("currency.currency").create(
        [{"name": "Euro", "code": "EUR", "symbol": "€", "rounding": Decimal("0.01"), "digits": 2}]
    )
    (house,) = get("party.party").create([{"name": "House"}])
    (company,) = get("company.company").create([{"party": house.id, "currency": currency.id}])
    (user,) = get("res.user").search([("login", "=", "admin")])
    get("res.user").write([user], {"companies": [("add", [company.id])], "company": company.id})
    (model,) = get("ir.model").search([("name", "=", "sale.sale")])
    (kind,) = get("sale.complaint.type").create([{"name": "Damaged", "origin": model.id}])
    (party,) = get("party.party").create(
        [
            {
                "name": "Camille Lefèvre",
                "addresses": [("create", [{"street": "1 rue de la Paix", "city": "Paris", "postal_code": "75002"}])],
                "contact_mechanisms": [
                    (
                        "create",
                        [{"type": "email", "value": "c@example.org"}, {"type": "phone", "value": "+33612345678"}],
                    )
                ],
            }
        ]
    )
    (sequence,) = get("ir.sequence").search([("name", "ilike", "%complaint%")], limit=1) or [None]
    if sequence:
        get("sale.configuration").create([{}]) if not get("sale.configuration").search([]) else None
        configuration = get("sale.configuration")(1)
        configuration.complaint_sequence = sequence
        configuration.save()
    with transaction.set_context(company=company.id):
        get("sale.complaint").create(
            [
                {"customer": party.id, "company": company.id, "type": kind.id, "description": f"Damaged dish {n} " * 5}
                for n in range(COUNT)
            ]
        )
    get("ir.note").create(
        [{"resource": str(party), "message": f"She called, note {n}. " * 5, "unread": True} for n in range(COUNT)]
    )
    return {"party": party.id, "company": company.id}


Pool.start()
pool = Pool(DATABASE)
pool.init()
extras = {}
while True:
    with Transaction().start(DATABASE, 1, **extras) as transaction:
        try:
            told = fill(pool.get, transaction)
        except TransactionError as error:  # it asks to begin again with a lock
            transaction.rollback()
            error.fix(extras)
            continue
    break
print(json.dumps(told))
