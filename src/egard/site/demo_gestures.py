"""The demo's gestures: who may give how much, what the teams may spend, four months of gestures with vouchers used
or not, one that makes up for a broken promise, two that wait.

Given by the same operations as everybody's, each at its own moment; a second call changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from egard.base.money import Money
from egard.journeys.complaints.models import Complaint
from egard.journeys.gestures import budgets, queries, vouchers
from egard.journeys.gestures.models import Gesture, Voucher
from egard.journeys.gestures.operations import grant
from egard.journeys.gestures.rules.budgets import periods_at
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.models import Change, Team, User
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.delegations.operations import delegate, record_training, set_course
from egard.kernel.people.models import Person
from egard.kernel.promises import operations as promises
from egard.site.demo_accounts import ACTOR
from egard.site.demo_cases import people_of_the_demo, working

DONE, COURSE = "demo.gestures", "gestes"
MONTHS, EACH = 4, 14
BUDGETS = {"relation-clients": 60_000, "conseil": 40_000}
PAST = (
    ("credit", 500, 1, "Colis en retard de deux jours"),
    ("credit", 1_500, 2, "Erreur de taille à l’expédition, échange refait"),
    ("voucher", 2_000, 2, "Manteau livré taché"),
    ("voucher", 1_000, 1, "Attente trop longue en boutique"),
    ("apology", None, 1, "Mauvais accueil au téléphone"),
    ("redelivery", 3_900, 2, "Écharpe perdue par le transporteur"),
    ("bouquet", None, 3, "Robe de mariée livrée le lendemain"),
)


def give(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written once."""
    people = people_of_the_demo()
    if Change.objects.filter(what=DONE).exists() or len(people) < MONTHS * EACH:
        return
    then = now - timedelta(days=31 * MONTHS + 10)
    _delegate(staff, now=then)
    teams = {team.code: team for team in Team.objects.filter(code__in=BUDGETS)}
    givers = [_as(staff[name]) for name in ("sofia.martel", "camille.roussel", "ines.ferrand")]
    rng = random.Random(9)  # noqa: S311  (the same demo every time)
    for days in range(30 * MONTHS, -1, -10):
        at = now - timedelta(days=days)
        for code, amount in BUDGETS.items():
            period = periods_at(at, budgets.ZONE)[0]
            budgets.set_budget(system_viewer("demo"), teams[code], period, Money(amount, "EUR"), now=at)
    _made_good(rng, givers, now)
    for month in range(MONTHS, 0, -1):
        _month(rng, people[EACH * (month - 1) : EACH * month], givers, now - timedelta(days=30 * month), now)
    _today(staff, people, now)
    log_change(DONE, by=ACTOR, now=now, gestures=Gesture.objects.filter(place=0).count())


def _delegate(staff: Mapping[str, User], *, now: datetime) -> None:
    """Agents decide up to 50 EUR, advisers up to 200 EUR, a manager who was trained up to 2,000 EUR."""
    set_course(COURSE, "Gestes commerciaux", by=ACTOR, now=now)
    let = partial(delegate, "gestures.grant", split_days=30, valid_from=now, reason="Démonstration", by=ACTOR, now=now)
    for role, name, most in (("agent", "sofia.martel", 5_000), ("adviser", "camille.roussel", 20_000),
                             ("adviser", "ines.ferrand", 20_000)):  # fmt: skip
        # By name besides: whoever was hired today had no role when the demo's first gestures were given.
        let(user=staff[name], per_act=most, per_day=10 * most)
        if name != "ines.ferrand":
            let(role=role, per_act=most, per_day=10 * most)
    lead = staff["julien.abadie"]
    record_training(lead, COURSE, valid_from=now, valid_until=now + timedelta(days=3 * 365), by=ACTOR, now=now)
    let(user=lead, per_act=200_000, training=COURSE)


def _as(user: User) -> Viewer:
    """In her name, also while the demo's logins are suspended; with her teams, whose budgets bear what she gives."""
    teams = tuple(user.teams.values_list("pk", flat=True))
    actor = Actor("user", str(user.pk), user.name)
    return replace(system_viewer("demo"), actor=actor, user_id=user.pk, team_ids=teams)


def _made_good(rng: random.Random, givers: list[Viewer], now: datetime) -> None:
    """A gesture with every third complaint of the past, so that both kinds stand side by side in the figures."""
    since = now - timedelta(days=30 * MONTHS)
    complaints = Complaint.objects.filter(received_at__gt=since, case__status="closed", case__person__isnull=False)
    for row in complaints.select_related("case__person").order_by("received_at")[::3]:
        grant(
            givers[rng.randrange(len(givers))], row.case.person, "credit", rng.choice((500, 1_000, 1_500)),
            subject=f"case:{row.case.uuid}", responsibility="ours", severity=2, reason="Réclamation fondée",
            channel=row.channel, key=f"demo:made-good:{row.pk}", now=row.received_at + timedelta(minutes=10),
        )  # fmt: skip


def _month(rng: random.Random, people: list[Person], givers: list[Viewer], at: datetime, now: datetime) -> None:
    for n, person in enumerate(people):
        kind, amount, severity, words = PAST[rng.randrange(len(PAST))]
        viewer, then = givers[rng.randrange(len(givers))], working(at + timedelta(days=2 * n))
        if then > now - timedelta(hours=2):
            return
        made = grant(
            viewer, person, kind, amount, responsibility=rng.choice(("ours", "ours", "shared")), severity=severity,
            reason=words, channel=rng.choice(("phone", "shop", "email")), key=f"demo:gesture:{person.pk}", now=then,
        )  # fmt: skip
        _done(rng, made, then, now)
        voucher = Voucher.objects.filter(gesture=made).first()
        used = then + timedelta(days=rng.uniform(3, 40))
        if voucher is not None and rng.random() < 0.6 and used < now:
            part = rng.choice((None, voucher.amount // 2))
            vouchers.redeem(viewer, voucher.code, part, channel="shop", key=f"demo:use:{voucher.pk}", now=used)


def _done(rng: random.Random, made: Gesture, then: datetime, now: datetime) -> None:
    """What is sent goes out within its time, nearly always; of one in ten it is forgotten."""
    sent = then + timedelta(hours=rng.uniform(3, 20))
    owed = Gesture.objects.filter(together=made.together, promise__isnull=False).order_by("place")
    for promise in owed.values_list("promise", flat=True):
        if rng.random() < 0.9 and sent < now:
            promises.keep(promise, by=ACTOR, now=sent)


def _today(staff: Mapping[str, User], people: list[Person], now: datetime) -> None:
    """Two that are more than may be decided alone, and one that makes up for what was promised."""
    sofia, camille = _as(staff["sofia.martel"]), _as(staff["camille.roussel"])
    for n, (viewer, amount, words) in enumerate(
        ((sofia, 9_000, "Troisième échange pour le même manteau"), (camille, 30_000, "Commande perdue deux fois"))
    ):
        person = people[MONTHS * EACH + n]
        grant(
            viewer, person, "credit", amount, responsibility="ours", severity=3, proof=True, reason=words,
            channel="phone", key=f"demo:waiting:{n}", now=now - timedelta(minutes=40 * (n + 1)),
        )  # fmt: skip
    for person in people:
        broken = queries.broken_promise(system_viewer("demo"), person, now=now)
        if broken is not None:
            grant(
                camille, person, "credit", 1_000, responsibility="ours", severity=2, repairs=broken.uuid,
                reason="Promesse non tenue", channel="phone", key="demo:repairs", now=now - timedelta(minutes=10),
            )  # fmt: skip
            return
