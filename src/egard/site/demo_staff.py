"""The demo's shops, teams and staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password

from egard.kernel.access.models import User
from egard.kernel.access.operations import UserExists, create_user, ensure_site, ensure_team, set_user_active
from egard.site.demo_accounts import ACTOR, demo_users
from egard.site.paths import demo_password

DOMAIN = "hirondelle.example"
"""A domain that can never be registered (RFC 2606)."""

SITES = {
    "paris-marais": "Paris Le Marais",
    "lyon-bellecour": "Lyon Bellecour",
    "bordeaux-chartrons": "Bordeaux Chartrons",
    "nantes-graslin": "Nantes Graslin",
    "lille-vieux": "Vieux-Lille",
    "strasbourg-krutenau": "Strasbourg Krutenau",
}
TEAMS = {"relation-clients": "Relation clients", "conseil": "Conseil", "siege": "Siège"}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works at the brand."""

    login: str
    name: str
    role: str
    team: str
    sites: tuple[str, ...] = ()
    signs_in: bool = True
    """One login a role is enough to look around; the other advisers have their portfolios, and no password."""

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


STAFF = (
    Member("sofia.martel", "Sofia Martel", "agent", "relation-clients"),
    Member("camille.roussel", "Camille Roussel", "adviser", "conseil", ("paris-marais",)),
    Member("hugo.delmas", "Hugo Delmas", "adviser", "conseil", ("paris-marais",), signs_in=False),
    Member(
        "ines.ferrand", "Inès Ferrand", "adviser", "conseil", ("lyon-bellecour", "strasbourg-krutenau"), signs_in=False
    ),
    Member("paul.etcheverry", "Paul Etcheverry", "adviser", "conseil", ("bordeaux-chartrons",), signs_in=False),
    Member("maelle.le-goff", "Maëlle Le Goff", "adviser", "conseil", ("nantes-graslin", "lille-vieux"), signs_in=False),
    Member("julien.abadie", "Julien Abadie", "site_manager", "siege", ("lyon-bellecour",)),
    Member("lina.haddad", "Lina Haddad", "host", "relation-clients", ("paris-marais",)),
    Member("theo.vasseur", "Théo Vasseur", "analyst", "siege"),
    Member("agnes.collin", "Agnès Collin", "auditor", "siege"),
    Member("claire.dubourg", "Claire Dubourg", "administrator", "siege"),
)


def hire(*, now: datetime) -> dict[str, User]:
    """Shops, teams and staff, made where they are missing; the staff by the first part of their address."""
    sites = {code: ensure_site(code, name, zone="Europe/Paris", by=ACTOR, now=now) for code, name in SITES.items()}
    teams = {code: ensure_team(code, name, by=ACTOR, now=now) for code, name in TEAMS.items()}
    for member in STAFF:
        try:
            create_user(
                email=member.email,
                name=member.name,
                roles=[member.role],
                teams=[teams[member.team]],
                sites=[sites[code] for code in member.sites],
                by=ACTOR,
                now=now,
            )
        except UserExists:
            continue
    _give_password([m.email for m in STAFF if m.signs_in])
    return {user.email.partition("@")[0]: user for user in User.objects.filter(email__in=[m.email for m in STAFF])}


def open_or_close(*, loopback: bool, now: datetime) -> None:
    """The demo's logins work while the server listens on this machine only, and are suspended elsewhere."""
    users = demo_users()
    for user in users:
        set_user_active(user, loopback, by=ACTOR, now=now)
    if loopback:
        _set_password([user for user in users if user.has_usable_password()])


def _set_password(users: list[User]) -> None:
    """Where the data folder is another than the one the demo was loaded with, its password is another too.

    One check stands for all, as each takes argon2 its time at every start.
    """
    password = demo_password()
    if users and not users[0].check_password(password):
        _set_hash(users, make_password(password))


def _give_password(emails: list[str]) -> None:
    """To those who have none yet."""
    without = [user for user in User.objects.filter(email__in=emails) if not user.has_usable_password()]
    if without:
        _set_hash(without, make_password(demo_password()))


def _set_hash(users: list[User], made: str) -> None:
    """One hash for all, as each takes argon2 its time."""
    for user in users:
        user.password = made
        user.save(update_fields=["password"])
