"""What the outbox declares: its jobs, the warnings of the house, who may read what went out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.messages import campaigns, facts, fetching, late, operations, privacy, queries, saying, sendings
from egard.kernel.registry import (
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    MenuItem,
    MessageKind,
    Permission,
    PromiseKind,
    Scope,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}

declaration = Journey(
    name="messages",
    label=_("Messages"),
    jobs=(
        Job("messages.deliver", operations.deliver, priority=10),
        Job("messages.deliver_some", campaigns.deliver_some, priority=5),
        Job("messages.write_sending", sendings.write_sending),
        Job("messages.fetch", fetching.fetch_mail, every="* * * * *", alone=True),
        Job("messages.sweep", operations.sweep, every="* * * * *", alone=True),
        Job("messages.tell_promises", late.tell_promises, every="* * * * *", alone=True),
    ),
    facts=(facts.MessageReceived, facts.MessageSent),
    promises=(
        PromiseKind(
            saying.ANSWER,
            _("An answer to your message"),
            within="2 business days",
            warnings=("4 business hours",),
            escalation=(Escalation("2 business hours", ("owner", "lead")),),
            icon="message-circle",
            url=lambda subject: f"/inbox/{subject.removeprefix('thread:')}/",
        ),
    ),
    live=(
        LiveTopic("inbox", lambda viewer, of: not of and viewer.can("messages.converse")),
        LiveTopic(sendings.TOPIC, lambda viewer, of: not of and viewer.can(queries.TEMPLATES)),
        LiveTopic("thread", queries.may_hear, portal=True),
        LiveTopic("typing", queries.may_hear, portal=True, fleeting=True),
    ),
    messages=(
        MessageKind("messages.too_large", _("Letter too large"), "messages/kinds/too_large", ("subject", "megabytes")),
        MessageKind("messages.new_browser", _("New sign-in"), "messages/kinds/new_browser", ("name", "at", "device")),
        MessageKind("messages.password_changed", _("Password changed"), "messages/kinds/password", ("name", "at")),
        MessageKind(
            "messages.new_password",
            _("New password"),
            "messages/kinds/new_password",
            ("name", "address", "minutes"),
            secret=True,
            permission="access.manage",
        ),
        MessageKind("messages.two_step", _("Two-step sign-in"), "messages/kinds/two_step", ("name", "at", "what")),
        MessageKind("messages.exported", _("File copied"), "messages/kinds/exported", ("given_name", "at")),
        MessageKind("messages.erased", _("File erased"), "messages/kinds/erased", ("at",)),
        MessageKind(
            late.KIND, _("Promises overdue"), "messages/kinds/late", ("name", "lines", "more", "broken", "url")
        ),
    ),
    permissions=(
        Permission("messages.read", _("read what was sent"), {"auditor": "all", "administrator": "all"}),
        Permission(
            queries.TEMPLATES,
            _("write templates"),
            {"supervisor": "all", "site_manager": "all", "administrator": "all"},
        ),
        Permission("messages.converse", _("read and answer messages"), {**_FRONT, "administrator": "all"}),
    ),
    menu=(
        MenuItem(_("Texts of the house"), "console:texts", "copy", queries.TEMPLATES, order=49, part="writing"),
        MenuItem(_("Sent messages"), "console:sent", "mail-forward", "messages.read", order=80, part="writing"),
    ),
    hooks=Hooks(export=privacy.export, erase=privacy.erase, counts=privacy.counts),
)
