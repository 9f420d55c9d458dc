"""The catalogue that holds: the one that the house published last, else the one that ships."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.db import connection, transaction

from egard.base.quickread import quick_run
from egard.journeys.gestures.models import Catalogue
from egard.journeys.gestures.refusals import BadCatalogue
from egard.journeys.gestures.rules import catalogue as rules
from egard.kernel.access.actors import Actor, system
from egard.kernel.access.operations import log_change
from egard.kernel.cases.rules.reading import Finding
from egard.kernel.registry import registry

AUTHORITY = "gestures.grant"
SHIPPED = Path(__file__).parent / "catalogue" / "catalogue.yaml"
SETUP = system("setup")
_CURRENT = b"select id, version from gestures_catalogue order by number desc limit 1"


def current() -> rules.Catalogue:
    """What may be given now: one query."""
    rows = quick_run(_CURRENT, [])
    return of(*rows[0]) if rows else shipped()


def stored(*, now: datetime) -> tuple[Catalogue, rules.Catalogue]:
    """The same with its row, which is made where nothing was published yet."""
    row = Catalogue.objects.defer("source", "definition").order_by("-number").first()
    if row is None:
        row = publish(source(), by=SETUP, now=now)
    return row, of(row.pk, row.version)


@lru_cache(maxsize=64)
def of(pk: int, version: str) -> rules.Catalogue:
    """The definition of a stored version: the same for ever."""
    stored = Catalogue.objects.values_list("definition", flat=True).get(pk=pk, version=version)
    return rules.Catalogue.model_validate_json(stored)


def source() -> str:
    """The file that ships."""
    return SHIPPED.read_text(encoding="utf-8")


def current_source() -> str:
    """The file that holds, as it was written."""
    found = Catalogue.objects.order_by("-number").values_list("source", flat=True).first()
    return found or source()


@lru_cache(maxsize=1)
def shipped() -> rules.Catalogue:
    return rules.read(source())


@transaction.atomic
def publish(source: str, *, by: Actor, now: datetime) -> Catalogue:
    """From now on this file says what may be given; what was given under another stays what it was. The same content
    again changes nothing. Raises `BadCatalogue`.
    """
    found, findings = lint(source)
    if found is None or findings:
        first = findings[0]
        fields = {f"line {one.line}": f"{one.rule}: {one.message}" for one in findings}
        raise BadCatalogue(line=first.line, why=first.message, fields=fields)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.gestures.catalogue', 0))")
    last = Catalogue.objects.order_by("-number").first()
    held = Catalogue.objects.filter(version=found.version).first()
    if held is not None:
        if last is not None and last.pk != held.pk:  # back to what it was
            Catalogue.objects.filter(pk=held.pk).update(number=last.number + 1)
            held.refresh_from_db()
            log_change("gestures.catalogue_published", by=by, now=now, subject=found.catalogue, version=found.version)
        return held
    made = Catalogue.objects.create(
        version=found.version,
        number=last.number + 1 if last else 1,
        source=source,
        definition=found.model_dump_json(by_alias=True),
        published_at=now,
        by=str(by),
    )
    log_change("gestures.catalogue_published", by=by, now=now, subject=found.catalogue, version=found.version)
    return made


def lint(source: str) -> tuple[rules.Catalogue | None, list[Finding]]:
    """What is wrong with a file, also that it counts in another currency than what is delegated."""
    found, findings = rules.lint(source)
    unit = registry.authorities[AUTHORITY].unit
    if found is not None and found.currency != unit:
        findings = [*findings, Finding(1, "currency", f"what is delegated is in {unit}: the catalogue is too")]
    return found, findings
