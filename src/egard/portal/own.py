"""What a person changes of her own: who she is, how to reach her, what she agrees to. Logged as done by her."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.lifecycle.operations import erase_person
from egard.kernel.messages.operations import send
from egard.kernel.people import operations as people
from egard.kernel.people import queries
from egard.kernel.people.models import Person
from egard.portal.models import Code
from egard.portal.refusals import NotTheWord, WrongCode

FIELDS = ("given_name", "family_name", "address", "country")


def herself(person: Person) -> Actor:
    """The actor under whose name her own doings stand in every record."""
    return Actor("person", str(person.uuid))


@transaction.atomic
def correct(person: Person, values: Mapping[str, str], *, now: datetime) -> list[str]:
    """Correct her name or postal address; the names of what changed. Raises `BadValue`."""
    wanted = people.checked_values({name: values[name] for name in FIELDS if name in values})
    changed = sorted(name for name, value in wanted.items() if value != getattr(person, name))
    if changed:
        people.update_person(person, by=herself(person), now=now, **{name: wanted[name] for name in changed})
        log_change("portal.corrected", by=herself(person), now=now, subject=str(person.uuid), fields=changed)
    return changed


@transaction.atomic
def add_phone(person: Person, value: str, *, now: datetime) -> None:
    """Add a phone number; one that others have too is hers as well. Raises `BadIdentifier`."""
    people.add_identifier(person, "phone", value, by=herself(person), now=now)
    log_change("portal.phone_added", by=herself(person), now=now, subject=str(person.uuid))


@transaction.atomic
def remove_phone(person: Person, value: str, *, now: datetime) -> None:
    """Take a phone number away. Raises `NotFound`."""
    people.remove_identifier(person, "phone", value, by=herself(person), now=now)
    log_change("portal.phone_removed", by=herself(person), now=now, subject=str(person.uuid))


@transaction.atomic
def take_address(person: Person, code: Code, *, now: datetime) -> str:
    """The address that a redeemed code confirmed becomes hers, in the place of the one that she named then.

    She reads what is sent there, so she may have it even where somebody else does (a family's): then both do. The
    address that was is told. Raises `WrongCode` for a code that is spent or not hers.
    """
    by = herself(person)
    found = Code.objects.select_for_update().filter(
        pk=code.pk, person=person, purpose="address", used_at__isnull=False, ended_at=None
    )
    if not found.update(ended_at=now):
        raise WrongCode
    others = [one for one in queries.persons_with(system_viewer("portal"), "email", code.address) if one != person]
    held = list(person.identifiers.filter(kind="email").order_by("-id").values_list("value", flat=True))
    replaces = code.replaces if code.replaces in held and code.replaces != code.address else ""
    people.add_identifier(person, "email", code.address, shared=bool(others), instead_of=replaces, by=by, now=now)
    before = replaces or next((value for value in held if value != code.address), "")
    if before:
        send(
            "portal.address_changed" if replaces else "portal.address_added",
            before,
            key=f"portal.address_changed:{code.pk}",
            fields={"given_name": person.given_name, "at": now},
            person=person,
            by=by,
            now=now,
        )
    log_change("portal.address_changed", by=by, now=now, subject=str(person.uuid))
    return code.address


def say(person: Person, purpose: str, channel: str, *, given: bool, now: datetime) -> None:
    """Her word on being written to or called for a purpose. Raises `BadValue`."""
    proof = _("In her own space")
    people.record_consent(person, purpose, channel, given=given, proof=proof, by=herself(person), now=now)


def erase_myself(person: Person, word: str, *, expected: str, now: datetime) -> None:
    """Erase her for ever, where she typed the `expected` word. Raises `NotTheWord`."""
    if word.strip().casefold() != expected.casefold():
        raise NotTheWord(word=expected, fields={"word": expected})
    erase_person(person, by=herself(person), now=now)


def prefer_language(person: Person, language: str, *, now: datetime) -> None:
    """The language in which she reads, here and in messages."""
    if person.language != language:
        people.update_person(person, by=herself(person), now=now, language=language)
