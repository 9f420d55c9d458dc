"""The import contracts of pyproject.toml hold, and they would notice if they did not."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_imports_go_down_only(capsys):
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_contracts_speak_of_every_layer_of_the_design():
    contracts = {c["id"]: c for c in read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]}
    assert contracts["layers"]["layers"] == [
        "site",
        "journeys",
        "console | portal | api",
        "metering",
        "kernel",
        "base",
    ]
    kernel = [layer.strip("()") for layer in contracts["kernel"]["layers"]]
    assert kernel == [
        "lifecycle",
        "cases",
        "payments",
        "messages",
        "promises",
        "ledger",
        "delegations",
        "timeline",
        "people",
        "access",
        "jobs",
        "registry",
    ]
    assert contracts["layers"]["exhaustive"] == contracts["kernel"]["exhaustive"] == "True"


def test_an_import_that_goes_up_is_found(tmp_path, monkeypatch, capsys):
    """The same layers over a copy in which the kernel reaches for the site."""
    package = tmp_path / "upside"
    for folder in ("site", "kernel"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "kernel" / "reaching.py").write_text("import upside.site\n")
    config = tmp_path / "contracts.toml"
    config.write_text(
        '[tool.importlinter]\nroot_package = "upside"\n[[tool.importlinter.contracts]]\nname = "down"\n'
        'type = "layers"\ncontainers = ["upside"]\nlayers = ["site", "kernel"]\nexhaustive = true\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert lint_imports(config_filename=str(config), no_cache=True, no_logo=True) != EXIT_STATUS_SUCCESS
    assert "upside.kernel.reaching -> upside.site" in capsys.readouterr().out
