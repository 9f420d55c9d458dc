"""The ledger under clients that are killed: what was acknowledged is there once, and every invariant holds.

A seed gives each client its steps: transfers of every sort between accounts with limits, ceilings and lots, pending
ones that several clients resolve at once, reversals, repeated keys, sweeps, closings, clocks that run behind. Steps and
kills follow the seed; how the processes interleave is the machine's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connections

from egard.base.refusal import Refusal
from egard.kernel.access.actors import system
from egard.kernel.ledger import checks, closing, operations, rules, units
from egard.kernel.ledger.drafts import Draft
from egard.kernel.ledger.models import Account, Transfer
from egard.kernel.ledger.sweeping import SOURCE, sweep
from egard.site.simulation.clients import Client, run
from egard.site.simulation.place import schema

CLIENTS, STEPS, KILLS = 3, 25, 3
SEEDS_OF_A_PLACE = 25
"""Seeds that share their tables: the checks read all of them."""
SCHEMA = "egard_simulation"
ME = system("simulation")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HOLDERS: dict[str, dict[str, Any]] = {
    "house": {"kind": "equity"},
    "cost": {"kind": "income"},
    "budget": {"kind": "liability", "limit": "no_negative"},
    "till": {"kind": "asset", "limit": "no_negative"},
    "card": {"kind": "liability", "limit": "ceiling", "ceiling": 3_000},
    "purse": {"kind": "liability", "limit": "no_negative", "lots": True},
    "other": {"kind": "equity", "limit": "no_negative", "lots": True},
}


@dataclass
class Told:
    """What some seeds showed; `violations` in plain words."""

    operations: int = 0
    kills: int = 0
    violations: list[str] = field(default_factory=list)


def simulate(seeds: range, *, progress: Callable[[int], None] = lambda seed: None) -> Told:
    """One seed after another, in tables of their own."""
    told = Told()
    for first in range(seeds.start, seeds.stop, SEEDS_OF_A_PLACE):
        with schema(SCHEMA, "ledger"):
            for place, seed in enumerate(range(first, min(first + SEEDS_OF_A_PLACE, seeds.stop))):
                _one(seed, BEGINNING + 60 * place * DAY, told)
                progress(seed)
    return told


def _one(seed: int, start: datetime, told: Told) -> None:
    rng = random.Random(f"kills {seed}")  # noqa: S311
    world = World(seed, start)
    world.open()
    units.words(100, "EUR")  # read the words of money once, and not in each client
    connections.close_all()
    clients = [Client(n, STEPS) for n in range(CLIENTS)]
    told.kills += run(clients, world.work, kills=KILLS, rng=rng)
    told.operations += sum(len(client.outcomes) for client in clients)
    sweep(now=start + 50 * DAY)
    found = [*_acknowledged(world, clients), *_history(world)]
    found += [words for check in checks.ALL for words in check.find()]
    told.violations += [f"seed {seed}: {words}" for words in found]


@dataclass(frozen=True, slots=True)
class Step:
    """`what` is done with `key`; `on` is the key of an earlier step, of any client."""

    what: str
    key: str
    now: datetime
    debit: str = "house"
    credit: str = "budget"
    amount: int = 1
    days: int | None = None
    priority: int = 0
    on: str = ""


class World:
    """The accounts of a seed, and what its clients do with them."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.seed, self.start = seed, start
        self.accounts: dict[str, Account] = {}
        self.plans = [self._plan(n) for n in range(CLIENTS)]

    def open(self) -> None:
        who: dict[str, Any] = {"by": ME, "now": self.start}
        for name, more in HOLDERS.items():
            self.accounts[name] = operations.open_account(f"s{self.seed}:{name}", unit="EUR", **more, **who)
        funds = [("house", "budget", 4_000), ("till", "house", 2_000), ("house", "purse", 1_500)]
        for debit, credit, amount in funds:
            key = f"s{self.seed}:fund:{credit}"
            operations.transfer(debit=self.accounts[debit], credit=self.accounts[credit], amount=amount, key=key, **who)

    def _plan(self, client: int) -> list[Step]:
        rng = random.Random(f"{self.seed} {client}")  # noqa: S311
        names = list(HOLDERS)
        steps: list[Step] = []
        for n in range(STEPS):
            what = rng.choices(
                ("transfer", "pending", "resolve", "reverse", "linked", "again", "sweep", "close"),
                (40, 20, 18, 8, 5, 5, 3, 1),
            )[0]
            debit, credit = rng.sample(names, 2)
            if rng.random() < 0.4:  # many at one account
                debit, credit = "budget", rng.choice(["cost", "purse", "card", "other"])
            # Minutes pass with the steps; now and then a clock runs an hour behind.
            now = self.start + DAY + n * 50 * MINUTE - (60 * MINUTE if rng.random() < 0.1 else 0 * MINUTE)
            earlier = f"s{self.seed}:c{rng.randrange(CLIENTS)}:{rng.randrange(n + 1)}"
            if what == "again" and n:
                what, earlier = "again", f"s{self.seed}:c{client}:{rng.randrange(n)}"
            amount = rng.choice((1, 7, rng.randint(1, 400), rng.randint(1, 2_000)))
            days = rng.choice((None, None, 1, 3, 20))
            key = f"s{self.seed}:c{client}:{n}"
            steps.append(Step(what, key, now, debit, credit, amount, days, rng.randint(0, 1), earlier))
        return steps

    # --- in a client's process ---------------------------------------------------------------------------------------

    def work(self, client: int, first: int, say: Callable[[int, Any], None]) -> None:
        for n in range(first, STEPS):
            say(n, self._done(self.plans[client][n]))
        connections.close_all()

    def _done(self, step: Step) -> list[Any]:
        """`["ok", ids]`, or `["no", code]`. Whoever is to give way in a deadlock does it again, as people do."""
        while True:
            try:
                return ["ok", [row.pk for row in self._do(step)]]
            except Refusal as refusal:
                return ["no", refusal.code]
            except OperationalError as error:
                if "deadlock" not in str(error):
                    raise

    def _do(self, step: Step) -> list[Transfer]:
        more: dict[str, Any] = {"key": step.key, "by": ME, "now": step.now}
        if step.what == "sweep":
            sweep(now=step.now)
            return []
        if step.what == "close":
            closing.close_period(until=step.now - 10 * 60 * MINUTE, by=ME, now=step.now)
            return []
        if step.what in ("transfer", "pending"):
            return [operations.transfer(**self._asked(step), by=ME, now=step.now)]
        if step.what == "linked":
            there, back = Draft(**self._asked(step)), self._asked(step)
            back |= {"debit": there.credit, "credit": there.debit, "key": f"{step.key}:back", "lot_expires_at": None}
            return operations.transfers([there, Draft(**back)], by=ME, now=step.now)
        target = Transfer.objects.filter(key=step.on, source="").first()
        if target is None:
            return []
        if step.what == "reverse":
            return [operations.reverse(target, amount=min(step.amount, target.amount), reason="simulated", **more)]
        if step.what == "resolve":
            if step.amount % 3 == 0:
                return [operations.void(target, **more)]
            return [operations.post(target, amount=min(step.amount, target.amount), **more)]
        return [self._again(step, target)]

    def _again(self, step: Step, target: Transfer) -> Transfer:
        """The same once more: an earlier step of this client, word for word."""
        client, n = step.on.split(":")[1:]
        earlier = self.plans[int(client[1:])][int(n)]
        if earlier.what in ("transfer", "pending"):
            again = operations.transfer(**self._asked(earlier), by=ME, now=earlier.now)
            assert again.pk == target.pk, f"{step.on} was written twice"
        return target

    def _asked(self, step: Step) -> dict[str, Any]:
        credit, pending = self.accounts[step.credit], step.what == "pending"
        ends = step.now + step.days * DAY if step.days else None
        return {
            "debit": self.accounts[step.debit],
            "credit": credit,
            "amount": step.amount,
            "key": step.key,
            "pending": pending,
            "expires_at": ends if pending else None,
            "lot_expires_at": ends if credit.lots else None,
            "priority": step.priority,
        }


# --- what must be so afterwards --------------------------------------------------------------------------------------


def _acknowledged(world: World, clients: list[Client]) -> list[str]:
    """What a client was told is so: each transfer is there, as it was asked for; what was refused left nothing."""
    found = []
    prefix = f"s{world.seed}:"
    rows = {row.key: row for row in Transfer.objects.filter(key__startswith=prefix)}
    numbers = {row.pk for row in rows.values()}
    known = {f"{prefix}fund:{name}" for name in HOLDERS}
    for client in clients:
        for n, (answer, told) in sorted(client.outcomes.items()):
            step = world.plans[client.number][n]
            keys = {step.key, f"{step.key}:back"} & set(rows)
            known |= keys
            if answer == "no" and keys:
                found.append(f"{step.key} was refused ({told}), and is there.")
            if answer == "ok" and not set(told) <= numbers:
                found.append(f"{step.key} was acknowledged, and is not there.")
            if answer == "ok" and step.what in ("transfer", "pending") and rows[step.key].amount != step.amount:
                found.append(f"{step.key} is there with another amount.")
    found += [f"{key} is there, and nobody asked for it." for key in sorted(set(rows) - known)]
    return found


def _history(world: World) -> list[str]:
    """No limited account was ever below zero, what was held back included: its transfers once more, in their order.

    A transfer gets its number while the sums of its limited accounts are held, so numbers are in the order of commits.
    """
    limited = {account.pk: account for account in world.accounts.values() if account.is_limited}
    sums = dict.fromkeys(limited, rules.Sums())
    held = {row.pk: row.amount for row in Transfer.objects.filter(phase="pending")}
    found = []
    for row in (
        Transfer.objects.filter(key__startswith=f"s{world.seed}:")
        .union(Transfer.objects.filter(source=SOURCE))
        .order_by("id")
    ):
        changes = rules.effect(row.phase, row.amount, held.get(row.resolves_id, 0))
        for pk, change in zip((row.debit_id, row.credit_id), changes, strict=True):
            if pk in limited:
                sums[pk] += change
                balance = rules.balance_of(sums[pk], limited[pk].kind)
                if balance.available < 0:
                    found.append(f"{limited[pk]} was at {balance.available} after {row.key}.")
    return found
