"""The identity holds: raw values in one file, contrast, known icons, vendored files as pinned."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import egard.console
from egard.console import tokens
from egard.console.templatetags.egard import TONES, WAY_ICONS, icon_names
from egard.kernel.registry import registry

CONSOLE = Path(egard.console.__file__).parent
SHEETS = sorted((CONSOLE / "static/console").glob("*.css"))
TOKENS = (CONSOLE / "static/console/tokens.css").read_text()
ROOT = CONSOLE.parents[2]


def test_raw_colours_and_type_sizes_stand_in_the_tokens_only():
    for sheet in SHEETS:
        if sheet.name == "tokens.css":
            continue
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
        assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(|oklch\(|light-dark\(", text), sheet.name
        sizes = re.findall(r"font-size: ([^;]+);", text)
        assert {s for s in sizes if not re.fullmatch(r"var\(--type-[1-5]\)|inherit|0\.93em|0", s)} == set(), sheet.name


def test_every_name_that_a_sheet_uses_is_declared():
    declared = set(re.findall(r"^\s*(--[a-z0-9-]+):", TOKENS, flags=re.M))
    for sheet in SHEETS:
        used = set(re.findall(r"var\((--(?!tblr)[a-z0-9-]+)\)", sheet.read_text()))
        assert used - declared == set(), sheet.name


@pytest.mark.parametrize("night", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(night):
    colours = tokens.colours()
    weak = {
        f"{text} on {ground}": round(ratio, 2)
        for text, ground in tokens.PAIRS
        if (ratio := tokens.contrast(colours[text][night], colours[ground][night])) < 4.5
    }
    assert weak == {}
    for ground in ("paper", "sheet"):
        assert tokens.contrast(colours["edge"][night], colours[ground][night]) >= 3


def test_every_icon_that_is_named_is_in_the_sprite():
    named = set(TONES.values()) | set(WAY_ICONS.values())
    for template in CONSOLE.rglob("*.html"):
        named |= set(re.findall(r'{% icon "([a-z0-9-]+)" %}', template.read_text()))
    named |= {fact.icon for fact in registry.facts.values()} | {item.icon for item in registry.menu}
    assert named - icon_names() == set()


INLINE = r"\sstyle=|\son\w+=|hx-on|<style|<script(?![^>]*(?:\bsrc=|type=.application/json))"
"""A block of JSON is data, which no browser runs."""


def test_pages_hold_no_inline_style_or_script():
    for template in (ROOT / "src/egard").rglob("*.html"):
        text = template.read_text()
        assert not re.search(INLINE, text), template.name


def test_vendored_files_are_the_pinned_ones():
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    notices = (CONSOLE / "static/vendor/LICENSES.txt").read_text()
    for package, version in pinned.items():
        assert f"=== {package} {version}:" in notices
    assert "resolved" not in (ROOT / "package-lock.json").read_text()
    assert icon_names() == set((CONSOLE / "icons.txt").read_text().split())
