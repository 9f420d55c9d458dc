"""Who may ask what the brand's style says."""

from __future__ import annotations

CHECK = "signature.check"
