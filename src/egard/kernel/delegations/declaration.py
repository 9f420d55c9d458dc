"""What delegations declare: who sees and sets them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.delegations import queries
from egard.kernel.registry import Hooks, Journey, Permission

declaration = Journey(
    name="delegations",
    label=_("Delegations"),
    permissions=(
        Permission(
            queries.READ,
            _("see who may decide what"),
            {"site_manager": "all", "supervisor": "all", "auditor": "all", "administrator": "all"},
        ),
        Permission(queries.MANAGE, _("delegate, and record trainings"), {"administrator": "all"}),
    ),
    # A use holds amounts and whose file it was, no words: erasure leaves it as it is.
    hooks=Hooks(export=queries.export),
)
