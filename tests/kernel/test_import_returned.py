"""A rejects file that was put right is imported as the first file was."""

from __future__ import annotations

import csv

import pytest
from importing import HEAD, PEOPLE, rejected

from egard.kernel.people.models import Person

pytestmark = pytest.mark.django_db


def content(summary):
    with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_rejects_come_back_as_data_without_what_was_written_beside_them(bring):
    text = HEAD + "C1,=Anne,-Roy,no address,,,\nC2,Paul,'-Li,no address,,,\nC3,-3,Roy,no address,,,\n"
    first = bring("people", text, PEOPLE)
    rows = content(first)
    assert rows[0] == ["line", "reason", "why", *HEAD.strip().split(",")]
    assert [row[4:6] for row in rows[1:]] == [["'=Anne", "'-Roy"], ["Paul", "''-Li"], ["-3", "Roy"]]
    again = bring("people", first.rejects.read_bytes(), PEOPLE, name="again.csv")
    assert content(again) == rows
    mended = first.rejects.read_text(encoding="utf-8-sig").replace("no address", "")
    done = bring("people", mended, PEOPLE, name="mended.csv")
    assert rejected(done) == []
    assert sorted(Person.objects.values_list("given_name", "family_name")) == [
        ("-3", "Roy"),
        ("=Anne", "-Roy"),
        ("Paul", "'-Li"),
    ]


def test_a_line_of_a_rejects_file_with_a_cell_too_many_is_told_with_its_own_cells(bring):
    text = "line,reason,why," + HEAD + "2,x,y,C1,Anne,Roy,,,,,\n3,x,y,C2,Paul,Roy,,,,\n"
    summary = bring("people", text, PEOPLE)
    assert rejected(summary) == [(2, "wrong_columns")]
    assert content(summary)[1][3:6] == ["C1", "Anne", "Roy"]


def test_a_file_whose_own_columns_have_those_names_keeps_them(bring):
    summary = bring(
        "people",
        "line,reason,why,n\nAnne,Roy,x,'=1\n",
        "columns: {given_name: line, family_name: reason, identifiers.customer_number: why, address: n}\n",
    )
    assert rejected(summary) == []
    person = Person.objects.get()
    assert (person.given_name, person.family_name, person.address) == ("Anne", "Roy", "'=1")
