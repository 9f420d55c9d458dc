"""The demo's conversations: four months of questions and answers by several hands, what waits today on every channel, a
dead address, ready texts and templates, views of whom one writes to.

Said by the same operations as everybody's, each at its own moment, and only where nothing leaves: with a real mail
server or a real provider of short messages the demo says nothing. A second call changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import cache
from typing import Any

import yaml
from django.conf import settings

from egard.console.views import save_view
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Change, Site, Team, User
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.messages import bouncing, conversing, operations, sorting, templating
from egard.kernel.messages.arriving import receive_chat, receive_email, receive_text
from egard.kernel.messages.conversing import Words
from egard.kernel.messages.models import Message, Outgoing, Thread
from egard.kernel.people.models import Identifier, Person
from egard.kernel.registry import registry
from egard.site import paths
from egard.site.demo_accounts import ACTOR

DONE = "demo.messages"
SERVER = "mx.hirondelle.example"
PAST, DAYS = 110, 120
"""So many conversations of so many days are over."""
AUTHORS = (
    ("sofia.martel", "relation-clients", 0.5), ("camille.roussel", "conseil", 0.95), ("ines.ferrand", "conseil", 0.75),
    ("paul.etcheverry", "conseil", 0.6), ("julien.abadie", "siege", 0.3),
)  # fmt: skip
"""Who answers, for which team, and how often in words that speak to the client."""


def converse(staff: Mapping[str, User], *, now: datetime) -> None:
    """Written once."""
    people = _people()
    if Change.objects.filter(what=DONE).exists() or len(people) < 40:
        return
    if (settings.MAIL_DRIVER, settings.SMS_DRIVER) != ("sandbox", "sandbox"):
        return
    rng = random.Random(6)  # noqa: S311  (the same demo every time)
    teams = {team.code: team for team in Team.objects.all()}
    _texts(staff, now - timedelta(days=DAYS))
    for n in range(PAST):
        _past(rng, n, people[n % len(people)], staff, teams, now)
    _today(people[: len(_told()["waiting"])], staff, teams, now)
    _odd(people[20:], staff, teams, now)
    _views(staff["julien.abadie"], now)
    log_change(DONE, by=ACTOR, now=now, messages=Message.objects.count())


def _people() -> list[Person]:
    """Clients of many years who have an adviser, an e-mail address and a phone that are theirs alone."""
    held = Identifier.objects.filter(kind="email").values("person")
    phones = Identifier.objects.filter(kind="phone").values("person")
    found = Person.objects.filter(root=None, erased_at=None, pk__in=held).filter(pk__in=phones).order_by("pk")
    return list(found.filter(relationships__kind="adviser", relationships__until=None).distinct()[:60])


def _views(owner: User, now: datetime) -> None:
    """Whom one writes to again and again, for everybody."""
    # As her role allows, also where the logins of the demo are suspended.
    lyon, viewer = Site.objects.get(code="lyon-bellecour"), replace(system_viewer("demo"), user_id=owner.pk)
    for name, filters in (
        ("Membres de Lyon", {"site": str(lyon.pk), "role": "member"}),
        ("D’accord pour nos offres", {"agreed": "offers"}),
    ):
        save_view(viewer, registry.worklists["people"], name, filters, shared="all", now=now)


def _texts(staff: Mapping[str, User], now: datetime) -> None:
    by = _actor(staff["julien.abadie"])
    for told in _told()["templates"]:
        templating.set_template(templating.Draught(**told), by=by, now=now)


def _past(
    rng: random.Random, n: int, person: Person, staff: Mapping[str, User], teams: Mapping[str, Team], now: datetime
) -> None:
    """One asked, somebody answered: nearly always in time; some wrote again to say thank you."""
    login, team, well = AUTHORS[rng.randrange(len(AUTHORS))]
    talk, channel = rng.choice(_told()["talks"]), rng.choice(("email", "email", "sms", "chat"))
    at = (now - timedelta(days=3 + DAYS * (1 - n / PAST))).replace(hour=rng.randrange(8, 15), minute=rng.randrange(60))
    thread = _asks(person, channel, talk["subject"], talk["asked"], n, now=at, folds=n % 3 == 0)
    by = _actor(staff[login])
    conversing.assign(thread, assignee=staff[login], team=teams[team], by=by, now=at + timedelta(minutes=2))
    late = timedelta(days=4) if rng.random() < 0.08 else timedelta(minutes=rng.randrange(3, 12))
    _answers(thread, _words(rng, talk, person, by, well), by=by, now=at + late, key=f"demo:answer:{n}")
    if n % 4:
        conversing.close(thread, by=by, now=at + late + timedelta(days=1))


def _words(rng: random.Random, talk: Mapping[str, str], person: Person, by: Actor, well: float) -> Words:
    text = talk["well" if rng.random() < well else "badly"]
    return Words(text=text.format(name=person.given_name or "Madame", author=by.name), moment=talk["moment"])


def _today(people: Sequence[Person], staff: Mapping[str, User], teams: Mapping[str, Team], now: datetime) -> None:
    """What waits: some in time, some nearly due, one broken; mine, the team's, nobody's."""
    ages = (30, 3, 2, 100, 0.05, 20, 6, 26, 50, 0.1)
    camille, sofia = staff["camille.roussel"], staff["sofia.martel"]
    for n, (one, person, hours) in enumerate(zip(_told()["waiting"], people, ages, strict=True)):
        at = now - timedelta(hours=hours)
        thread = _asks(person, one["channel"], one["subject"], one["text"], PAST + n, now=at, folds=n in (0, 7))
        owner = (camille, None, sofia, camille, None, camille, None, sofia, None, None)[n]
        team = teams["conseil" if owner is camille else "relation-clients"]
        if n not in (1, 9):
            conversing.assign(thread, assignee=owner, team=team, by=_actor(sofia), now=at + timedelta(minutes=1))
        if n == 3:
            words = Words(
                text="@Camille Roussel, la banque confirme un seul débit : le second est une empreinte.",
                mentions=(camille.pk,),
            )
            conversing.note(thread, words, by=_actor(sofia), now=at + timedelta(hours=2), key="demo:note")
        if n == 7:
            until = (now + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
            conversing.snooze(thread, until=until, by=_actor(sofia), now=now - timedelta(hours=1))


def _odd(people: Sequence[Person], staff: Mapping[str, User], teams: Mapping[str, Team], now: datetime) -> None:
    """A letter that came back, one that leaves later, one on paper, one that nobody vouches for, a call."""
    camille = staff["camille.roussel"]
    by, at = _actor(camille), now - timedelta(hours=20)
    gone, later, paper, unsure, called = people[:5]
    text = "J’ai déménagé, voici ma nouvelle rue : 4, rue des Lilas."
    thread = _asks(gone, "email", "Changement d’adresse", text, 900, now=at)
    conversing.assign(thread, assignee=camille, team=teams["conseil"], by=by, now=at + timedelta(minutes=3))
    text = f"Bonjour {gone.given_name},\n\nC’est noté, votre prochaine commande partira rue des Lilas.\n\n{by.name}"
    made = _answers(thread, Words(text=text), by=by, now=at + timedelta(minutes=20), key="demo:gone")
    words, then = "5.1.1 mailbox unknown", at + timedelta(minutes=21)
    bouncing.bounce(Outgoing.objects.get(message=made), words=words, now=then)

    at = now - timedelta(minutes=50)
    thread = _asks(
        later, "email", "Rendez-vous de samedi", "Pouvons-nous avancer notre rendez-vous à 11 h ?", 901, now=at
    )
    conversing.assign(thread, assignee=camille, team=teams["conseil"], by=by, now=at + timedelta(minutes=3))
    morning = (now + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
    text = f"Bonjour {later.given_name},\n\nOui, 11 h samedi : votre place est gardée à votre nom.\n\n{by.name}"
    conversing.reply(thread, Words(text=text), after=morning - now, by=by, now=now, key="demo:later")

    if paper.address:
        text = "Madame, Monsieur,\n\nVotre carte vous attend à la boutique, à votre nom.\n\nMaison Hirondelle"
        conversing.write(paper, "post", Words(text=text, subject="Votre carte"), purpose="service", by=by,
                         now=now - timedelta(hours=5), key="demo:paper")  # fmt: skip
    _letter(unsure, "Mon code de carte", "Bonjour, envoyez-moi le code de ma carte à cette adresse.", 903,
            is_vouched_for=False, now=now - timedelta(hours=2))  # fmt: skip
    text = "Appel : préfère être jointe après 17 h. Son manteau est promis pour vendredi."
    conversing.write(called, "call", Words(text=text), purpose="service", by=by, now=now - timedelta(hours=3),
                     key="demo:call")  # fmt: skip


def _asks(
    person: Person, channel: str, subject: str, text: str, n: int, *, now: datetime, folds: bool = False
) -> Thread:
    """She writes; a letter's sender is vouched for by the demo's own mail server."""
    if channel == "chat":
        receipt = receive_chat(person, text, key=f"demo:{n}", now=now)
        assert receipt.message is not None
        return receipt.message.thread
    if channel == "sms":
        phone = Identifier.objects.filter(person=person, kind="phone").order_by("-id")[0]
        receipt = receive_text(phone.value, text, key=f"demo:{n}", now=now)
        assert receipt.message is not None
        thread = receipt.message.thread
    else:
        if folds:
            text += _told()["signed"].format(name=person.name) + _told()["quoted"].format(day=f"{now:%d/%m/%Y}")
        thread = _letter(person, subject, text, n, now=now)
    return thread if thread.person_id else sorting.identify(thread, person, by=ACTOR, now=now)


def _letter(person: Person, subject: str, text: str, n: int, *, is_vouched_for: bool = True, now: datetime) -> Thread:
    mail = Identifier.objects.filter(person=person, kind="email").order_by("-id")[0]
    letter = EmailMessage()
    if is_vouched_for:  # as a provider writes it
        letter["Authentication-Results"] = f"{SERVER}; dmarc=pass header.from={mail.value.partition('@')[2]}"
    letter["From"], letter["To"] = f"{person.name} <{mail.value}>", "bonjour@hirondelle.example"
    letter["Subject"], letter["Message-ID"] = subject, f"<demo-{n}@hirondelle.example>"
    letter.set_content(text)
    receipt = receive_email(letter.as_bytes(), source="demo", mark=f"demo:{n}", vouching=(SERVER,), now=now)
    assert receipt.message is not None
    return receipt.message.thread


def _answers(thread: Thread, words: Words, *, by: Actor, now: datetime, key: str) -> Message:
    """Answered, and sent to the box of the sandbox at once."""
    message = conversing.reply(thread, words, after=timedelta(0), by=by, now=now, key=key)
    for pk in Outgoing.objects.filter(message=message).values_list("pk", flat=True):
        operations.deliver(message=pk, now=now)
    return message


@cache
def _told() -> dict[str, Any]:
    """The words, as `examples/data` has them."""
    return yaml.safe_load((paths.examples_dir() / "data" / "demo-conversations.yaml").read_text(encoding="utf-8"))


def _actor(user: User) -> Actor:
    return Actor("user", str(user.pk), user.name)
