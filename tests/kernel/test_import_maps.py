"""What a map says holds however its field is read, and the maps that ship can be used as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import rejected

from egard.kernel.lifecycle.imports.maps import BadMap
from egard.kernel.people.models import Consent, Person, Role
from egard.kernel.timeline.models import Fact

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
MAPS = ROOT / "examples" / "maps"

PEOPLE = """columns:
  identifiers.customer_number: {column: numero, values: {sans: C9}, default: C8}
  given_name: {column: prenom, values: {A.: Anne}, default: Inconnue}
  role: {column: type, values: {cli: customer}, default: guest}
  since: {column: depuis, format: d/m/Y, values: {debut: 01/01/2020}, default: 02/01/2020}
  consents.news.email: {column: optout, values: {oui: "non", non: "oui"}}
  consents.news.sms: {column: sms, values: {abonne: oui, desabonne: non}, default: oui}
"""
PEOPLE_HEAD = "numero,prenom,type,depuis,optout,sms\n"


def people():
    return {
        p.identifiers.get(kind="customer_number").value: (
            p.given_name,
            p.roles.get().role,
            p.roles.get().since.date().isoformat(),
            {f"{c.purpose}.{c.channel}": c.given for c in p.consents.all()},
        )
        for p in Person.objects.all()
    }


def test_replacements_and_defaults_hold_for_all_that_a_list_of_people_says(bring):
    summary = bring(
        "people",
        PEOPLE_HEAD + "C1,A.,cli,debut,oui,abonne\nsans,Paul,cli,05/03/2021,non,desabonne\n,,,,,\n",
        PEOPLE + "zone: UTC\n",
    )
    assert rejected(summary) == []
    assert people() == {
        "C1": ("Anne", "customer", "2020-01-01", {"news.email": False, "news.sms": True}),
        "C9": ("Paul", "customer", "2021-03-05", {"news.email": True, "news.sms": False}),
        "C8": ("Inconnue", "guest", "2020-01-02", {"news.sms": True}),
    }


PURCHASES = """zone: UTC
columns:
  order_number: {column: no, values: {premier: "1"}}
  at: {column: le, format: d/m/Y, values: {ouverture: 01/02/2020}}
  person.customer_number: {column: client, values: {caisse: C9}}
  sku: {column: ref, values: {x: XL}}
  label: {column: nom, default: article}
  quantity: {column: pieces, values: {paire: "2"}, default: "3"}
  unit_price: {column: prix, values: {gratuit: "0"}, decimal: "."}
  currency: {column: devise, values: {euro: EUR}, default: USD}
  channel: {column: canal, values: {B: shop, W: web}, default: shop}
  cancelled: {column: etat, values: {annule: "oui", fait: "non"}, default: "non"}
"""


def test_replacements_and_defaults_hold_for_all_that_a_line_of_an_order_says(bring):
    summary = bring(
        "purchases",
        "no,le,client,ref,nom,pieces,prix,devise,canal,etat\n"
        "premier,ouverture,caisse,x,Mug,paire,4.50,euro,W,fait\n"
        "2,02/02/2020,C1,y,,,1.00,,,\n"
        "3,03/02/2020,C1,y,,1,gratuit,EUR,B,annule\n",
        PURCHASES,
    )
    assert rejected(summary) == []
    facts = {fact.key: fact for fact in Fact.objects.all()}
    assert {key: (f.channel, f.data["total"]) for key, f in facts.items()} == {
        "made:1": ("web", {"amount": 900, "currency": "EUR"}),
        "made:2": ("shop", {"amount": 300, "currency": "USD"}),
        "cancelled:3": ("shop", {"amount": 0, "currency": "EUR"}),
    }
    assert facts["made:1"].data["lines"] == [{"sku": "XL", "label": "Mug", "quantity": 2, "unit": 450.0}]
    assert facts["made:2"].data["lines"][0]["label"] == "article"
    assert facts["made:1"].at.date().isoformat() == "2020-02-01"


def test_replacements_and_defaults_hold_for_facts_and_leave_other_values_of_json_as_they_are(bring):
    summary = bring(
        "events",
        '{"k": "achat", "id": "A", "t": "2020-01-01", "c": "C1", "n": "A", "eur": "rien", "v": "W"}\n'
        '{"k": "achat", "id": "B", "t": "2020-01-01", "c": "C1", "n": null, "eur": 250}\n',
        "columns:\n"
        "  kind: {column: k, values: {achat: purchases.made/1}}\n"
        "  key: id\n  at: t\n"
        "  channel: {column: v, values: {W: web}, default: shop}\n"
        "  person.customer_number: c\n"
        "  data.order_number: {column: n, default: inconnu}\n"
        "  data.total.amount: {column: eur, values: {rien: 0}}\n"
        "  data.total.currency: {constant: EUR}\n",
        name="facts.jsonl",
    )
    assert rejected(summary) == []
    assert {f.key: (f.channel, f.data["order_number"], f.data["total"]["amount"]) for f in Fact.objects.all()} == {
        "A": ("web", "A", 0),
        "B": ("shop", "inconnu", 250),
    }


# --- what a map may be called ------------------------------------------------------------------


def test_words_of_a_map_are_text_whatever_yaml_would_make_of_them(bring):
    bring(
        "people",
        "no,on,0x1,oui\nyes,Anne,01,1_0\n",
        "live: no\ncreate_people: yes\ncolumns:\n  identifiers.customer_number: no\n  given_name: on\n"
        "  family_name: {column: 0x1, values: {01: Roy}}\n  consents.news.email: {column: oui, values: {1_0: no}}\n",
    )
    person = Person.objects.get()
    assert person.identifiers.get().value == "yes"
    assert (person.given_name, person.family_name, person.consents.get().given) == ("Anne", "Roy", False)


def test_a_map_of_another_kind_is_told_once_which_names_are_no_fields(bring):
    with pytest.raises(BadMap) as refused:
        bring("people", "a,b\n1,2\n", "columns: {order_number: a, unit_price: b, given_name: a}\n")
    assert refused.value.detail.count("are no fields of people: order_number, unit_price.") == 1
    assert refused.value.detail.count("identifiers.<kind>") == 1


def test_a_flag_that_is_neither_yes_nor_no_is_refused(bring):
    with pytest.raises(BadMap) as refused:
        bring("people", "a\n1\n", "live: perhaps\nfile: {header: never}\ncolumns: {given_name: a}\n")
    assert "`live`" in refused.value.detail
    assert "`header`" in refused.value.detail


# --- what ships ------------------------------------------------------------------------------

DEMO_PEOPLE = (
    "customer_number,email,phone,given_name,family_name,address,country,language,site,role,since,offers_email,"
    "offers_sms,newsletter_email,events_post\n"
    "1,a@example.org,,Anne,Roy,,FR,fr,,customer,2020-01-01,yes,no,,yes\n"
)
SHIPPED = {
    "demo-people.yaml": ("people", DEMO_PEOPLE, 1),
    "demo-purchases.yaml": (
        "purchases",
        "order_number,bought_at,customer_number,quantity,unit_price,sku,label,channel,site,cancelled\n"
        "1,2020-01-01 10:00,1,2,4.50,A,Mug,shop,,\n2,2020-01-02 10:00,1,1,4.50,A,Mug,web,,yes\n",
        2,
    ),
    "events.yaml": (
        "events",
        "magasin,ticket,date,carte,courriel,centimes\nM1,7,31/01/2020,C1,,450\nM1,8,31/01/2020,,a@example.org,90\n",
        2,
    ),
    "online-retail.yaml": (
        "purchases",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0\nC536379,D,Off,-1,2010-12-01 09:41:00,27.5,14527\n",
        2,
    ),
    "people.yaml": (
        "people",
        "prenom,nom,adresse,code_postal,ville,client_depuis,numero_client,courriel,telephone,newsletter\n"
        "Anne,Roy,1 rue Haute,75001,Paris,31/01/2020,C1,a@example.org,06 12 34 56 78,abonne\n"
        "Paul,Roy,,,,,C2,,,desabonne\nLéa,Roy,,,,,C3,,,\n",
        3,
    ),
}


ELSEWHERE = {"cfpb-complaints.yaml", "itsm-incidents.yaml"}
"""Maps of journeys, tried in their own tests."""


def test_every_map_that_ships_is_tried_here():
    assert {path.name for path in MAPS.glob("*.yaml")} - ELSEWHERE == set(SHIPPED)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_map_that_ships_reads_the_rows_it_is_for(bring, name):
    kind, text, rows = SHIPPED[name]
    summary = bring(kind, text, (MAPS / name).read_text())
    assert rejected(summary) == []
    assert summary.tally.imported == rows


def test_the_words_of_the_example_list_of_people_are_understood(bring):
    bring("people", SHIPPED["people.yaml"][1], (MAPS / "people.yaml").read_text())
    assert dict(Consent.objects.values_list("person__given_name", "given")) == {"Anne": True, "Paul": False}
    assert Role.objects.filter(role="customer").count() == 3


def test_the_map_in_the_manual_does_what_the_manual_says(bring):
    manual = (ROOT / "docs" / "import.md").read_text()
    written = manual.split("```yaml\n", 1)[1].split("```", 1)[0]
    summary = bring(
        "purchases",
        "InvoiceNo;InvoiceDate;Mail;Client;Ref;Article;Colour;Qty;Price;Channel\n"
        "1;31/01/2020;a@example.org;;A;Mug;blue;2;4,50;B\n"
        "2;31/01/2020;;C2;A;Mug;;1;4,50;W\n"
        "C3;31/01/2020;;C2;A;Mug;red;1;4,50;\n",
        written,
    )
    assert rejected(summary) == []
    assert {f.key: (f.channel, f.data["total"]["amount"]) for f in Fact.objects.all()} == {
        "made:1": ("shop", 900),
        "made:2": ("web", 450),
        "cancelled:C3": ("shop", 450),
    }
    assert [line["label"] for f in Fact.objects.order_by("key") for line in f.data["lines"]] == [
        "Mug, red",
        "Mug, blue",
        "Mug",
    ]
