"""A table of leads is read as it is, whatever has written it; what cannot be read is told by row and column."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.cli.reading import Order, chunks
from api.cli.say import Failure
from api.cli.table import laid_out, typed
from api.sheet.layout import Layout
from api.sheet.reading import Read
from commands.lead.capture import CaptureLead
from domain.catalog import LEAD_FIELDS, Catalog, CustomField
from domain.identity import Identifier
from tests.memory import MASTER

LONGEST = 20_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leads.csv"


def mapped(file: Path, text: str) -> Path:
    found = file.with_suffix(".yaml")
    found.write_text(text)
    return found


def read(file: Path, layout: Layout | None = None) -> list[Read]:
    """Every row that is not empty, of Chinese customers where nothing else is said."""
    layout = layout or laid_out(file, None, "CN", LONGEST)
    with file.open("rb") as lines:
        return [line for chunk in chunks(lines, Order(MASTER, LONGEST, "trace", layout)) for line in chunk.lines]


def captures(rows: Sequence[Read]) -> list[CaptureLead]:
    """The commands; each row is one."""
    assert not [row.problem for row in rows if row.ask is None]
    return [row.ask.command for row in rows if row.ask is not None]


def known_by(rows: Sequence[Read]) -> list[list[str]]:
    return [[each.value for each in command.identities] for command in captures(rows)]


def problems(rows: Sequence[Read]) -> dict[int, list[tuple[str, str]]]:
    """By row the columns that cannot be read, and why."""
    found = {row.number: json.loads(row.problem)["problem"]["errors"] for row in rows if row.ask is None}
    return {number: [(each["column"], each["detail"]) for each in errors] for number, errors in found.items()}


def faults(file: Path, text: str) -> list[str]:
    with pytest.raises(Failure) as refused:
        laid_out(file, mapped(file, text), None, LONGEST)
    return str(refused.value).replace(f"{file.parent}/", "").splitlines()


SIMPLE = "姓名,手机号,E-mail,备注\nAnn,13800138001,ANN@x.cn,hello\nBob,+44 20 7946 0018,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_simple_table_needs_no_map_however_it_is_written(file: Path, encoding: str, separator: str, end: str) -> None:
    file.write_bytes(SIMPLE.replace(",", separator).replace("\n", end).encode(encoding))
    layout = laid_out(file, None, "CN", LONGEST)
    assert layout.columns == {"name": ("姓名",), "phone": ("手机号",), "email": ("E-mail",)}
    assert layout.unmapped == ["备注"]
    ann, bob = captures(read(file))
    assert ann.name == "Ann"
    assert ann.identities == (
        Identifier(kind="phone", value="+8613800138001"),
        Identifier(kind="email", value="ann@x.cn"),
    )
    assert bob.identities == (Identifier(kind="phone", value="+442079460018"),)
    assert (bob.source, bob.channel) == ("import", "file")


def test_a_lead_keeps_its_ids_however_its_row_is_written(file: Path) -> None:
    file.write_text(SIMPLE)
    before = [(row.ask.command.lead_id, row.ask.command_id) for row in read(file) if row.ask]
    other = SIMPLE.replace("0018,,", "0018").replace(",", ";").replace("\n", "\r\n\r\n")
    file.write_bytes(other.encode("gb18030"))
    assert [(row.ask.command.lead_id, row.ask.command_id) for row in read(file) if row.ask] == before


def test_equal_rows_are_several_leads(file: Path) -> None:
    file.write_text("email\na@x.cn\nb@x.cn\na@x.cn\n")
    ids = [command.lead_id for command in captures(read(file))]
    assert len(set(ids)) == 3
    file.write_text("email\na@x.cn\na@x.cn\na@x.cn\nb@x.cn\n")
    assert [command.lead_id for command in captures(read(file))][:2] == [ids[0], ids[2]]
    assert captures(read(file))[3].lead_id == ids[1]


def test_an_encoding_that_is_not_known_is_asked_for(file: Path) -> None:
    file.write_bytes("Name,Phone\nAnn,+86 138 0013 8001\nJörg,+49 30 123456\n".encode("cp1252"))
    with pytest.raises(Failure, match=r"leads.csv:3: this is not UTF-8: `encoding` in a map says what it is"):
        laid_out(file, None, None, LONGEST)
    layout = laid_out(file, mapped(file, "encoding: cp1252"), None, LONGEST)
    assert [command.name for command in captures(read(file, layout))] == ["Ann", "Jörg"]


def test_a_row_in_another_encoding_than_its_file_is_told(file: Path) -> None:
    file.write_bytes(b"name,email\nAnn,a@x.cn\nJ\xf6rg,j@x.cn\n")
    rows = read(file, laid_out(file, mapped(file, "encoding: utf-8"), None, LONGEST))
    assert problems(rows) == {3: [("name", "this is not written in utf-8")]}
    assert rows[1].raw == b"J\xf6rg,j@x.cn"


def test_rows_are_counted_as_spreadsheets_count(file: Path) -> None:
    file.write_text('\n"Full\nname",email\n\nAnn,a@x.cn\n,,\n"Bob\nthe ""second""",b@x.cn\n  ,  \nCem,cem\n')
    rows = read(file)
    assert [row.number for row in rows] == [4, 6, 8]
    assert rows[1].ask is not None
    assert rows[1].ask.command.name == 'Bob\nthe "second"'
    assert problems(rows) == {8: [("email", "this is no e-mail address")]}


def test_a_broken_row_takes_no_other_along(file: Path) -> None:
    several = "".join(f"N{number},n{number}@x.cn\n" for number in range(300))
    file.write_text(f'name,email\n"Ann,a@x.cn\n{several}Bob,"b"@x.cn\n"Cem" ,c@x.cn\n{"D" * 30_000},d@x.cn\nEve,e@x.cn')
    rows = read(file)
    fine = known_by([row for row in rows if row.ask is not None])
    assert fine == [*([f"n{number}@x.cn"] for number in range(300)), ["e@x.cn"]]
    problem = "a quote opens here that does not close where the cell ends"
    assert {number: problems([row]) for number, row in enumerate(rows, 2) if number in {2, 303, 304}} == {
        2: {2: [("name", problem)]},
        303: {303: [("email", problem)]},
        304: {304: [("name", problem)]},
    }
    assert rows[0].raw == b'"Ann,a@x.cn'
    assert len(rows) == 305
    assert json.loads(rows[303].problem)["problem"]["type"] == "/problems/body-too-large"


def test_a_quote_that_is_closed_far_below_is_none(file: Path) -> None:
    several = "".join(f"N{number},n{number}@x.cn\n" for number in range(150))
    file.write_text(f'name,email\n"Ann,a@x.cn\n{several}Bob",b@x.cn\n')
    rows = read(file)
    assert [row.number for row in rows if row.ask is None] == [2]
    assert len(rows) == 152


def test_a_row_has_no_more_cells_than_the_header(file: Path) -> None:
    file.write_text("name,email,,\nAnn,a@x.cn,,,\nBob\nCem,Mr.,c@x.cn\nDan,d@x.cn\n")
    assert problems(read(file)) == {
        3: [("email", "this is empty, and nothing else tells whom the lead is about")],
        4: [("column 3", "the header ends with email, and this row goes on")],
    }


def test_every_fault_of_a_row_is_told_at_once(file: Path) -> None:
    file.write_text("phone,email,wechat\n1.38E+10,a@b@c,我\n,,\n 12 ,,zhang_san\n")
    assert problems(read(file)) == {
        2: [
            ("phone", "the spreadsheet has rounded this number: format its column as text, and export it again"),
            ("email", "this is no e-mail address"),
            ("wechat", "this is no WeChat id"),
        ],
        4: [("phone", "this is no phone number: +86 …, or a national one and its region")],
    }


# What a header says


def test_a_header_that_comes_twice_and_one_that_is_missing_have_names(file: Path) -> None:
    file.write_text("Phone,Name,,Phone,Name,Phone (2),,\n138 0013 8001,Ann,x,13800138002,Anna,,,\n")
    layout = laid_out(file, None, "CN", LONGEST)
    assert layout.header == ("Phone", "Name", "column 3", "Phone (2)", "Name (2)", "Phone (2) (2)")
    assert layout.unmapped == ["column 3", "Name (2)"]
    assert known_by(read(file)) == [["+8613800138001", "+8613800138002"]]


def test_a_map_goes_before_what_headers_let_guess(file: Path) -> None:
    file.write_text("Name,Phone,Tel.,Firm,Source\nAnn,+8613800138001,+8613800138002,Acme,fair\n")
    text = "columns: {name: Firm, phone: Tel., product_line: Source}\nvalues: {source: list, campaign: spring}"
    layout = laid_out(file, mapped(file, text), None, LONGEST)
    (ann,) = captures(read(file, layout))
    assert (ann.name, ann.source, ann.campaign, ann.product_line) == ("Acme", "list", "spring", "fair")
    assert known_by(read(file, layout)) == [["+8613800138002"]]
    assert layout.unmapped == ["Name", "Phone"]
    layout = laid_out(file, mapped(file, "columns: {name: [], source: Firm}"), None, LONGEST)
    assert layout.unmapped == ["Name", "Source"]


def test_an_empty_cell_leaves_what_is_the_same_for_all(file: Path) -> None:
    file.write_text("email,source\na@x.cn,fair\nb@x.cn,\n")
    layout = laid_out(file, mapped(file, "values: {source: list}"), None, LONGEST)
    assert [command.source for command in captures(read(file, layout))] == ["fair", "list"]


def test_whatever_is_wrong_with_a_map_is_told_with_its_line(file: Path) -> None:
    file.write_text("Name,Phone\nAnn,+8613800138001\n")
    assert faults(file, "columns:\n  fone: Phone\n  name: [Name, Phone]\nvalues: {phone: '1'}\ncolour: red") == [
        "leads.yaml:5: colour: there is no such field"
    ]
    same = "source, channel, campaign, name, product_line, kind, territory, currency"
    assert faults(
        file,
        "columns:\n  fone: Phone\n  name: [Name, Phone]\nvalues: {phone: '1'}\n"
        "encoding: klingon\nseparator: ab\ntime_zone: Mars\nregion: XX",
    ) == [
        "leads.yaml:2: columns/fone: a lead has no such field; phone is one",
        "leads.yaml:3: columns/name: only what a lead can be found by has several columns",
        f"leads.yaml:4: values/phone: this is not the same for several leads: {same}",
        "leads.yaml:5: encoding: 'klingon' is unknown: gb18030 and utf-8 are known",
        "leads.yaml:6: separator: this is one character",
        "leads.yaml:8: region: 'XX' is no country: CN is one",
        "leads.yaml:7: time_zone: 'Mars' is unknown: Asia/Shanghai is known",
    ]
    assert faults(file, "columns:\n  name: Nam\n  phone: [Phone, Fax]") == [
        "leads.yaml:2: columns/name: the file has no column 'Nam'; Name is one",
        "leads.yaml:3: columns/phone: the file has no column 'Fax': Name, Phone",
    ]
    assert faults(file, "columns: {external: Name, key: Phone, requested_amount: Name}") == [
        "leads.csv: `system` in the map says whose ids external and key are",
        "leads.csv: requested_amount needs a currency: a column, or one for all in the map's `values`",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no rows"),
        ("\n,,\n", "has no rows"),
        ("Firm,City\nAcme,Bonn\n", "none of its columns is known to have a phone, an email, .*Firm, City"),
        ('"Phone,Name\n1,2\n', "the header cannot be read"),
    ],
)
def test_a_file_that_is_no_table_of_leads_is_told(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(Failure, match=told):
        laid_out(file, None, None, LONGEST)


def test_a_column_may_say_whose_phone_numbers_they_are(file: Path) -> None:
    file.write_text("phone,country\n020 7946 0018,gb\n13800138001,\n010-12345678,China\n")
    layout = laid_out(file, mapped(file, "columns: {region: country}\nregion: CN"), None, LONGEST)
    rows = read(file, layout)
    assert known_by(rows[:2]) == [["+442079460018"], ["+8613800138001"]]
    assert problems(rows) == {4: [("country", "'China' is no country: CN is one")]}


def test_without_a_region_only_international_numbers_can_be_read(file: Path) -> None:
    file.write_text("phone\n+86 138 0013 8001\n13800138001\n8613800138001\n")
    rows = read(file, laid_out(file, None, None, LONGEST))
    told = "this has no country: --region says whose numbers are written without one"
    assert problems(rows) == {3: [("phone", told)], 4: [("phone", told)]}


def test_a_key_is_who_a_lead_is(file: Path) -> None:
    text = "columns: {key: No, external: No}\nsystem: crm"
    file.write_text("No,Name\n4711,Ann\n4712,Bob\n")
    layout = laid_out(file, mapped(file, text), None, LONGEST)
    before = read(file, layout)
    file.write_text("No,Name\n,Cem\n4712,Robert\n1.2E+12,Dan\n4711.0,Ann\n")
    after = read(file, layout)
    assert [row.ask and (row.ask.command_id, row.ask.command.lead_id) for row in (after[3], after[1])] == [
        row.ask and (row.ask.command_id, row.ask.command.lead_id) for row in before
    ]
    assert problems(after) == {
        2: [("No", "key must not be empty")],
        4: [("No", "the spreadsheet has rounded this number: format its column as text, and export it again")],
    }


def test_rows_with_a_time_are_history_and_others_are_new(file: Path) -> None:
    file.write_text("email,since\na@x.cn,2025-03-01 10:00\nb@x.cn,\nc@x.cn,03/04/2025\nd@x.cn,2025-02-30\n")
    new = read(file, laid_out(file, None, None, LONGEST))
    assert [(row.ask.imported, row.ask.occurred_at, row.ask.caller.role) for row in new if row.ask] == [
        (False, None, "service_account")
    ] * 4
    text = "columns: {occurred_at: since}\ntime_zone: Asia/Shanghai"
    rows = read(file, laid_out(file, mapped(file, text), None, LONGEST))
    assert [row.ask and (row.ask.imported, str(row.ask.occurred_at)) for row in rows][:1] == [
        (True, "2025-03-01 02:00:00+00:00")
    ]
    assert problems(rows) == {
        3: [("since", "occurred_at must not be empty")],
        4: [("since", "this is no time: 2026-03-01 10:00 is one")],
        5: [("since", "there is no such day or time")],
    }


def test_amounts_have_a_currency(file: Path) -> None:
    file.write_text('email,requested_amount,currency\na@x.cn,"12,500.50",usd\nb@x.cn,7,\nc@x.cn,,\nd@x.cn,1k,EUR\n')
    rows = read(file)
    assert [str(command.requested_amount and command.requested_amount.amount) for command in captures(rows[:1])] == [
        "12500.50"
    ]
    assert problems(rows) == {
        3: [("requested_amount", "an amount needs a currency, and there is none")],
        5: [("requested_amount", "this is no number: 12500.00 is one")],
    }


def test_fields_of_the_company_s_own_have_the_catalog_s_types(file: Path) -> None:
    fields = (
        CustomField(name="seats", type="integer"),
        CustomField(name="vip", type="boolean"),
        CustomField(name="branch", type="text"),
    )
    catalog = Catalog(catalog_id=LEAD_FIELDS, number=1, fields=fields)
    file.write_text("email,custom/seats,V.I.P.\na@x.cn,12,是\nb@x.cn,,no\nc@x.cn,many,perhaps\n")
    text = "columns: {custom/vip: V.I.P.}\nvalues: {custom/branch: north}"
    layout = typed(laid_out(file, mapped(file, text), None, LONGEST), catalog)
    rows = read(file, layout)
    assert [command.custom for command in captures(rows[:2])] == [
        {"branch": "north", "seats": 12, "vip": True},
        {"branch": "north", "vip": False},
    ]
    assert [column for column, _ in problems(rows)[4]] == ["custom/seats", "V.I.P."]
    with pytest.raises(Failure, match="lead-fields has no field 'vip'"):
        typed(layout, Catalog(catalog_id=LEAD_FIELDS, number=1, fields=fields[:1]))


def test_what_a_rule_complains_of_has_its_column_too(file: Path) -> None:
    file.write_text("email,Art\na@x.cn,x\n")
    layout = laid_out(file, mapped(file, "columns: {kind: Art}"), None, LONGEST)
    assert (layout.column("/data/kind"), layout.column("/data/identities/0/value")) == ("Art", "email")
    assert (layout.column("/data/name"), layout.column("")) == (None, None)
    (row,) = read(file, layout)
    told = layout.with_columns(json.loads(row.problem))
    assert [each["column"] for each in told["problem"]["errors"]] == ["Art"]
