"""The relational signature: every message carries the brand's own style and speaks of the client."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Journey

journey = Journey(name="signature", label=_("Signature"))
