"""What the API declares: on erasure, remembered answers about the person are forgotten."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.api import operations
from egard.kernel.registry import Hooks, Journey

declaration = Journey(name="api", label=_("API"), hooks=Hooks(erase=operations.forget_person))
