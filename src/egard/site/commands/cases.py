"""case …: look through files of case types; carry running cases to another version."""

from __future__ import annotations

import json
from pathlib import Path

import click
import yaml

from egard.base.refusal import Refusal
from egard.site.commands import answer, json_option, look_through, product, text_of


@click.group()
def case() -> None:
    """Types of case: what is wrong with a file, publishing it, and moving running cases to it."""


@case.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@json_option
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what is wrong with some files, by line. Needs no database. Exit code 1 where something is."""
    from egard.kernel.cases.rules.lint import lint as lint_text

    look_through(files, lambda text: lint_text(text)[1], as_json=as_json)


@case.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def publish(file: Path, as_json: bool) -> None:
    """Publish a file: new cases follow it. Running ones stay with their version until they are migrated."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.cases import types

        row = types.publish(text_of(file), by=system("command"), now=utc_now())
    told = {"type": row.name, "version": row.version, "number": row.number}
    answer(told, f"{row.name} is at version {row.number} ({row.version}).", as_json=as_json)


@case.command()
@click.argument("name", metavar="TYPE")
@click.option("--from", "old", required=True, help="The version that the cases have.")
@click.option("--to", "new", default="", help="Default: the current version.")
@click.option("--plan", type=click.Path(path_type=Path), help="YAML: new names by part (steps, stages, data…).")
@click.option("--reason", default="", help="Why. Needed with --yes.")
@click.option("--yes", is_flag=True, help="Do it. Without it nothing changes, and every case is told of.")
@json_option
def migrate(name: str, old: str, new: str, plan: Path | None, reason: str, yes: bool, as_json: bool) -> None:
    """Carry the open cases of a version to another. First a dry run: which would pass, and why not the others."""
    with product():
        from dataclasses import asdict

        from egard.base.clock import utc_now
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.cases import migrating

        names = _plan(plan) if plan else None
        viewer, now = system_viewer("command"), utc_now()
        done = migrating.migrate(viewer, name, old, new, plan=names, dry_run=not yes, reason=reason, now=now)
        told = {
            "migration": str(done.migration.pk) if done.migration else None,
            "difference": asdict(done.difference),
            "total": done.total,
            "passing": done.passing,
            "problems": [
                {"case": str(one.case), "code": problem.code, "key": problem.key, "message": problem.text.en}
                for one in done.cases
                for problem in one.problems
            ],
        }
    lines = [f"{one['case']}: {one['message']}" for one in told["problems"]]
    verb = "passed" if yes else "would pass"
    answer(told, "\n".join([*lines, f"{done.passing} of {done.total} cases {verb}."]), as_json=as_json)


class BadPlanFile(Refusal):
    """The plan is no mapping of parts to names."""

    code = "site.bad_plan"
    message = "{file} is no plan: write steps: {{old_name: new_name}}, and null for what goes away."


def _plan(path: Path) -> dict[str, dict[str, str | None]]:
    try:
        plan = yaml.safe_load(text_of(path))
    except yaml.YAMLError as error:
        raise BadPlanFile(file=path) from error
    if not isinstance(plan, dict) or not all(isinstance(names, dict) for names in plan.values()):
        raise BadPlanFile(file=path)
    return json.loads(json.dumps(plan))


@case.command()
@click.argument("migration")
@json_option
def revert(migration: str, as_json: bool) -> None:
    """Take a migration back: its cases that are still open return to their version, with what was done since."""
    from uuid import UUID

    try:
        wanted = UUID(migration)
    except ValueError:
        raise click.BadParameter(f"{migration!r} is no id.") from None
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.cases import migrating

        told = migrating.revert(system_viewer("command"), wanted, now=utc_now())
    answer(told, f"{told['reverted']} cases are back; {told['left']} stayed.", as_json=as_json)
