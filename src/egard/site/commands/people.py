"""people …: what is held on one person, who saw it, its erasure; merging two, and who may be one."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING
from uuid import UUID

import click

from egard.base.refusal import Refusal
from egard.site.commands import answer, json_option, product

if TYPE_CHECKING:
    from egard.kernel.access.actors import Viewer
    from egard.kernel.people.models import Person

who = click.argument("who", metavar="ID|KIND:VALUE")


class NotOnePerson(Refusal):
    """The identifier names nobody, or several people: use the person's id."""

    code = "site.not_one_person"
    message = "“{who}” names {count} people. Give the id of one: {ids}"


@click.group()
def people() -> None:
    """What is held on a person, named by id or by an identifier such as customer_number:17850."""


def _find(viewer: Viewer, who: str) -> Person:
    from egard.kernel.people import queries

    kind, colon, value = who.partition(":")
    if not colon:
        try:
            return queries.person(viewer, UUID(who))
        except ValueError:
            raise click.BadParameter(f"{who!r} is neither an id nor KIND:VALUE.") from None
    found = queries.persons_with(viewer, kind, value)
    if len(found) != 1:
        raise NotOnePerson(who=who, count=len(found), ids=", ".join(str(person.uuid) for person in found) or "(none)")
    return found[0]


@people.command()
@who
@click.option("--output", type=click.File("w", encoding="utf-8", atomic=True), default="-", help="Default: print it.")
@json_option
def export(who: str, output: IO[str], as_json: bool) -> None:
    """Everything held on a person, as JSON."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.lifecycle.operations import export_person

        viewer = system_viewer("command")
        held = export_person(viewer, _find(viewer, who), now=utc_now())
        json.dump(held, output, ensure_ascii=False, indent=None if as_json else 2, default=str)
        output.write("\n")


@people.command()
@who
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many, newest first.")
@json_option
def sights(who: str, limit: int, as_json: bool) -> None:
    """Who saw what of a person, newest first."""
    with product():
        from egard.kernel.access import queries
        from egard.kernel.access.queries import system_viewer

        viewer = system_viewer("command")
        found = queries.sights(viewer, *_find(viewer, who).members, limit=limit)
        rows = [
            {"at": s.at.isoformat(), "actor": s.actor, "kind": s.kind, "detail": s.detail, "channel": s.channel}
            for s in found
        ]
    words = "\n".join("  ".join(filter(None, row.values())) for row in rows) or "Nobody saw this person."
    answer({"sights": rows}, words, as_json=as_json)


@people.command()
@who
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(who: str, yes: bool, as_json: bool) -> None:
    """Take away who a person is, everywhere; figures and sums stay. This cannot be undone."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.lifecycle.operations import erase_person

        person = _find(system_viewer("command"), who)
        if not yes:
            click.confirm(f"Erase {person.uuid} for ever?", abort=True, err=True)
        erase_person(person, by=system("command"), now=utc_now())
    answer({"id": str(person.uuid), "erased": True}, f"{person.uuid} is erased.", as_json=as_json)


@people.command()
@who
@click.argument("other", metavar="OTHER")
@click.option("--reason", default="", help="Why they are one person.")
@json_option
def merge(who: str, other: str, reason: str, as_json: bool) -> None:
    """Say that OTHER is the same person: both ids lead to her from now on. It can be undone."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.lifecycle.operations import merge_persons
        from egard.kernel.lifecycle.queries import pair

        viewer = system_viewer("command")
        survivor, absorbed = pair(viewer, _id(viewer, who), _id(viewer, other))
        done = merge_persons(survivor, absorbed, reason=reason, by=system("command"), now=utc_now())
    told = {"id": str(done.pk), "survivor": str(survivor.uuid), "absorbed": str(absorbed.uuid)}
    answer(told, f"{absorbed.uuid} is {survivor.uuid}. Undo: egard people unmerge {done.pk}", as_json=as_json)


def _id(viewer: Viewer, who: str) -> UUID:
    """An id as it was given: that of a merged record must not be taken for its survivor's."""
    return _find(viewer, who).uuid if ":" in who else _uuid(who)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no id.") from None


@people.command()
@click.argument("merge_id", metavar="MERGE")
@json_option
def unmerge(merge_id: str, as_json: bool) -> None:
    """Undo a merge by its id: each record has again what was recorded for it."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.actors import system
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.lifecycle.operations import undo_merge
        from egard.kernel.people import queries

        held = queries.merge(system_viewer("command"), _uuid(merge_id))
        undo_merge(held, by=system("command"), now=utc_now())
    told = {"id": str(held.pk), "survivor": str(held.survivor.uuid), "absorbed": str(held.absorbed.uuid)}
    answer(told, f"{held.absorbed.uuid} and {held.survivor.uuid} are two again.", as_json=as_json)


@people.command("duplicates")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many pairs are printed.")
@json_option
def find_duplicates(limit: int, as_json: bool) -> None:
    """Look through everybody for people who may be one, and print the pairs, the likeliest first."""
    with product():
        from egard.base.clock import utc_now
        from egard.kernel.access.queries import system_viewer
        from egard.kernel.people import duplicates

        place: int | None = 0
        while place is not None:
            place = duplicates.look(after=place, now=utc_now())
        found = duplicates.proposed(system_viewer("command"), limit=limit).items
        pairs = [
            {
                "survivor": str(pair.survivor.uuid),
                "absorbed": str(pair.absorbed.uuid),
                "reasons": [" ".join(filter(None, (r.code, r.kind))) for r in pair.reasons],
            }
            for pair in found
        ]
    lines = [f"{p['survivor']}  {p['absorbed']}  {', '.join(p['reasons'])}" for p in pairs]
    answer({"pairs": pairs}, "\n".join(lines) or "Nobody looks like somebody else.", as_json=as_json)
