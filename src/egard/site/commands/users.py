"""user create, user password: the people who sign in."""

from __future__ import annotations

import sys

import click

from egard.base.refusal import Refusal
from egard.site.commands import answer, json_option, product


class NoPassword(Refusal):
    """Nobody is there to type a password: give it on the standard input."""

    code = "site.no_password"
    message = "A password is needed: run this in a terminal, or give one on the standard input with --password-stdin."


class NoUser(Refusal):
    """Nobody signs in with this address: create the user first."""

    code = "site.no_user"
    message = "Nobody signs in as {email}. Create that user first: egard user create {email} --role …"


@click.group()
def user() -> None:
    """The people who sign in."""


@user.command()
@click.argument("email")
@click.option("--name", default="", help="As others see it (default: the address before the @).")
@click.option("--role", "roles", multiple=True, required=True, help="administrator, adviser, agent…; several times.")
@click.option("--scope", default="", help="How far these roles reach: own, team, site, all (default: the role's own).")
@click.option("--language", default="", help="fr or en.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@json_option
def create(
    email: str, name: str, roles: tuple[str, ...], scope: str, language: str, password_stdin: bool, as_json: bool
) -> None:
    """Create a user who signs in with EMAIL."""
    password = _ask_password(from_stdin=password_stdin)
    with product(begins=True):
        from django.db import transaction

        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.operations import create_user, grant_role

        by, now = system("command"), utc_now()
        with transaction.atomic():
            made = create_user(email=email, name=name, password=password, language=language, by=by, now=now)
            for role in roles:
                grant_role(made, role, scope=scope, by=by, now=now)
        result = {"id": str(made.pk), "email": made.email, "roles": list(roles)}
    answer(result, f"{result['email']} can sign in as {', '.join(roles)}.", as_json=as_json)


@user.command("password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@json_option
def set_new_password(email: str, password_stdin: bool, as_json: bool) -> None:
    """Give the user with EMAIL a new password; wherever she is signed in, she is signed out."""
    password = _ask_password(from_stdin=password_stdin)
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.models import User
        from egard.kernel.access.operations import set_password
        from egard.kernel.messages.notices import warn_user

        found = User.objects.filter(email__iexact=email.strip()).first()
        if found is None:
            raise NoUser(email=email)
        set_password(found, password, by=system("command"), now=utc_now())
        warn_user(found, "messages.password_changed", by=system("command"), now=utc_now())
        result = {"id": str(found.pk), "email": found.email}
    answer(result, f"{result['email']} has a new password.", as_json=as_json)


def _ask_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    raise NoPassword
