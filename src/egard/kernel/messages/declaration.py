"""What the outbox declares: its jobs, the warnings of the house, who may read what went out."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.messages import late, operations
from egard.kernel.registry import Hooks, Job, Journey, MenuItem, MessageKind, Permission

declaration = Journey(
    name="messages",
    label=_("Messages"),
    jobs=(
        Job("messages.deliver", operations.deliver, priority=10),
        Job("messages.sweep", operations.sweep, every="* * * * *", alone=True),
        Job("messages.tell_promises", late.tell_promises, every="* * * * *", alone=True),
    ),
    messages=(
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
    permissions=(Permission("messages.read", _("read what was sent"), {"auditor": "all", "administrator": "all"}),),
    menu=(MenuItem(_("Sent messages"), "console:sent", "mail-forward", "messages.read", order=80),),
    hooks=Hooks(export=operations.export, erase=operations.erase),
)
