"""`egard signature`: scores in JSON for writers and CI, without a database or a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from egard.journeys.signature.rules.brand import DEFAULT
from egard.site.commands import signature as command

COLD = "Chers clients,\n\nNous sommes fiers de nos résultats. N’hésitez pas à nous contacter.\n"
WARM = (
    "Bonjour Madame Perrin,\n\nVotre vélo est prêt depuis le 3 mars. Passez jeudi avant 19 h, ou appelez-moi au"
    " 01 44 00 00 12.\n\nBien à vous,\nCamille Martin\n"
)


@pytest.fixture(autouse=True)
def _nobodys_brand(monkeypatch, tmp_path):
    monkeypatch.setenv("EGARD_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("EGARD_BRAND", raising=False)


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "more" / ".hidden").mkdir(parents=True)
    (folder / "cold.txt").write_text(COLD, encoding="utf-8")
    (folder / "more" / "warm.md").write_text(WARM, encoding="utf-8")
    (folder / "page.html").write_text("<p>Dear customer, we are proud of our growth.</p>", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "more" / ".hidden" / "no.txt").write_text("nous", encoding="utf-8")
    return folder


def ask(*arguments: object):
    return CliRunner().invoke(command.signature, [*map(str, arguments)], catch_exceptions=False)


def told(*arguments: object):
    done = ask("check", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_text_is_scored_by_a_process_that_has_no_database(texts):
    asked = [sys.executable, "-P", "-m", "egard.site.cli", "signature", "check", str(texts / "cold.txt"), "--json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=os.environ | {"DATABASE_URL": ""})
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {"score", "parts", "findings", "language"} <= set(answer)
    assert set(answer["parts"]) == {"focus", "facts", "posture", "usefulness", "clarity"}
    assert answer["language"] == "fr"
    first = answer["findings"][0]
    assert {"rule", "from", "to", "text", "suggestion"} <= set(first)
    assert (first["rule"], COLD[first["from"] : first["to"]]) == ("dear_customer", first["text"])


def test_a_folder_answers_with_a_list_of_its_texts(texts):
    answer = told(texts)
    assert [one["file"] for one in answer] == [
        str(texts / "cold.txt"), str(texts / "more" / "warm.md"), str(texts / "page.html")
    ]  # fmt: skip
    assert [one["language"] for one in answer] == ["fr", "fr", "en"]
    assert answer[1]["score"] > 80 > 35 > answer[0]["score"]


def test_the_exit_code_serves_ci(texts, tmp_path):
    warm, cold = texts / "more" / "warm.md", texts / "cold.txt"
    assert ask("check", warm, "--min", 70).exit_code == 0
    assert ask("check", warm, cold, "--min", 70).exit_code == 1
    assert ask("check", warm, "--strict").exit_code == 0
    assert ask("check", cold, "--strict").exit_code == 1
    assert ask("check").exit_code == 2
    assert ask("check", warm, "--facts", "no value").exit_code == 2
    (texts / "more" / ".hidden" / "none").mkdir()
    latin = tmp_path / "latin.txt"
    latin.write_bytes("été".encode("latin-1"))
    assert ask("check", warm, latin, "--json").exit_code == 3
    with pytest.raises(command.Unreadable):
        ask("check", latin)
    with pytest.raises(command.NoTexts):
        ask("check", texts / "more" / ".hidden" / "none")


def test_facts_name_what_is_her_own(texts):
    plain = texts / "plain.txt"
    plain.write_text("Bonjour Anna, vous avez choisi le modèle bleu pour la terrasse.", encoding="utf-8")
    named = told(plain, "--facts", "model=modèle bleu", "--facts", "place=terrasse")
    assert named["parts"]["facts"] > told(plain)["parts"]["facts"]
    assert named["facts"] == ["Anna", "modèle bleu", "terrasse"]


def test_words_for_people_name_line_and_column_and_what_to_write(texts):
    words = ask("check", texts / "cold.txt").output
    assert f"{texts / 'cold.txt'}:1:1: error:" in words
    assert "→ Bonjour [son nom]" in words


def test_the_organisations_own_brand_is_taken_from_its_data_or_its_setting(texts, tmp_path, monkeypatch):
    own = tmp_path / "data" / "signature" / "brand.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(DEFAULT.read_text(encoding="utf-8").replace("posture: vous", "posture: tu"), encoding="utf-8")
    warm = texts / "more" / "warm.md"
    assert "address" in {one["rule"] for one in told(warm)["findings"]}
    monkeypatch.setenv("EGARD_BRAND", str(DEFAULT))
    assert "address" not in {one["rule"] for one in told(warm)["findings"]}
    own.write_text("brand: [", encoding="utf-8")
    monkeypatch.delenv("EGARD_BRAND")
    with pytest.raises(command.BadBrand):
        ask("check", warm)
    assert told(warm, "--brand", DEFAULT)["score"] > 80


def test_lint_says_what_is_wrong_with_a_brand_by_line(tmp_path):
    assert json.loads(ask("lint", DEFAULT, "--json").output) == {"ok": True, "findings": []}
    bad = tmp_path / "bad.yaml"
    bad.write_text(DEFAULT.read_text(encoding="utf-8").replace("warmth: 2", "warmth: 9", 1), encoding="utf-8")
    done = ask("lint", bad, tmp_path / "none.yaml", "--json")
    answer = json.loads(done.output)
    assert done.exit_code == 1
    line = 1 + next(n for n, words in enumerate(bad.read_text(encoding="utf-8").split("\n")) if "warmth: 9" in words)
    assert [(one["line"], one["rule"]) for one in answer["findings"]] == [(line, "shape"), (0, "unreadable")]


def test_a_brand_that_reads_with_what_is_not_installed_judges_nothing_and_says_so(texts, tmp_path):
    own = tmp_path / "brand.yaml"
    own.write_text(DEFAULT.read_text(encoding="utf-8") + "\nreader: spacy\n", encoding="utf-8")
    hidden = "import sys; from importlib import metadata as m; v = m.version\n"
    hidden += "m.version = lambda name: '3.7.0' if name == 'fr_core_news_sm' else v(name)\n"
    hidden += "from egard.site.cli import main; main()"
    asked = [sys.executable, "-c", hidden, "signature", "check", str(texts / "cold.txt"), "--brand", str(own), "--json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=os.environ | {"DATABASE_URL": ""})
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "signature.reader_missing"
    assert "fr_core_news_sm 3.8.0" in json.loads(done.stdout)["detail"]
