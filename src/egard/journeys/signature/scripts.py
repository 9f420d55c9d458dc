"""What to say on the phone and at the counter, on the page of whom one speaks with, in her language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from egard.journeys.signature import brands, shown
from egard.journeys.signature.checking import spoken
from egard.kernel.access.actors import Viewer
from egard.kernel.people.models import Person


def panel(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """The scenes of the brand that holds; None where it has none. Asks the database nothing."""
    reader = get_language() or "en"
    style = brands.held().brand.style
    language, tongue = style.tongue(spoken(person.language or "") or spoken(reader) or "fr")
    places = {"phone": shown.scenes(tongue.phone, reader), "counter": shown.scenes(tongue.counter, reader)}
    return {"places": places, "in_language": language} if any(places.values()) else None


def data(person: Person, viewer: Viewer, now: datetime) -> Mapping[str, Any] | None:
    """Nothing of hers stands here: programs ask `signature/style`."""
    return None
