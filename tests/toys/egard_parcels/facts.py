"""What happens to a parcel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from egard.kernel.registry import Personal, fact


def _sent(data: Mapping[str, Any]) -> str:
    return _("Parcel %(number)s sent with %(carrier)s") % {"number": data["number"], "carrier": data["carrier"]}


def _lost(data: Mapping[str, Any]) -> str:
    return _("Parcel %(number)s lost") % {"number": data["number"]}


@fact("parcels.sent", label=gettext_lazy("Parcel sent"), headline=_sent, icon="package")
@dataclass(frozen=True, slots=True)
class ParcelSent:
    """A parcel left us for somebody; `recipient` is the name on it."""

    number: str
    carrier: str
    recipient: Annotated[str, Personal()] = ""


@fact("parcels.lost", label=gettext_lazy("Parcel lost"), headline=_lost, icon="package", tone="broken")
@dataclass(frozen=True, slots=True)
class ParcelLost:
    """The carrier gave a parcel up; `words` is what the person said of it."""

    number: str
    words: Annotated[str, Personal()] = ""
