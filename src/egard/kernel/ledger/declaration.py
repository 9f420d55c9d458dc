"""What the ledger declares: who may read and keep the books, what must hold in them, and its hooks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.ledger import checks, closing, privacy, queries
from egard.kernel.registry import Hooks, Job, Journey, Permission

declaration = Journey(
    name="ledger",
    label=_("Accounts"),
    permissions=(
        Permission(queries.READ, _("read the books"), {"supervisor": "all", "auditor": "all", "administrator": "all"}),
        Permission(queries.WRITE, _("keep the books"), {"administrator": "all"}),
    ),
    # Whoever closed the books may have died before the sums were written.
    jobs=(Job("ledger.add_up", closing.finish, every="13 * * * *", alone=True),),
    checks=checks.ALL,
    hooks=Hooks(export=privacy.export, erase=privacy.erase, counts=privacy.counts),
)
