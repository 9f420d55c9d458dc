"""visits …: when a visit can begin, from a file and without a database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from egard.base.refusal import Refusal
from egard.site.commands import Unreadable, answer, json_option, text_of


class BadShop(Refusal):
    """The file describes what no shop can be; the words name the place."""

    code = "visits.bad_scenario"
    message = "{file}: {place}: {why}"


@click.group()
def visits() -> None:
    """Appointments in shops."""


@visits.command()
@click.argument("scenario", type=click.Path(path_type=Path), metavar="SCENARIO.json")
@json_option
def slots(scenario: Path, as_json: bool) -> None:
    """Every moment at which a visit can begin in the shop that a file describes. Needs no database."""
    from egard.journeys.visits.rules.scenario import BadScenario, offered

    try:
        data = json.loads(text_of(scenario))
    except (ValueError, RecursionError) as error:
        raise Unreadable(file=scenario, why=error) from error
    try:
        found = [at.isoformat().replace("+00:00", "Z") for at in offered(data)]
    except BadScenario as error:
        raise BadShop(file=scenario, place=error.place, why=error.why) from error
    answer({"slots": found}, "\n".join(found) or "No visit can begin then.", as_json=as_json)
