"""apikey create: the keys of programs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from egard.site.commands import answer, json_option, product


class Moment(click.ParamType):
    """A date (its end, in UTC), a moment of RFC 3339, or a number of days from now such as 90d."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        now = datetime.now(UTC)
        try:
            if days := re.fullmatch(r"(\d{1,5})d", text):
                moment = now + timedelta(days=int(days[1]))
            elif re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                moment = datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1)
            else:
                moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no date: write 2027-01-31, 2027-01-31T12:00:00Z, or 90d for 90 days.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{text!r} needs a zone: write 2027-01-31T12:00:00Z.", param, ctx)
        if moment <= now:
            self.fail(f"{text!r} is past.", param, ctx)
        return moment


@click.group()
def apikey() -> None:
    """The keys of programs."""


@apikey.command()
@click.option("--name", required=True, help="Which program it is for.")
@click.option("--scopes", required=True, help="all, or permissions separated by commas.")
@click.option("--expires", type=Moment(), help="2027-01-31, or 90d for 90 days (default: never).")
@json_option
def create(name: str, scopes: str, expires: datetime | None, as_json: bool) -> None:
    """Create a key. It is shown this once, and stored only as a hash."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.operations import create_api_key

        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        _, key = create_api_key(name=name, scopes=wanted, expires_at=expires, by=system("command"), now=utc_now())
    answer({"key": key}, key, as_json=as_json)
