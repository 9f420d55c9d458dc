"""What this package holds on a person, for her own copy."""

from __future__ import annotations

from typing import Any

from egard.kernel.people.models import Person


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
        "protected_at": person.protected_at,
        "identifiers": list(person.identifiers.values("kind", "value", "added_at")),
        "roles": list(person.roles.values("role", "since", "until")),
        "consents": list(
            person.consents.order_by("at", "id").values("purpose", "channel", "given", "at", "by", "proof")
        ),
        "advisers": list(person.relationships.values("kind", "staff__name", "since", "until")),
    }
