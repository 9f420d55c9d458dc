"""Everything that changes what is known of a person. Each is one transaction; actor and time are arguments."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, NotFound, Refusal
from egard.base.text import sort_key, words
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import Site, User
from egard.kernel.access.operations import log_change, redact_reasons, redact_sights, redacting
from egard.kernel.people import rules
from egard.kernel.people.indexing import search_terms, write_search
from egard.kernel.people.live import tell_people, tell_person, tell_who
from egard.kernel.people.members import fill, lent
from egard.kernel.people.models import (
    Consent,
    Duplicate,
    ErasedIdentifier,
    Identifier,
    Merge,
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
    texts = {"given_name": given_name, "family_name": family_name, "language": language, "address": address}
    clean = checked_values({**texts, "country": country})
    person = Person.objects.create(
        **clean, site=site, sort_key=sort_key(clean["family_name"], clean["given_name"]), created_at=now
    )
    added = list(dict.fromkeys((kind, normalise(kind, value)) for kind, value in identifiers))
    person.absorbed = []
    _insert_identifiers(person, added, by=by, now=now)
    Role.objects.bulk_create(Role(person=person, role=slug(role), since=now) for role in dict.fromkeys(roles))
    write_search(person, added)
    tell_people()
    return person


@transaction.atomic
def update_person(person: Person, *, version: str | None = None, by: Actor, now: datetime, **changes: Any) -> Person:
    """Change names, language, address, country or site; what is not named stays. With the `version` (see `Person`) of
    what was looked at, raises `ChangedMeanwhile` where another one is there.
    """
    held = _locked(person)
    fill(copy(held)).require_version(version)  # what was looked at has its blanks filled
    if "site" in changes:
        site = changes.pop("site")
        held.site = None if held.site_id is None and site == fill(copy(held)).site else site
    for name, value in checked_values(changes).items():
        # A form sends back what it showed: what another row lends is not made her own by that.
        if getattr(held, name) or value != lent(held, name):
            setattr(held, name, value)
    held.sort_key = sort_key(held.family_name, held.given_name)
    held.save()
    write_search(held)
    return fill(held)


@transaction.atomic
def add_identifier(
    person: Person, kind: str, value: str, *, shared: bool = False, instead_of: str = "", by: Actor, now: datetime
) -> Identifier:
    """Add an identifier; adding one that she has already changes nothing.

    With `shared`, others may have it too; theirs become shared as well. `instead_of` is one of hers that goes.
    """
    normal = normalise(kind, value)
    held = _locked(person)
    if shared:
        _lock_values([(kind, normal)])
        Identifier.objects.filter(kind=kind, value=normal).update(exclusive=False)
    _insert_identifiers(held, [(kind, normal)], by=by, now=now, shared=shared)
    Identifier.objects.filter(person__in=held.members, kind=kind, value=instead_of).exclude(value=normal).delete()
    write_search(held)
    return Identifier.objects.filter(person__in=held.members, kind=kind, value=normal).earliest("id")


@transaction.atomic
def remove_identifier(person: Person, kind: str, value: str, *, by: Actor, now: datetime) -> None:
    """Take an identifier away. Raises `NotFound` when she has it not."""
    held = _locked(person)
    normal = normalise(kind, value)
    gone, _rows = Identifier.objects.filter(person__in=held.members, kind=kind, value=normal).delete()
    if not gone:
        raise NotFound
    write_search(held)


@transaction.atomic
def start_role(person: Person, role: str, *, since: datetime, by: Actor, now: datetime) -> Role:
    """The person becomes customer, candidate, employee... A role that is open already is returned as it is."""
    held = _locked(person)
    return _open_roles(held, role).first() or Role.objects.create(person=held, role=slug(role), since=since)


@transaction.atomic
def end_role(person: Person, role: str, *, until: datetime, by: Actor, now: datetime) -> Role:
    """Close the open role at `until`, in all rows of hers that hold it. Raises `NotFound` when she does not."""
    held = _locked(person)
    found = list(_open_roles(held, role))
    if not found:
        raise NotFound
    if until < found[0].since:
        raise BadValue(fields={"until": str(_("a role cannot end before it began"))})
    for one in found:
        one.until = max(until, one.since)
        one.save(update_fields=["until"])
    return found[0]


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
    of_all = Relationship.objects.filter(person__in=held.members, kind="adviser", until__isnull=True)
    # The survivor's own holds before those of rows merged into hers; without any, nobody's must be left to show.
    current = of_all if staff is None else of_all.filter(person=held)
    if staff is not None and current.filter(staff=staff).exists():
        return
    if current.filter(since__gt=since).exists():
        raise BadValue(fields={"since": str(_("an adviser cannot begin before the one whom she replaces"))})
    ended = current.update(until=since)
    if staff is not None:
        Relationship.objects.create(person=held, staff=staff, since=since)
        log_change("people.adviser_named", by=by, now=now, subject=str(held.uuid), adviser=staff.name)
    elif ended:
        log_change("people.adviser_removed", by=by, now=now, subject=str(held.uuid))


@transaction.atomic
def protect(person: Person, protected: bool, *, by: Actor, now: datetime) -> None:
    """From now on whoever opens her file is asked why, or is not any more; asking for what is so changes nothing."""
    held = _locked(person)
    if bool(held.protected_at) == protected:
        return
    held.protected_at = person.protected_at = now if protected else None
    held.save(update_fields=["protected_at"])
    log_change("people.protected" if protected else "people.unprotected", by=by, now=now, subject=str(held.uuid))


def erase(person: Person, *, now: datetime) -> None:
    """Take away who she was: names, addresses, identifiers, search. What happened and its figures stay."""
    held = Person.objects.select_for_update().get(pk=person.pk)
    identifiers = list(held.identifiers.values_list("kind", "value"))
    typed = [term for kind, value in identifiers for term in (value, *search_terms(kind, value))]
    redact_sights([*typed, *words(f"{held.family_name} {held.given_name}")])
    redact_reasons(held.pk)
    remembered = [
        ErasedIdentifier(digest=erased_digest(kind, value), erased_at=now)
        for kind, value in identifiers
        if (declared := registry.identifier_kinds.get(kind)) is None or not declared.shared
    ]
    ErasedIdentifier.objects.bulk_create(remembered, ignore_conflicts=True)
    held.identifiers.all().delete()
    SearchRow.objects.filter(person=held).delete()
    Duplicate.objects.filter(Q(a=held) | Q(b=held)).delete()
    Merge.objects.filter(Q(survivor=held) | Q(absorbed=held)).exclude(reason="").update(reason="")
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
    """Her row as it is now; where it was merged, locked with the survivor's: they are found as one."""
    rows = Person.objects.select_for_update().order_by("pk")
    merged = Person.objects.filter(pk=person.pk).values("root")
    held = next(row for row in rows.filter(Q(pk=person.pk) | Q(pk__in=merged)) if row.pk == person.pk)
    if held.erased_at:
        raise Erased
    tell_who(held)  # she is about to change: heard on commit only
    return held


def _open_roles(person: Person, role: str) -> QuerySet[Role]:
    """The open role in her own row and in those merged into it, the earliest first."""
    return Role.objects.filter(person__in=person.members, role=slug(role), until__isnull=True).order_by("since", "id")


def slug(word: str, *, limit: int = 64) -> str:
    """A short lower-case name of a role, purpose or channel. Raises `BadValue`."""
    name = word.strip().lower().replace(" ", "_")
    if not name or len(name) > limit or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise BadValue(fields={"name": str(_("use a short name of letters, digits and _"))})
    return name


_INSERT_IDENTIFIERS = """
with added as (select * from unnest(%(kinds)s::text[], %(values)s::text[], %(exclusive)s::bool[])
               as a(kind, value, exclusive)),
wanted as (select * from added a where not exists (
    select from people_identifier mine
    where mine.person_id = any(%(members)s) and mine.kind = a.kind and mine.value = a.value)),
made as (
    insert into people_identifier (person_id, kind, value, exclusive, added_at, added_by)
    select %(person)s, kind, value, exclusive, %(now)s, %(by)s from wanted w
    where not exclusive or not exists (
        select from people_identifier other where other.kind = w.kind and other.value = w.value)
    on conflict do nothing returning kind, value)
select kind from wanted w where not exists (select from made where made.kind = w.kind and made.value = w.value)
"""
"""Answers the kinds of what somebody else has."""


def _insert_identifiers(
    person: Person, added: list[tuple[str, str]], *, by: Actor, now: datetime, shared: bool = False
) -> None:
    """The unique index decides who has it alone. What others share is theirs unless it is added as shared too: asked
    under a lock on the value, which a change to shared takes as well.
    """
    if not added:
        return
    exclusive = [not (shared or registry.identifier_kinds[kind].shared) for kind, _value in added]
    _lock_values([pair for pair, alone in zip(added, exclusive, strict=True) if alone])
    values = {
        "kinds": [kind for kind, _value in added],
        "values": [value for _kind, value in added],
        "exclusive": exclusive,
        "members": list(person.members),
        "person": person.pk,
        "now": now,
        "by": str(by),
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_IDENTIFIERS, values)
        taken = [str(registry.identifier_kinds[kind].label).lower() for (kind,) in cursor.fetchall()]
    if taken:
        raise IdentifierTaken(kind=taken[0], fields={"value": taken[0]})


def _lock_values(pairs: Iterable[tuple[str, str]]) -> None:
    """Until the transaction ends nobody else decides who has these identifiers."""
    if names := sorted(f"{kind}\x1f{value}" for kind, value in pairs):
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(%s::text[]) name", [names]
            )
