"""Types of case, what comes from outside for cases that the teller does not know, migrations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Router

from egard.api import case_schemas as schemas
from egard.api import case_shapes as shapes
from egard.api import shapes as lists
from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, Limit, Listed
from egard.base.clock import utc_now
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import articles, migrating, outside, queries, types

router = Router(tags=["cases"])


@router.get("case-types", response=Listed[schemas.TypeOut], summary="Types of case")
def list_case_types(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The current version of each. Scope: `cases.read`."""
    found = queries.case_types(viewer_of(request))
    return lists.page_out(lists.sliced(found, "case-types", limit=limit, cursor=cursor), shapes.type_out)


@router.post("case-types", response={201: schemas.TypeOut}, summary="Publish a type of case")
def publish_case_type(request: HttpRequest, body: schemas.NewType) -> Any:
    """A file with nothing wrong becomes the current version; running cases stay with theirs. The same content again
    changes nothing. Scope: `cases.define`.
    """
    viewer = viewer_of(request)
    viewer.require_everywhere(migrating.DEFINE)
    return shapes.type_out(types.publish(body.source, by=viewer.actor, now=utc_now()))


@router.get("case-types/{name}", response=schemas.TypeWhole, summary="A type of case")
def get_case_type(request: HttpRequest, name: str) -> Any:
    """Its current version: the file, and what was read in it. Scope: `cases.read`."""
    return shapes.type_whole(queries.versions(viewer_of(request), name)[0])


@router.get("case-types/{name}/versions", response=Listed[schemas.TypeOut], summary="Versions of a type")
def list_versions(request: HttpRequest, name: str, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """The newest first. Scope: `cases.read`."""
    found = queries.versions(viewer_of(request), name)
    return lists.page_out(lists.sliced(found, "case-versions", limit=limit, cursor=cursor), shapes.type_out)


@router.get(
    "case-types/{name}/steps/{step}/words", response=Listed[schemas.WordOut], summary="What staff say of a step"
)
def list_words(request: HttpRequest, name: str, step: str) -> Any:
    """Comments on the words beside it and corrections of them, that nobody has settled. Scope: `cases.read`."""
    found = queries.words_on(viewer_of(request), name, step)
    return {"items": [shapes.word_out(one) for one in found], "next": None}


@router.post(
    "case-types/{name}/steps/{step}/words", response={201: schemas.WordOut}, summary="Comment on a step's words"
)
def say_word(request: HttpRequest, name: str, step: str, body: schemas.NewWord) -> Any:
    """A comment, or how the words should read (`correction`). Scope: `cases.work`."""
    more = {"kind": body.kind, "language": body.language, "now": utc_now()}
    return shapes.word_out(articles.say_of_step(viewer_of(request), name, step, body.text, **more))


@router.post("case-words/{word_id}/settlement", response=schemas.WordOut, summary="Settle what was said of a step")
def settle_word(request: HttpRequest, word_id: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Any:
    """It was taken into a version, or set aside. Scope: `cases.define`."""
    return shapes.word_out(articles.settle_word(viewer_of(request), word_id, now=utc_now()))


@router.get("case-events", response=Listed[schemas.OutsideOut], summary="Events that found no case")
def list_waiting_events(request: HttpRequest, limit: Limit = 50) -> Any:
    """They wait to be attached, the latest first. Scope: `cases.read`."""
    viewer = viewer_of(request)
    found = queries.waiting_events(viewer, limit=limit)
    log_sight(viewer, "list", detail="case-events", now=utc_now())
    return {"items": [shapes.outside_out(one) for one in found], "next": None}


@router.post("case-events", response={201: schemas.OutsideOut}, summary="Tell what happened outside")
def receive_event(request: HttpRequest, body: schemas.NewOutside) -> Any:
    """It moves the open case whose field has the value `match`; where there is none it is kept, and waits to be
    attached. Scope: `cases.work`.
    """
    viewer, now = viewer_of(request), utc_now()
    row = outside.receive(viewer, body.name, body.match, body.data, at=body.at, key=body.key, now=now)
    return shapes.outside_out(queries.outside_event(viewer, row.pk))


@router.post("case-events/{event_id}/attachment", response=schemas.OutsideOut, summary="Attach an event to a case")
def attach_event(request: HttpRequest, event_id: UUID, body: schemas.Attachment) -> Any:
    """One that waits. Scope: `cases.work`."""
    viewer = viewer_of(request)
    outside.attach(viewer, event_id, body.case, now=utc_now())
    return shapes.outside_out(queries.outside_event(viewer, event_id))


@router.get("case-migrations", response=Listed[schemas.MigrationRow], summary="Migrations")
def list_migrations(request: HttpRequest, limit: Limit = 50) -> Any:
    """Those that were carried out, the latest first. Scope: `cases.read`."""
    found = queries.migrations(viewer_of(request), limit=limit)
    return {"items": [shapes.migration_row(one) for one in found], "next": None}


@router.post("case-migrations", response=schemas.MigrationOut, summary="Carry cases to another version")
def migrate_cases(request: HttpRequest, body: schemas.NewMigration) -> Any:
    """By a plan, or by the names that are the same and likely renames. With `dry_run` (the default) nothing changes and
    the answer says which cases would pass, and why not the others. Scope: `cases.define`.
    """
    result = migrating.migrate(
        viewer_of(request),
        body.type,
        body.old,
        body.new,
        plan=body.plan,
        dry_run=body.dry_run,
        cases=body.cases,
        reason=body.reason,
        now=utc_now(),
    )
    return {
        "id": result.migration.pk if result.migration else None,
        "difference": asdict(result.difference),
        "total": result.total,
        "passing": result.passing,
        "cases": [shapes.outcome_out(one) for one in result.cases[: migrating.SHOWN_MAX]],
    }


@router.post("case-migrations/{migration_id}/reversal", response=schemas.Reverted, summary="Take a migration back")
def revert_migration(request: HttpRequest, migration_id: UUID) -> Any:
    """Its cases that are still open return to their version, with what was done since. Scope: `cases.define`."""
    return migrating.revert(viewer_of(request), migration_id, now=utc_now())
