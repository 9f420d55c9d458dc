"""What payments declare: who sees, takes and gives back, the jobs that speak with the provider, and the hooks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.payments import carrying, facts, privacy, queries, reconciling
from egard.kernel.registry import Check, Hooks, Job, Journey, Permission, Scope

_FRONT: dict[str, Scope] = {"agent": "all", "adviser": "all", "site_manager": "all", "supervisor": "all"}

declaration = Journey(
    name="payments",
    label=_("Payments"),
    facts=(facts.PaymentCaptured, facts.PaymentRefunded),
    permissions=(
        Permission(queries.READ, _("see payments"), {**_FRONT, "auditor": "all", "administrator": "all"}),
        Permission(queries.TAKE, _("take payments"), {**_FRONT, "administrator": "all"}),
        Permission(
            queries.REFUND,
            _("give money back"),
            {"site_manager": "all", "supervisor": "all", "administrator": "all"},
        ),
        Permission(
            queries.RECONCILE,
            _("compare our books with the provider’s"),
            {"auditor": "all", "administrator": "all"},
        ),
    ),
    jobs=(
        Job("payments.carry_out", carrying.carry_out, priority=10),
        Job("payments.forget", carrying.forget),
        Job("payments.heal", carrying.heal, every="* * * * *", alone=True),
        Job("payments.listen", carrying.listen, every="* * * * *", alone=True),
        Job("payments.reconcile", reconciling.nightly, every="20 3 * * *", alone=True),
    ),
    checks=(
        Check("payments.add_up", _("Payments are the sum of what was asked"), reconciling.payments_add_up),
        Check("payments.books", _("Payments and the ledger agree"), reconciling.books_agree),
    ),
    hooks=Hooks(export=privacy.export, erase=privacy.erase, counts=privacy.counts),
)
