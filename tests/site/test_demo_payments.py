"""The demo's payments: written once, of every kind, with books that differ on one."""

from __future__ import annotations

import pytest
from django.db.models import Count

from egard.base.clock import utc_now
from egard.kernel.payments.models import Difference, Payment, SandboxDeed
from egard.kernel.payments.reconciling import books_agree, payments_add_up
from egard.site.demo_payments import CARDS, pay


@pytest.mark.django_db(transaction=True)
def test_the_demo_pays_once_by_cards_of_every_kind(make_person):
    now = utc_now()
    SandboxDeed.objects.all().delete()  # of other tests, whose commits are its own
    for n in range(len(CARDS)):
        make_person("Anne", f"Client {n}", customer_number=f"{17000 + n}")
    pay(now=now)
    states = dict(Payment.objects.values_list("state").annotate(n=Count("pk")))
    assert states == {"captured": len(CARDS) - 4, "declined": 2, "lapsed": 1, "challenge": 1}
    assert Payment.objects.filter(refunded__gt=0).count() == 3
    assert [one.kind for one in Difference.objects.filter(settled_at=None)] == ["unknown_here"]
    assert list(books_agree()) == list(payments_add_up()) == []
    before = Payment.objects.count()
    pay(now=now)
    assert Payment.objects.count() == before
