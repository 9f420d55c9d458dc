"""Persons and what is known of them. Written only by this package's operations."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from egard.base.ids import new_id
from egard.base.refusal import Conflict
from egard.kernel.access.models import Site, User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class ChangedMeanwhile(Conflict):
    """Somebody changed it since it was read: read it again, see both, and write the one that holds."""

    code = "people.changed_meanwhile"
    message = _("Somebody changed this meanwhile. Look at what is there now, and choose what holds.")


DETAILS = ("given_name", "family_name", "language", "address", "country", "site_id")
"""What can be edited of a person, beside what has a history of its own."""
_MERGED = models.Q(root__isnull=False)


class Person(models.Model):
    """Anybody the organisation deals with: client, candidate, employee, member. One person, many roles."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    given_name = models.CharField(max_length=200, blank=True)
    family_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    user = models.OneToOneField(User, models.SET_NULL, null=True, blank=True, related_name="person")
    # Whom she was merged into, at the end of the chain; kept by `merges` alone, which reads it off the live merges.
    root = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    # Folded, so that PostgreSQL needs no French collation: see base.text.sort_key.
    sort_key = models.CharField(max_length=500, db_collation="C")
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)
    protected_at = models.DateTimeField(
        null=True, blank=True, help_text="since when whoever opens the file is asked why (a colleague, somebody known)"
    )

    if TYPE_CHECKING:
        identifiers: RelatedManager[Identifier]
        roles: RelatedManager[Role]
        consents: RelatedManager[Consent]
        relationships: RelatedManager[Relationship]

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("sort_key", "id"), name="people_person_sort"),
            models.Index(fields=("site", "sort_key", "id"), name="people_person_site"),
            models.Index(fields=("root",), condition=_MERGED, name="people_person_root"),
            models.Index(fields=("site", "root"), condition=_MERGED, name="people_person_root_site"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(root__isnull=True) | ~models.Q(root=models.F("id")), name="people_person_root_other"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As people say it: given name, then family name; empty when neither is known."""
        return f"{self.given_name} {self.family_name}".strip()

    @cached_property
    def absorbed(self) -> list[dict[str, Any]]:
        """What the rows merged into hers say (see `members.ROWS`), the oldest first; empty for most people.

        Whoever found her through `queries.person` has it from the same query; else it is asked for here.
        """
        from egard.kernel.people.members import with_members

        return with_members(Person.objects.filter(pk=self.pk)).values_list("absorbed", flat=True).first() or []

    @property
    def members(self) -> tuple[int, ...]:
        """The ids of all rows that are this person: her own first, then those merged into it. What a package or a
        journey stores of a person it reads with `person__in=person.members`.
        """
        return (self.pk, *(row["id"] for row in self.absorbed))

    @property
    def version(self) -> str:
        """Stands for what can be edited of her: another one where anything of it changed. Keyed, so that it gives no
        hold on what a viewer does not see of it.
        """
        told = "\x1f".join(str(getattr(self, name) or "") for name in DETAILS)
        return hmac.digest(settings.SECRET_KEY.encode(), f"version\x1f{told}".encode(), hashlib.sha256).hex()[:16]

    def require_version(self, version: str | None) -> None:
        """Raises `ChangedMeanwhile` where `version` is given and not this one."""
        if version is not None and version != self.version:
            raise ChangedMeanwhile


class Merge(models.Model):
    """Somebody said that two rows are one person: a link that can be cut. Nothing moves, so nothing is moved back.

    Live merges (not undone) form trees: whoever is absorbed has one live merge, and `Person.root` is the top.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    survivor = models.ForeignKey(Person, models.PROTECT, related_name="+")
    absorbed = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("absorbed",), condition=models.Q(undone_at__isnull=True), name="people_merge_once"
            ),
            models.CheckConstraint(condition=~models.Q(survivor=models.F("absorbed")), name="people_merge_of_two"),
        ]


class Identifier(models.Model):
    """Something that points to a person: an address, a number, a device. Any number, none mandatory."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="identifiers", db_index=False)
    kind = models.CharField(max_length=64)
    value = models.CharField(max_length=320, db_collation="C", help_text="normalised")
    exclusive = models.BooleanField(help_text="points to this person alone")
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("kind", "value"),
                condition=models.Q(exclusive=True),
                name="people_identifier_one_person",
            ),
            models.UniqueConstraint(fields=("person", "kind", "value"), name="people_identifier_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("value", "kind"), name="people_identifier_value"),
            models.Index(Reverse("value"), name="people_identifier_tail"),
        ]


class Role(models.Model):
    """What a person is to the organisation, with dates: customer since March, employee until June."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("person", "role"), condition=models.Q(until__isnull=True), name="people_role_once"
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="people_role_ends_after_it_begins",
            ),
        ]


class Consent(models.Model):
    """One word of a person on a purpose and a channel. Append only: the latest word holds."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="consents", db_index=False)
    purpose = models.CharField(max_length=64)
    channel = models.CharField(max_length=32)
    given = models.BooleanField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    proof = models.CharField(max_length=500, blank=True, help_text="where and how it was said")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("person", "purpose", "channel", "-at", "-id"), name="people_consent_latest"),
        ]


class Relationship(models.Model):
    """A lasting tie between a person and a member of staff; `adviser` is the first kind."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="relationships")
    kind = models.CharField(max_length=32, default="adviser")
    staff = models.ForeignKey(User, models.PROTECT, related_name="portfolio")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=("person", "kind"), condition=models.Q(until__isnull=True), name="people_one_adviser"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("staff", "person"), condition=models.Q(until__isnull=True), name="people_portfolio"),
        ]


class SearchRow(models.Model):
    """What a search looks through: one row a person, folded words and their trigrams (see rules.search_text)."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="search_row")
    text = models.TextField()
    grams = ArrayField(models.TextField())

    class Meta:
        db_table = "people_search"
        indexes: ClassVar[list[Any]] = [GinIndex(fields=("grams",), name="people_search_grams")]


class ErasedIdentifier(models.Model):
    """The keyed hash of an erased person's identifier: an old file imported again does not bring her back."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    erased_at = models.DateTimeField()


class Duplicate(models.Model):
    """Two rows that may be one person, because of something that both have. `a` is the lower id.

    Found by `duplicates.look`, again and again: `score` is the latest. A pair that somebody dismissed stays dismissed.
    Why it is proposed is read from the two, not stored.
    """

    id = models.BigAutoField(primary_key=True)
    a = models.ForeignKey(Person, models.CASCADE, related_name="+", db_index=False)
    b = models.ForeignKey(Person, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    found_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("a", "b"), name="people_duplicate_once"),
            models.CheckConstraint(condition=models.Q(a__lt=models.F("b")), name="people_duplicate_ordered"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("-score", "-id"), condition=models.Q(dismissed_at__isnull=True), name="people_duplicate_open"
            ),
        ]
