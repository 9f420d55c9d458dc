"""Warnings that somebody gets of her own account or file, so that what she did not do is seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.messages.models import Outgoing
from egard.kernel.messages.operations import send
from egard.kernel.people.models import Identifier, Person


def warn_user(user: User, kind: str, *, by: Actor, now: datetime, **fields: Any) -> Outgoing:
    """Tell a member of staff what happened to her account."""
    told = {"name": user.get_short_name(), "at": now, **fields}
    return send(kind, user.email, key=f"{kind}:{new_id()}", fields=told, language=user.language, by=by, now=now)


def address_of(person: Person) -> str:
    """Where she reads e-mail: the address that she gave last; empty where none is known."""
    mails = Identifier.objects.filter(Q(person=person) | Q(person__root=person), kind="email")
    held = mails.order_by("-id").values_list("value", flat=True)
    return held.first() or ""


def warn_of_export(person: Person, *, by: Actor, now: datetime) -> Outgoing | None:
    """Tell a person that somebody took a copy of her file: once a day, however many did. None without an address."""
    address = address_of(person)
    if not address:
        return None
    return send(
        "messages.exported",
        address,
        key=f"messages.exported:{person.uuid}:{now:%Y-%m-%d}",
        fields={"given_name": person.given_name, "at": now},
        person=person,
        by=by,
        now=now,
    )


def say_farewell(address: str, *, key: str, language: str, by: Actor, now: datetime) -> Outgoing:
    """Tell somebody who was erased that she was; her address goes with the message."""
    return send(
        "messages.erased",
        address,
        key=f"messages.erased:{key}",
        fields={"at": now},
        language=language,
        last_word=True,
        by=by,
        now=now,
    )
