"""From what the kernel answers to what the API shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from egard.api import schemas
from egard.base.paging import Page, UnknownCursor, decode_cursor, encode_cursor
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Merge, Person
from egard.kernel.people.queries import ConsentState, IdentifierEntry, seen_as
from egard.kernel.people.search import PersonRow
from egard.kernel.registry import FieldClass
from egard.kernel.timeline.queries import Entry

T = TypeVar("T")


def person_out(viewer: Viewer, person: Person) -> schemas.PersonOut:
    viewer = seen_as(viewer, person)
    named = viewer.sees(FieldClass.IDENTITY)
    return schemas.PersonOut(
        id=person.uuid,
        name=person.name if named else "",
        given_name=person.given_name if named else "",
        family_name=person.family_name if named else "",
        language=person.language,
        address=person.address if viewer.sees(FieldClass.CONTACT) else None,
        country=person.country,
        site=schemas.SiteOut.model_validate(person.site) if person.site else None,
        created_at=person.created_at,
        erased_at=person.erased_at,
        merged_ids=[row["uuid"] for row in person.absorbed],
        version=person.version,
    )


def merge_out(merge: Merge) -> dict[str, Any]:
    return {
        "id": merge.pk,
        "survivor": merge.survivor.uuid,
        "absorbed": merge.absorbed.uuid,
        "at": merge.at,
        "by": merge.by,
        "reason": merge.reason,
        "undone_at": merge.undone_at,
        "undone_by": merge.undone_by,
    }


def row_out(row: PersonRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "given_name": row.given_name,
        "family_name": row.family_name,
        "site": row.site,
        "adviser": row.adviser,
        "roles": row.roles,
        "contact": row.contact,
        "matched": {"kind": row.matched.kind.name, "value": row.matched.value} if row.matched else None,
    }


def identifier_out(entry: IdentifierEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind.name,
        "value": entry.value,
        "display": entry.display,
        "shared": entry.shared,
        "reach": entry.kind.reach,
        "added_at": entry.added_at,
    }


def consent_state(state: ConsentState) -> schemas.ConsentState:
    return schemas.ConsentState.model_validate(state)


def entry_out(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind,
        "at": entry.at,
        "recorded_at": entry.recorded_at,
        "channel": entry.channel,
        "label": str(entry.label),
        "headline": str(entry.headline),
        "by": entry.by,
        "key": entry.key,
        "data": entry.data,
        "corrects": entry.corrects,
        "corrected_by": entry.corrected_by,
    }


def page_out(page: Page[T], shape: Callable[[T], Any]) -> dict[str, Any]:
    return {"items": [shape(item) for item in page.items], "next": page.next}


def sliced(items: Sequence[T], kind: str, *, limit: int, cursor: str | None) -> Page[T]:
    """A page of a short list that is whole in memory (sites, teams, one person's roles)."""
    start = decode_cursor(cursor, kind, int)[0] if cursor else 0
    if start < 0:
        raise UnknownCursor
    following = encode_cursor(kind, start + limit) if len(items) > start + limit else None
    return Page(list(items[start : start + limit]), following)
