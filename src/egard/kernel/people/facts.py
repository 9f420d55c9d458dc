"""What happens to a person's own record: it is merged with another, or parted again.

The other is named by her id alone: her name on somebody else's timeline would outlive her erasure.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import FieldClass, fact


@fact("people.merged", label=_("Merged with another record"), icon="git-merge", field_class=FieldClass.IDENTITY)
@dataclass(frozen=True, slots=True)
class PersonMerged:
    """On the survivor's timeline: `other` is she from now on."""

    merge: UUID
    other: UUID


@fact("people.unmerged", label=_("Parted from another record"), icon="link-off", field_class=FieldClass.IDENTITY)
@dataclass(frozen=True, slots=True)
class PersonUnmerged:
    """On both timelines: the merge was undone."""

    merge: UUID
    other: UUID
