"""What the ledger declares: who may read and keep the books."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.ledger import queries
from egard.kernel.registry import Journey, Permission

declaration = Journey(
    name="ledger",
    label=_("Accounts"),
    permissions=(
        Permission(queries.READ, _("read the books"), {"supervisor": "all", "auditor": "all", "administrator": "all"}),
        Permission(queries.WRITE, _("keep the books"), {"administrator": "all"}),
    ),
)
