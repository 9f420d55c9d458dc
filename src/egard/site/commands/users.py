"""user create: the people who sign in."""

from __future__ import annotations

import sys

import click

from egard.base.refusal import Refusal
from egard.site.commands import answer, json_option, product


class NoPassword(Refusal):
    """Nobody is there to type a password: give it on the standard input."""

    code = "site.no_password"
    message = "A password is needed: run this in a terminal, or give one on the standard input with --password-stdin."


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
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise NoPassword
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
