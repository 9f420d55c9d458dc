"""The demo's complaints and cases: some settled at once over the last months, some under way, three stolen phones.

They are taken in and worked by the same operations as everybody's, each at its own moment; a second call changes
nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from egard.journeys.complaints.models import Complaint
from egard.journeys.complaints.operations import receive
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.models import Change, User
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import operations as cases
from egard.kernel.people.models import Person
from egard.site.demo_accounts import ACTOR

DONE = "demo.cases"
PAST, DAYS = 36, 150
"""So many complaints of so many days are closed."""
PAST_WORDS = (
    ("price", "J’ai été débitée deux fois pour la même commande", "Second débit annulé pendant l’appel"),
    ("product", "La fermeture du manteau a cassé au bout d’une semaine", "Échangé en boutique"),
    ("service", "Personne ne m’a rappelée comme promis", "Rappel fait, excuses présentées"),
    ("service", "Le colis a été laissé dehors sous la pluie", "Nouvel envoi le jour même"),
    ("product", "La couleur ne correspond pas à la photo du site", "Remboursement sur la carte"),
    ("staff", "On m’a mal parlé en caisse", "Échange avec la responsable, bon d’achat"),
)
TODAY = (
    ("web", "", "Ma robe est arrivée avec un accroc dans le dos, je la portais samedi pour un mariage.", "MH571432"),
    ("phone", "price", "Le site annonçait moins trente pour cent, on m’a fait payer plein tarif en boutique.", ""),
    ("email", "service", "Troisième message sans réponse au sujet de mon échange.", "MH570118"),
    ("shop", "product", "Les coutures du sac lâchent, il a deux mois.", ""),
)


def complain(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written once."""
    if Change.objects.filter(what=DONE).exists():
        return
    people = list(people_of_the_demo())
    if len(people) < PAST:
        return
    rng = random.Random(4)  # noqa: S311  (the same demo every time)
    agent, lead = _as(staff["sofia.martel"]), _as(staff["claire.dubourg"])
    _past(rng, people, agent, lead, now)
    _today(people, agent, now)
    _stolen(people, agent, lead, now)
    log_change(DONE, by=ACTOR, now=now, complaints=Complaint.objects.count())


def _as(user: User) -> Viewer:
    """In her name, also while the demo's logins are suspended."""
    return replace(system_viewer("demo"), actor=Actor("user", str(user.pk), user.name), user_id=user.pk)


def people_of_the_demo() -> list[Person]:
    found = Person.objects.filter(root=None, erased_at=None, identifiers__kind="customer_number")
    return list(found.order_by("-id").distinct()[:80])


def _past(rng: random.Random, people: list[Person], agent: Viewer, lead: Viewer, now: datetime) -> None:
    """Three in four were settled at once; a few of these came back."""
    for n in range(PAST):
        at = working(now - timedelta(days=4 + DAYS * (1 - n / PAST)))
        category, words, settled = PAST_WORDS[rng.randrange(len(PAST_WORDS))]
        at_once = rng.random() < 0.74
        made = receive(
            agent, words, person=people[n], category=category, channel=rng.choice(("phone", "shop", "email", "web")),
            settled=settled if at_once else "", key=f"demo:complaint:{n}", now=at,
        )  # fmt: skip
        uuid = made.case.uuid
        if not at_once:
            _answered(agent, lead, uuid, settled, at=at, days=rng.uniform(2, 16))
        elif rng.random() < 0.12:
            back_at = at + timedelta(days=rng.uniform(2, 12))
            if back_at < now:
                cases.reopen_case(agent, uuid, reason="La cliente rappelle : rien n’a changé", now=back_at)
                cases.close_case(lead, uuid, outcome="satisfied", now=min(now, back_at + timedelta(days=1)))


def _answered(agent: Viewer, lead: Viewer, uuid: UUID, answer: str, *, at: datetime, days: float) -> None:
    at += timedelta(hours=5)
    cases.complete_step(agent, uuid, "acknowledge", {}, now=at)
    at += timedelta(days=days / 2)
    cases.complete_step(agent, uuid, "establish", {"founded": True}, now=at)
    at += timedelta(days=days / 2)
    _review(lead, uuid, at)
    cases.complete_step(agent, uuid, "answer", {"answer": answer}, now=at)
    cases.close_case(agent, uuid, outcome="satisfied", now=at + timedelta(hours=1))


def _review(lead: Viewer, uuid: UUID, at: datetime) -> None:
    """Where the file asks for it."""
    if Complaint.objects.get(case__uuid=uuid).category == "staff":
        cases.complete_step(lead, uuid, "approve", {}, now=at - timedelta(minutes=5))


def _today(people: list[Person], agent: Viewer, now: datetime) -> None:
    for n, (channel, category, words, order) in enumerate(TODAY):
        at = working(now - timedelta(days=1 + 3 * n))
        made = receive(
            agent, words, person=people[40 + n], category=category, order_number=order, channel=channel,
            key=f"demo:today:{n}", now=at,
        )  # fmt: skip
        if n >= 2:
            cases.complete_step(agent, made.case.uuid, "acknowledge", {}, now=at + timedelta(hours=3))
        if n == 3:
            cases.plan_step(agent, made.case.uuid, "ask_quality", now=at + timedelta(hours=4))
    receive(
        agent, "Je ne suis pas cliente : votre livreur bloque ma porte tous les mardis.", contact="06 39 98 01 02",
        category="other", channel="phone", key="demo:neighbour", now=working(now - timedelta(days=2)),
    )  # fmt: skip
    again = receive(
        agent, "J’attends toujours pour ma robe abîmée", person=people[40], channel="phone", category="product",
        into=Complaint.objects.get(came__key="demo:today:0").case.uuid, key="demo:again", now=now - timedelta(hours=2),
    )  # fmt: skip
    assert again.contacts == 2


def _stolen(people: list[Person], agent: Viewer, lead: Viewer, now: datetime) -> None:
    """One that was just told, one under way with a step of its own, one that is settled."""
    known = {"line": "06 39 98 44 21", "shop": "Lyon Bellecour"}
    for n, days in enumerate((0.1, 2, 9)):
        at = now - timedelta(days=days)
        uuid = cases.open_case(agent, "stolen_phone", people[50 + n], data=known, channel="phone", now=at).uuid
        taken = (at - timedelta(hours=1)).isoformat()
        cases.complete_step(agent, uuid, "block", {"blocked_at": at.isoformat()}, now=at + timedelta(minutes=4))
        if n == 0:
            continue
        cases.complete_step(agent, uuid, "facts", {"taken_at": taken, "insured": False}, now=at + timedelta(minutes=9))
        _case, own = cases.add_step(
            agent, uuid, "Prêter un téléphone en attendant", within="1 business day", reason="La cliente part demain",
            now=at + timedelta(minutes=12),
        )  # fmt: skip
        cases.complete_step(agent, uuid, own, now=at + timedelta(hours=3))
        if n == 1:
            continue
        cases.complete_step(lead, uuid, "footage", {"seen": "theft"}, now=at + timedelta(days=1))
        cases.complete_step(agent, uuid, "report", {"report_number": "PV-2291"}, now=at + timedelta(days=2))
        cases.complete_step(lead, uuid, "decide", {"decision": "replace"}, now=at + timedelta(days=3))
        cases.complete_step(agent, uuid, "replace", {"shipment": "6A0099182"}, now=at + timedelta(days=4))
        cases.complete_step(agent, uuid, "tell", {}, now=at + timedelta(days=4, hours=1))


def working(day: datetime) -> datetime:
    return day.replace(hour=9, minute=20, second=0, microsecond=0)
