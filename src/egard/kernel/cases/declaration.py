"""What cases declare: who may read, work on and define them, their promises, their job, their hooks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.access.queries import system_viewer
from egard.kernel.cases import archive, clocks, following, operations, privacy, queries
from egard.kernel.registry import (
    Escalation,
    Hooks,
    Job,
    Journey,
    LiveTopic,
    Permission,
    PromiseKind,
    PromiseListener,
    Scope,
)

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "site", "supervisor": "all"}
_LATE = (Escalation("2 business hours", ("owner", "lead")),)


def _url(subject: str) -> str:
    return f"/cases/{subject.removeprefix(clocks.PREFIX).partition('/')[0]}/"


declaration = Journey(
    name="cases",
    label=_("Cases"),
    permissions=(
        Permission(queries.READ, _("read cases"), {**_FRONT, "auditor": "all", "administrator": "all"}),
        Permission(following.WORK, _("work on cases"), {**_FRONT, "administrator": "all"}),
        Permission(
            operations.MANAGE,
            _("decide on cases, and close them against the rules"),
            {"site_manager": "site", "supervisor": "all", "administrator": "all"},
        ),
        Permission("cases.define", _("publish types of case and move cases to them"), {"administrator": "all"}),
    ),
    promises=(
        PromiseKind(
            clocks.STEP_KIND,
            _("A step of a case"),
            within="2 business days",
            warnings=("4 business hours",),
            escalation=_LATE,
            permission=queries.READ,
            portal=False,
            url=_url,
            icon="clipboard-check",
            describe=lambda subjects: queries.describe(system_viewer("cases"), subjects),
        ),
        PromiseKind(
            clocks.CASE_KIND,
            _("An answer to a case"),
            within="10 business days",
            warnings=("1 business day",),
            escalation=_LATE,
            permission=queries.READ,
            url=_url,
            icon="clipboard-check",
            describe=lambda subjects: queries.describe(system_viewer("cases"), subjects),
        ),
        # What a promise would have given on the log of another tool (see `bulk`); counted apart from what was promised.
        PromiseKind("cases.replayed", _("Past work, replayed"), within="3 business days", portal=False, url=_url),
    ),
    promise_listeners=(PromiseListener(clocks.PREFIX, clocks.hear, clocks.lock),),
    jobs=(
        Job("cases.watch", following.watch, every="* * * * *", alone=True),
        Job("cases.archive", archive.archive_old, every="40 3 * * *", alone=True),
    ),
    live=(
        LiveTopic("cases", lambda viewer, of: not of and viewer.can(queries.READ)),
        LiveTopic("case", lambda viewer, of: queries.is_visible(viewer, of)),
    ),
    hooks=Hooks(export=privacy.export, erase=privacy.erase, counts=privacy.counts),
)
