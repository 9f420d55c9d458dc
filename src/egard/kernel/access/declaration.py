"""The roles that every house begins with."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import FieldClass as F
from egard.kernel.registry import Journey, LiveTopic, Permission, RoleType

_FRONT = frozenset({F.IDENTITY, F.CONTACT, F.HISTORY, F.VALUE, F.CONSENT})

declaration = Journey(
    name="access",
    label=_("Access"),
    roles=(
        RoleType("agent", _("Agent"), _FRONT),
        RoleType("adviser", _("Adviser"), _FRONT),
        RoleType("host", _("Host"), frozenset({F.IDENTITY, F.CONTACT})),
        RoleType("site_manager", _("Site manager"), _FRONT),
        RoleType("supervisor", _("Supervisor"), _FRONT),
        RoleType("controller", _("Controller"), frozenset({F.IDENTITY})),
        RoleType("hr", _("Human resources"), frozenset({F.IDENTITY, F.CONTACT, F.CONSENT})),
        RoleType("analyst", _("Analyst"), frozenset({F.HISTORY, F.VALUE})),
        RoleType("auditor", _("Auditor"), _FRONT | {F.SENSITIVE}),
        RoleType("administrator", _("Administrator"), frozenset(F)),
    ),
    live=(LiveTopic("user", lambda viewer, of: of == str(viewer.user_id)),),
    permissions=(
        Permission("access.manage", _("manage users, roles and keys"), {"administrator": "all"}),
        Permission("access.audit", _("read who saw what"), {"auditor": "all", "administrator": "all"}),
    ),
)
