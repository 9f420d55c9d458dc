"""Conversations, and the outbox by which our side of them leaves. Written only by this package's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from egard.base.ids import new_id
from egard.kernel.access.models import Team, User
from egard.kernel.people.models import Person

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

OPEN = ("queued", "sending")
STATES = (*OPEN, "sent", "failed", "expired", "dropped")
CHANNELS = ("email", "sms", "chat", "post", "counter", "call")
THREAD_STATES = ("open", "waiting_for_us", "waiting_for_them", "closed")
DIRECTIONS = ("in", "out", "note")
MESSAGE_STATES = ("received", "written", "queued", "sent", "undone", "failed", "bounced")
TRUSTS = ("", "verified", "unverified", "forged")


class Thread(models.Model):
    """A conversation with one person, or with somebody unknown at one address.

    `open`: nobody waits. `waiting_for_us`: she wrote last; a promise says by when we answer (`awaiting`). What was
    joined to another conversation points there (`joined_to`) and has no messages left.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    claimed = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", help_text="whom the sender names")
    address = models.CharField(max_length=320, blank=True, help_text="where our answer goes")
    channel = models.CharField(max_length=16)
    subject = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=20, default="open")
    assignee = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    awaiting = models.UUIDField(null=True, help_text="the promise of an answer")
    kept = models.UUIDField(null=True, help_text="the promise that our last answer kept")
    joined_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    last_at = models.DateTimeField()

    if TYPE_CHECKING:
        messages: RelatedManager[Message]
        trail: RelatedManager[ThreadEvent]

    class Meta:
        db_table = "messages_thread"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(state__in=THREAD_STATES), name="messages_thread_state_known"),
            models.CheckConstraint(condition=models.Q(channel__in=CHANNELS), name="messages_thread_channel_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("state", "-last_at", "-id"), name="messages_thread_state"),
            models.Index(fields=("assignee", "state", "-last_at"), name="messages_thread_mine"),
            models.Index(fields=("team", "state", "-last_at"), name="messages_thread_team"),
            models.Index(fields=("person", "-last_at"), name="messages_thread_person"),
        ]


class Message(models.Model):
    """One thing said: by her (`in`), by us (`out`), among us (`note`). What was said is never changed.

    `mark` makes each once: of what came in a digest of what it is, of what went out the key that its writer gave.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="messages")
    mark = models.CharField(max_length=200, unique=True, db_collation="C")
    direction = models.CharField(max_length=4)
    channel = models.CharField(max_length=16)
    author = models.CharField(max_length=64, help_text="the actor")
    sender = models.CharField(max_length=320, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, help_text="cleaned")
    folded = models.JSONField(default=list, help_text="[kind, start, end] of what is quoted, and of signatures")
    message_id = models.CharField(max_length=500, blank=True, db_collation="C")
    in_reply_to = models.CharField(max_length=500, blank=True, db_collation="C")
    references = ArrayField(models.CharField(max_length=500, db_collation="C"), default=list)
    state = models.CharField(max_length=16)
    trust = models.CharField(max_length=12, blank=True)
    automatic = models.BooleanField(default=False)
    language = models.CharField(max_length=8, blank=True)
    moment = models.CharField(max_length=64, blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    mentions = ArrayField(models.UUIDField(), default=list)
    at = models.DateTimeField()

    if TYPE_CHECKING:
        attachments: RelatedManager[Attachment]

    class Meta:
        db_table = "messages_message"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(direction__in=DIRECTIONS), name="messages_message_direction_known"
            ),
            models.CheckConstraint(condition=models.Q(state__in=MESSAGE_STATES), name="messages_message_state_known"),
            models.CheckConstraint(condition=models.Q(trust__in=TRUSTS), name="messages_message_trust_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("thread", "id"), name="messages_message_thread"),
            models.Index(fields=("message_id",), condition=~models.Q(message_id=""), name="messages_message_id"),
        ]


class Attachment(models.Model):
    """A file that came or went with a message; its bytes lie under the data directory by their SHA-256."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    sha256 = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=100, help_text="found in its bytes, not believed")
    size = models.BigIntegerField(help_text="bytes")

    class Meta:
        db_table = "messages_attachment"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=("sha256",), name="messages_attachment_bytes")]


class ThreadEvent(models.Model):
    """What staff did with a conversation: assigned, closed, split, joined. Its trail."""

    id = models.BigAutoField(primary_key=True)
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="trail")
    what = models.CharField(max_length=32)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "messages_thread_event"


class Intake(models.Model):
    """Something that was fetched: a letter of a mailbox, a call of a provider. Read once, whatever became of it."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=64, db_collation="C")
    mark = models.CharField(max_length=200, db_collation="C")
    outcome = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        db_table = "messages_intake"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("source", "mark"), name="messages_intake_once"),
        ]


class DeadAddress(models.Model):
    """An address that does not take our messages (`bounced`), or whose reader complained of them (`complained`)."""

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=320, db_collation="C")
    why = models.CharField(max_length=16)
    words = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "messages_dead_address"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("channel", "address"), name="messages_dead_address_once"),
        ]


class Template(models.Model):
    """A version of a text with merge fields; the newest one of a code and language holds, older ones stay.

    `reply`: put into an answer by hand. Else it is a whole message, sent for a `purpose`.
    """

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=64, db_collation="C")
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    label = models.CharField(max_length=200)
    is_reply = models.BooleanField()
    purpose = models.CharField(max_length=64, blank=True)
    moment = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    score = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    by = models.CharField(max_length=64)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_template"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=("code", "language", "version"), name="messages_template_version"),
        ]


class Sending(models.Model):
    """One text to the people whom filters name, written by a job: how far it is, and who got it. `at_person` is the
    last row that was looked at; whom it was for is forgotten when it is over: what was typed may name somebody.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=100, unique=True, db_collation="C")
    template = models.ForeignKey(Template, models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=64)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    filters = models.JSONField(default=dict)
    total = models.PositiveIntegerField(help_text="persons, when it began")
    done = models.PositiveIntegerField(default=0)
    at_person = models.BigIntegerField(default=0)
    tally = models.JSONField(default=dict, help_text="as `campaigns.write_all` tells it")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_sending"


class Outgoing(models.Model):
    """One message to one address, whole as it leaves. One row a key, and so one message.

    `queued`: waits for its moment. `sending`: handed to the driver, whose answer is not noted yet. Then `sent`,
    `failed` (refused, or tried for days), `expired` (of no use any more), or `dropped` (its person was erased).
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=new_id, editable=False)
    key = models.CharField(max_length=200, unique=True, db_collation="C")
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=16, default="email")
    to = models.CharField(max_length=320, help_text="empty: forgotten")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="outgoing")
    purpose = models.CharField(max_length=64, blank=True)
    headers = models.JSONField(default=dict, help_text="Reply-To, In-Reply-To, References, List-Unsubscribe")
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField()
    calendar = models.TextField(default="", help_text="an entry for the reader's calendar (RFC 5546), with its METHOD")
    state = models.CharField(max_length=16, default="queued")
    by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="of no use from then on")
    last_word = models.BooleanField(default=False, help_text="to somebody erased: the address goes once it is sent")
    attempts = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(help_text="not before then")
    error = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    driver = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=200, blank=True, help_text="what the driver knows it by")
    wiped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_outgoing"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="messages_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("try_at",), condition=models.Q(state__in=OPEN), name="messages_open"),
            models.Index(
                fields=("expires_at",),
                condition=models.Q(wiped_at__isnull=True, expires_at__isnull=False),
                name="messages_to_wipe",
            ),
        ]
