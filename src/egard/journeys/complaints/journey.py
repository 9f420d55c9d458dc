"""Complaints: the types of case that they follow."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import CaseTypeFile, Journey

FOLDER = Path(__file__).parent / "case_types"
NAMES = ("complaint", "stolen_phone", "late_delivery", "wrong_charge", "damaged_goods", "data_request")

journey = Journey(
    name="complaints",
    label=_("Complaints"),
    case_types=tuple(CaseTypeFile(name, FOLDER / f"{name}.yaml") for name in NAMES),
)
