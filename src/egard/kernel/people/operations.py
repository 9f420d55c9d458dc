"""Everything that changes what is known of a person. Each is one transaction; actor and time are arguments."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound, Refusal
from egard.base.text import sort_key, words
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Site, User
from egard.kernel.access.operations import redact_sights, redacting
from egard.kernel.people import rules
from egard.kernel.people.live import tell_people, tell_person, tell_who
from egard.kernel.people.models import (
    Consent,
    ErasedIdentifier,
    Identifier,
    Person,
    Relationship,
    Role,
    SearchRow,
)
from egard.kernel.registry import registry


class UnknownKind(Refusal):
    """No journey declares this kind of identifier."""

    code = "people.unknown_identifier_kind"
    message = _("“{kind}” is not a kind of identifier here. Known kinds: {known}.")


class BadIdentifier(Refusal):
    """The value cannot be an identifier of its kind; the field says how to write it."""

    code = "people.bad_identifier"
    message = _("“{value}” cannot be used: {why}")


class IdentifierTaken(Conflict):
    """Another person has this identifier: merge the two, or add it as shared."""

    code = "people.identifier_taken"
    message = _(
        "Another person already has this {kind}. If both use it, add it as shared; if they are one, merge them."
    )


class Erased(Conflict):
    """The person was erased; nothing can be added to her any more."""

    code = "people.erased"
    message = _("This person was erased; nothing more can be recorded on her.")


class BadValue(Refusal):
    """A value that cannot be stored; the fields say which and why."""

    code = "people.bad_value"
    message = _("Some values cannot be stored; see the fields.")


WHY = {
    "empty": _("it is empty."),
    "too_long": _("it is longer than 320 characters."),
    "control_character": _("it holds a character that cannot be read."),
    "not_an_email": _("it is not an e-mail address (name@example.org)."),
    "not_a_phone": _("it is not a phone number; write it with its country (+33 6 12 34 56 78)."),
    "not_a_plate": _("a number plate has 2 to 12 letters and digits."),
}


def normalise(kind: str, value: str) -> str:
    """The stored form of an identifier. Raises `UnknownKind` or `BadIdentifier`."""
    declared = registry.identifier_kinds.get(kind)
    if declared is None:
        raise UnknownKind(kind=kind, known=", ".join(sorted(registry.identifier_kinds)), fields={"kind": str(kind)})
    try:
        return rules.stored_form(declared, value)
    except ValueError as error:
        why = str(WHY.get(str(error), _("it has not the right form.")))
        raise BadIdentifier(value=value[:100], why=why, fields={"value": why}) from error


_LIMITS = {"given_name": 200, "family_name": 200, "language": 8, "address": 1000, "country": 2}


def checked_values(values: Mapping[str, Any]) -> dict[str, str]:
    """Plain text values within their limits. Raises `BadValue` naming each that is not."""
    wrong: dict[str, str] = {}
    clean: dict[str, str] = {}
    for name, value in values.items():
        text = str(value).strip()
        if "\x00" in text:
            wrong[name] = str(WHY["control_character"])
        elif len(text) > _LIMITS[name]:
            wrong[name] = str(_("at most {limit} characters")).format(limit=_LIMITS[name])
        clean[name] = text
    if clean.get("country") and not (len(clean["country"]) == 2 and clean["country"].isalpha()):
        wrong["country"] = str(_("a country is two letters (FR)"))
    if wrong:
        raise BadValue(fields=wrong)
    if "country" in clean:
        clean["country"] = clean["country"].upper()
    return clean


@transaction.atomic
def create_person(
    *,
    given_name: str = "",
    family_name: str = "",
    language: str = "",
    address: str = "",
    country: str = "",
    site: Site | None = None,
    identifiers: Iterable[tuple[str, str]] = (),
    roles: Iterable[str] = (),
    by: Actor,
    now: datetime,
) -> Person:
    """A new person with what is known of her so far; nothing is mandatory."""
    clean = checked_values(
        {
            "given_name": given_name,
            "family_name": family_name,
            "language": language,
            "address": address,
            "country": country,
        }
    )
    person = Person.objects.create(
        **clean, site=site, sort_key=sort_key(clean["family_name"], clean["given_name"]), created_at=now
    )
    added = list(dict.fromkeys((kind, normalise(kind, value)) for kind, value in identifiers))
    _insert_identifiers(person, added, by=by, now=now)
    Role.objects.bulk_create(Role(person=person, role=slug(role), since=now) for role in dict.fromkeys(roles))
    _write_search(person, added)
    tell_people()
    return person


@transaction.atomic
def update_person(person: Person, *, version: str | None = None, by: Actor, now: datetime, **changes: Any) -> Person:
    """Change names, language, address, country or site; what is not named stays. With the `version` (see `Person`) of
    what was looked at, raises `ChangedMeanwhile` where another one is there.
    """
    held = _locked(person)
    held.require_version(version)
    if "site" in changes:
        held.site = changes.pop("site")
    for name, value in checked_values(changes).items():
        setattr(held, name, value)
    held.sort_key = sort_key(held.family_name, held.given_name)
    held.save()
    _write_search(held)
    return held


@transaction.atomic
def add_identifier(
    person: Person, kind: str, value: str, *, shared: bool = False, by: Actor, now: datetime
) -> Identifier:
    """Add an identifier; adding one that she has already changes nothing.

    With `shared`, others may have it too; theirs become shared as well.
    """
    normal = normalise(kind, value)
    held = _locked(person)
    if shared:
        _lock_value(kind, normal)
        Identifier.objects.filter(kind=kind, value=normal).update(exclusive=False)
    _insert_identifiers(held, [(kind, normal)], by=by, now=now, shared=shared)
    _write_search(held)
    return Identifier.objects.get(person=held, kind=kind, value=normal)


@transaction.atomic
def remove_identifier(person: Person, kind: str, value: str, *, by: Actor, now: datetime) -> None:
    """Take an identifier away. Raises `NotFound` when she has it not."""
    held = _locked(person)
    gone, _rows = Identifier.objects.filter(person=held, kind=kind, value=normalise(kind, value)).delete()
    if not gone:
        raise NotFound
    _write_search(held)


@transaction.atomic
def start_role(person: Person, role: str, *, since: datetime, by: Actor, now: datetime) -> Role:
    """The person becomes customer, candidate, employee... A role that is open already is returned as it is."""
    held = _locked(person)
    found = Role.objects.filter(person=held, role=slug(role), until__isnull=True).first()
    return found or Role.objects.create(person=held, role=slug(role), since=since)


@transaction.atomic
def end_role(person: Person, role: str, *, until: datetime, by: Actor, now: datetime) -> Role:
    """Close the open role at `until`. Raises `NotFound` when she does not hold it."""
    held = _locked(person)
    found = Role.objects.filter(person=held, role=slug(role), until__isnull=True).first()
    if found is None:
        raise NotFound
    if until < found.since:
        raise BadValue(fields={"until": str(_("a role cannot end before it began"))})
    found.until = until
    found.save(update_fields=["until"])
    return found


@transaction.atomic
def record_consent(
    person: Person,
    purpose: str,
    channel: str,
    *,
    given: bool,
    at: datetime | None = None,
    proof: str = "",
    by: Actor,
    now: datetime,
) -> Consent:
    """One word of the person, added to the history. Words dated in the future are refused."""
    held = _locked(person)
    moment = at or now
    if moment > now:
        raise BadValue(fields={"at": str(_("consent cannot be dated in the future"))})
    return Consent.objects.create(
        person=held,
        purpose=slug(purpose),
        channel=slug(channel, limit=32),
        given=given,
        at=moment,
        recorded_at=now,
        by=str(by),
        proof=proof[:500].replace("\x00", ""),
    )


@transaction.atomic
def set_adviser(person: Person, staff: User | None, *, since: datetime, by: Actor, now: datetime) -> None:
    """Name the person's own adviser; the one before is ended at that moment. None leaves her without one."""
    held = _locked(person)
    current = Relationship.objects.filter(person=held, kind="adviser", until__isnull=True)
    if staff is not None and current.filter(staff=staff).exists():
        return
    if current.filter(since__gt=since).exists():
        raise BadValue(fields={"since": str(_("an adviser cannot begin before the one whom she replaces"))})
    current.update(until=since)
    if staff is not None:
        Relationship.objects.create(person=held, staff=staff, since=since)


def export(person: Person) -> dict[str, Any]:
    """What this package holds on a person, as plain data for her own copy."""
    return {
        "id": str(person.uuid),
        "given_name": person.given_name,
        "family_name": person.family_name,
        "language": person.language,
        "address": person.address,
        "country": person.country,
        "site": person.site.name if person.site else None,
        "created_at": person.created_at,
        "identifiers": list(person.identifiers.values("kind", "value", "added_at")),
        "roles": list(person.roles.values("role", "since", "until")),
        "consents": list(
            person.consents.order_by("at", "id").values("purpose", "channel", "given", "at", "by", "proof")
        ),
        "advisers": list(person.relationships.values("kind", "staff__name", "since", "until")),
    }


def erase(person: Person, *, now: datetime) -> None:
    """Take away who she was: names, addresses, identifiers, search. What happened and its figures stay."""
    held = Person.objects.select_for_update().get(pk=person.pk)
    identifiers = list(held.identifiers.values_list("kind", "value"))
    typed = [term for kind, value in identifiers for term in (value, *search_terms(kind, value))]
    redact_sights([*typed, *words(f"{held.family_name} {held.given_name}")])
    ErasedIdentifier.objects.bulk_create(
        (
            ErasedIdentifier(digest=erased_digest(kind, value), erased_at=now)
            for kind, value in identifiers
            if (declared := registry.identifier_kinds.get(kind)) is None or not declared.shared
        )
        if identifiers
        else (),
        ignore_conflicts=True,
    )
    held.identifiers.all().delete()
    SearchRow.objects.filter(person=held).delete()
    with redacting():
        held.consents.exclude(proof="").update(proof="")
    for name in _LIMITS:
        setattr(held, name, "")
    held.sort_key = ""
    held.user = None
    held.erased_at = held.erased_at or now
    held.save()
    tell_person(held)


def erased_digest(kind: str, value: str) -> bytes:
    """The keyed hash under which an erased identifier is remembered (HMAC-SHA256 with the installation's key)."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"{kind}\x1f{value}".encode(), hashlib.sha256)


# --- inside -------------------------------------------------------------------------------------------------------


def _locked(person: Person) -> Person:
    held = Person.objects.select_for_update().get(pk=person.pk)
    if held.erased_at:
        raise Erased
    tell_who(held)  # she is about to change: heard on commit only
    return held


def slug(word: str, *, limit: int = 64) -> str:
    """A short lower-case name of a role, purpose or channel. Raises `BadValue`."""
    name = word.strip().lower().replace(" ", "_")
    if not name or len(name) > limit or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise BadValue(fields={"name": str(_("use a short name of letters, digits and _"))})
    return name


def _insert_identifiers(
    person: Person, added: list[tuple[str, str]], *, by: Actor, now: datetime, shared: bool = False
) -> None:
    """The unique index decides who has it alone. What others share is theirs unless it is added as shared too: asked
    under a lock on the value, which a change to shared takes as well.
    """
    rows = [
        Identifier(
            person=person,
            kind=kind,
            value=value,
            exclusive=not (shared or registry.identifier_kinds[kind].shared),
            added_at=now,
            added_by=str(by),
        )
        for kind, value in added
    ]
    mine = set(person.identifiers.values_list("kind", "value")) if rows else set()
    for row in rows:
        if (row.kind, row.value) in mine:
            continue
        label = str(registry.identifier_kinds[row.kind].label).lower()
        if row.exclusive:
            _lock_value(row.kind, row.value)
            if Identifier.objects.filter(kind=row.kind, value=row.value).exists():
                raise IdentifierTaken(kind=label, fields={"value": label})
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise IdentifierTaken(kind=label, fields={"value": label}) from error


def _lock_value(kind: str, value: str) -> None:
    """Until the transaction ends nobody else decides who has this identifier."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind}\x1f{value}"])


def search_terms(kind: str, value: str) -> tuple[str, ...]:
    """What is typed to find this identifier; nothing for kinds that are found by their ends only."""
    declared = registry.identifier_kinds.get(kind)
    if declared is None or declared.search != "inside":
        return ()
    return rules.terms_of(declared, value)


def _write_search(person: Person, identifiers: Iterable[tuple[str, str]] | None = None) -> None:
    """Write the person's search row anew, in the same transaction as what changed."""
    found = person.identifiers.values_list("kind", "value") if identifiers is None else identifiers
    terms = [term for kind, value in found for term in search_terms(kind, value)]
    text = rules.search_text(words(f"{person.family_name} {person.given_name}"), terms)
    SearchRow.objects.update_or_create(person=person, defaults={"text": text, "grams": rules.grams_of(text)})
