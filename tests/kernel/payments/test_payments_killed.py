"""kill -9 between the provider and the database, and races on real connections: money moves once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from tests.kernel.payments.conftest import moved
from tests.racing import at_once

from egard.base.clock import utc_now
from egard.base.money import Money
from egard.kernel.jobs.operations import TryAgain
from egard.kernel.ledger.models import Pending
from egard.kernel.ledger.queries import account, balance
from egard.kernel.payments import books, carrying, operations, reconciling, refusals, wallet
from egard.kernel.payments.models import Command

pytestmark = pytest.mark.django_db(transaction=True)
DEEP = os.environ.get("EGARD_DEEP") == "1"

WORKERS = """
import os, signal, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from egard.base.clock import utc_now
from egard.kernel.payments import carrying
for line in sys.stdin:
    mode, command = line.split()
    pid = os.fork()
    if not pid:
        if mode == "between":
            carrying.observe = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        carrying.carry_out(command=command, now=utc_now())
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture
def workers():
    """A process that makes a worker of its own kind for each command, before it ever spoke with the database."""
    pipe = subprocess.PIPE
    held = subprocess.Popen(
        [sys.executable, "-c", WORKERS, connection.settings_dict["NAME"]], stdin=pipe, stdout=pipe, text=True
    )
    yield held
    held.kill()
    held.communicate()


def heal(payment, command) -> None:
    """What the sweeper and its jobs do in the minutes after."""
    for minute in range(1, 5):
        at = utc_now() + timedelta(minutes=minute)
        carrying.heal(now=at)
        try:
            carrying.carry_out(command=str(command.pk), now=at)
        except TryAgain:
            continue
    payment.refresh_from_db()
    command.refresh_from_db()


@pytest.mark.fault
@pytest.mark.parametrize("mode", ["between", "any"])
def test_killed_between_provider_and_database_one_refund_is_made_and_known(charge, refund, workers, mode):
    """`between`: the worker dies when the provider has done it; `any`: at any moment of the two."""
    seed = int(os.environ.get("EGARD_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    rng = random.Random(seed)
    for _n in range((20 if mode == "between" else 150) if DEEP else 3):
        paid = charge("approve", 20)
        asked = refund(paid, 20, told=False)
        workers.stdin.write(f"{mode} {asked.pk}\n")
        workers.stdin.flush()
        pid = int(workers.stdout.readline())
        if mode == "any":
            time.sleep(rng.uniform(0, 0.06))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status = int(workers.stdout.readline())
        if mode == "between":
            assert status == -signal.SIGKILL
            assert moved(paid)[1:] == [("refund", 20_00)]
            asked.refresh_from_db()
            assert asked.outcome == ""  # the provider did it, and nobody here knows
            assert Pending.objects.count() == 1  # the money is held back meanwhile
        heal(paid, asked)
        assert moved(paid) == [("capture", 20_00), ("refund", 20_00)]
        assert (asked.outcome, paid.refunded) == ("approved", 20_00)
        assert not Pending.objects.exists()
        assert balance(account("payments:sandbox", "EUR")).posted == 0
    assert list(reconciling.books_agree()) == list(reconciling.payments_add_up()) == []


def test_refunds_at_once_never_give_back_more_than_came(charge, me, now):
    paid = charge("approve", 20)
    works = [
        lambda n=n: operations.refund(
            paid, Money(6_00, "EUR"), key=f"r{n}", to=("card", "wallet")[n % 2], by=me, now=now
        )
        for n in range(8)
    ]
    told = at_once(works)
    assert sum(isinstance(one, Command) for one in told) == 3
    assert all(isinstance(one, Command) or one == refusals.TooMuch.code for one in told)
    carrying.settle(paid, now=now)
    assert paid.refunded == 18_00
    assert (
        sum(amount for what, amount in moved(paid) if what == "refund")
        + sum(purse.available for purse in wallet.purses(paid.person, now=now))
        == 18_00
    )


def test_a_double_click_on_pay_is_one_payment_and_one_capture(charge, anne, me, now):
    card = operations.save_instrument(anne, "sandbox_approve", key="card-dbl", by=me, now=now)

    def click():
        paid = operations.charge(anne, card, Money(20_00, "EUR"), key="order-1", by=me, now=now)
        return carrying.settle(paid, now=now).pk

    assert len(set(at_once([click] * 6))) == 1
    paid = operations.charge(anne, card, Money(20_00, "EUR"), key="order-1", by=me, now=now)
    carrying.settle(paid, now=now + timedelta(minutes=5))
    assert moved(paid) == [("capture", 20_00)]
    assert balance(account("payments:sandbox", "EUR")).posted == 20_00


def test_capture_and_void_at_once_one_of_them_holds(charge, me, now):
    for n in range(4):
        paid = charge(capture=False)
        at_once(
            [
                lambda n=n, paid=paid: operations.capture(paid, key=f"c{n}", by=me, now=now),
                lambda n=n, paid=paid: operations.void(paid, key=f"v{n}", by=me, now=now),
            ]
        )
        carrying.settle(paid, now=now)
        assert paid.state in ("captured", "voided")
        assert moved(paid) == ([("capture", 20_00)] if paid.state == "captured" else [])
    assert not Pending.objects.exists()


def test_a_wallet_is_never_spent_twice(charge, refund, anne, me, now):
    refund(charge("approve", 20), 20, to="wallet")
    shop = books.received("EUR", by=me, now=now)
    works = [lambda n=n: wallet.pay(anne, Money(8_00, "EUR"), into=shop, key=f"w{n}", by=me, now=now) for n in range(6)]
    told = at_once(works)
    assert sum(isinstance(one, list) for one in told) == 2
    assert {one for one in told if isinstance(one, str)} == {"ledger.insufficient"}
