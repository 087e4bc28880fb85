"""Whatever is wrong with a company's file is told at once, each fault with its line, and nothing is guessed."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from api.cli.company import Capacity, parts_of
from api.cli.outline import every_fault, put
from api.cli.say import Failure
from tests.cli.company import COMPANY, outline


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "company.yaml"


def faults(file: Path, text: str) -> list[str]:
    with pytest.raises(Failure) as refused:
        outline(file, text)
    return str(refused.value).replace(f"{file}:", "").splitlines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [" is empty"]),
        ("teams: [a\nstaff: b", ["2: this is no YAML"]),
        ("teams: north", ["1: teams: this should be a list"]),
        ("- a\n- b", ["1: the file: this should be fields and their values"]),
        ("team: [north]", ["1: team: there is no such field"]),
        ("teams: [a]\nteams: [b]", ["2: teams stands there twice"]),
        ("pools:\n  - id: a\n    name: A\n    members: []\n    id: b", ["5: id stands there twice"]),
        ("staff:\n  - name: Ann", ["2: staff/1/id: this is missing"]),
        (COMPANY.replace("sales_manager", "boss"), ["6: staff/2/role: 'boss' is none of sales, sales_manager, "]),
        (COMPANY.replace("sales_manager", "policy"), ["6: staff/2/role: policy is a role of machines; people have "]),
        (COMPANY.replace("team: north/harbour", "team: harbour"), ["3: staff/1/team: 'harbour' is not among"]),
        (COMPANY.replace("[north]", "[nord]"), ["12: pools/1/members/1: 'nord' is not among the teams; north is one"]),
        (COMPANY.replace("id: bob", "id: ann"), ["4: staff/2/id: ann stands there twice"]),
        (COMPANY.replace("id: bob", "id: 7"), ["4: staff/2/id: this should be text: put it in quotes"]),
        (COMPANY.replace("protection_days: 7", "protection_days: soon"), ["13: pools/1/terms/protection_days: "]),
        (COMPANY.replace("protection_days: 7", "protected_days: 7"), ["13: pools/1/terms/protected_days: there is no"]),
        ("catalogs: !!python/object:os.system []", ["1: this is no YAML: could not determine a constructor"]),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, told: list[str], file: Path) -> None:
    found = faults(file, text)
    assert len(found) >= len(told)
    for each, wanted in zip(found, told, strict=False):
        assert wanted in each


GROUPS = """\
groups:
  - id: open
    name: Open
    question: {view: sales, first: 3, sort: score}
  - id: late
    name: Late
    question:
      view: sales_worklist
      conditions:
        - {column: colour, text: red}
        - {column: status, text: new}
        - {column: captured_at, operator: ge, text: junk}
"""


def test_a_group_that_no_view_could_answer_is_told_with_its_line(file: Path) -> None:
    told = faults(file, GROUPS)
    for each, wanted in zip(
        told,
        [
            "4: groups/1/question/view: 'sales' is none of the views that a group can ask: sales_worklist, ",
            "10: groups/2/question/conditions/1/column: sales_worklist is filtered by ",
            "12: groups/2/question/conditions/3/text: a date is written as ",
        ],
        strict=True,
    ):
        assert each.startswith(wanted)


EVERYTHING = """\
teams: [north, "south//x"]
teams: [north, "south//x", 7]
staff:
  - {id: a b, name: " ", role: boss, team: nord, capacity: {held: -1}, shoe_size: 43}
  - {id: bob, name: Bob, role: policy, team: north, capacity: {held: -1, daily_claims: 10000000}}
  - {id: bob, name: Bert, role: sales, team: north, skills: [7, car]}
  - Zoe
pools:
  - id: north
    name: ""
    members: [north, west]
    terms: {time_zone: Mars/X, holding_cap: -4, protection_days: soon}
  - id: north
    members: [north]
    name: North
catalogs:
  - id: lead-fields
    fields:
      - {name: size, type: choice}
      - {name: size, type: colour}
      - {name: note, type: text, choices: [a]}
      - {type: text}
  - id: lost-reasons
    entries:
      - {code: price}
      - {code: " "}
      - {code: price}
      - {code: price, de: Preis}
holidays: []
"""


def test_every_fault_is_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    an_id = "an id has no blanks, slashes or control characters"
    a_path = "an organisation is a path of names, as in north/team-1"
    people = (
        "sales, sales_manager, partner, inspector, quality_manager, credit_controller, service_agent, service_manager,"
        " analyst, auditor, operations"
    )
    text = "this should be text: put it in quotes"
    a_limit = "a limit is 0 to 1000000"
    a_choice = "a choice, and only a choice, names its choices"
    told = faults(file, EVERYTHING)
    assert told == sorted(told, key=lambda each: int(each.split(":")[0]))
    assert sorted(told) == sorted(
        [
            "2: teams stands there twice",
            f"2: teams/3: {text}",
            f"2: teams/2: {a_path}",
            "4: staff/1/team: 'nord' is not among the teams; north is one",
            "4: staff/1/capacity/daily_claims: this is missing",
            "4: staff/1/shoe_size: there is no such field",
            f"4: staff/1/id: {an_id}",
            "4: staff/1/name: this must not be blank",
            f"4: staff/1/role: 'boss' is none of {people}, administrator",
            f"4: staff/1/capacity/held: {a_limit}",
            f"5: staff/2/role: policy is a role of machines; people have one of {people}, administrator",
            f"5: staff/2/capacity/held: {a_limit}",
            f"5: staff/2/capacity/daily_claims: {a_limit}",
            "6: staff/3/id: bob stands there twice",
            f"6: staff/3/skills/1: {text}",
            "7: staff/4: this should be fields and their values",
            "10: pools/1/name: this must not be blank",
            "11: pools/1/members/2: 'west' is not among the teams: north, south//x",
            "12: pools/1/terms/time_zone: 'Mars/X' is no IANA time zone",
            "12: pools/1/terms/holding_cap: this is 0 to 1000000",
            "12: pools/1/terms/protection_days: this should be a whole number, without quotes",
            "13: pools/2/id: north stands there twice",
            f"19: catalogs/1/fields/1: {a_choice}",
            "20: catalogs/1/fields/2/name: size stands there twice",
            "20: catalogs/1/fields/2/type: Input should be 'text', 'integer', 'decimal', 'boolean', 'date' or 'choice'",
            f"21: catalogs/1/fields/3: {a_choice}",
            "22: catalogs/1/fields/4/name: this is missing",
            "26: catalogs/2/entries/2/code: this must not be blank",
            "27: catalogs/2/entries/3/code: price stands there twice",
            "28: catalogs/2/entries/4/code: price stands there twice",
            "28: catalogs/2/entries/4/de: there is no such field",
            "29: holidays: there is no such field",
        ]
    )


def test_what_is_wrong_with_the_teams_is_not_told_again_of_everybody(file: Path) -> None:
    assert faults(file, COMPANY.replace("[north, north/harbour, south]", "north")) == [
        "1: teams: this should be a list"
    ]
    assert len(faults(file, COMPANY.replace("teams: [north, north/harbour, south]\n", ""))) == 3


@pytest.mark.parametrize("text", ["staff: &all [*all]", "staff: &all {id: *all}", "1: {2: 3}", "teams: [[[]]]", "7"])
def test_a_file_that_is_no_company_at_all_is_told_so(text: str, file: Path) -> None:
    assert faults(file, text)


def test_a_part_that_stands_in_several_places_is_mended_in_all_of_them(file: Path) -> None:
    several = """\
teams: [north]
staff:
  - {id: ann, name: Ann, role: sales, team: north, capacity: &few {held: -1, daily_claims: -1}}
  - {id: bob, name: Bob, role: sales, team: north, capacity: *few}
"""
    assert len(faults(file, several)) == 4


def test_text_stays_text(file: Path) -> None:
    """In YAML 1.1 these are a truth, a number of minutes, an octal number and a date."""
    found = outline(file, "teams: [no, 12:30, 007, 2026-03-02, on, 1_000]").value
    assert found.teams == ("no", "12:30", "007", "2026-03-02", "on", "1_000")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("held: 50", "held: true", "3: staff/1/capacity/held: this should be a whole number, without quotes"),
        ("held: 50", "held: 50.0", "3: staff/1/capacity/held: this should be a whole number, without quotes"),
        ("claims: 5", "claims: '5'", "3: staff/1/capacity/daily_claims: this should be a whole number, without quotes"),
        ("available: false", "available: no", "8: staff/2/available: this should be true or false, without quotes"),
        ("available: false", "available: 0", "8: staff/2/available: this should be true or false, without quotes"),
        ("name: North", "name: 7", "11: pools/1/name: this should be text: put it in quotes"),
    ],
)
def test_nothing_is_converted(before: str, after: str, told: str, file: Path) -> None:
    assert faults(file, COMPANY.replace(before, after)) == [told]


def test_a_number_and_a_truth_are_what_they_look_like(file: Path) -> None:
    bob = "{id: bob, name: '7', role: sales, team: north, capacity: {held: 7, daily_claims: 0}, available: true}"
    (person,) = outline(file, f"teams: [north]\nstaff: [{bob}]").value.staff
    assert (person.name, person.capacity, person.available) == ("7", Capacity(held=7, daily_claims=0), True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("teams: [north]\nstaff:\n  - id: {{ me }}", "3: this is no YAML: found unhashable key"),
        ("teams: [north]\n? [a, b]\n: c", "2: this is no YAML: found unhashable key"),
        ("teams:\n  - !!timestamp 2026-03-02", "2: this is no YAML: could not determine a constructor for the tag"),
        ("teams: [north]\nstaff: &all\n  - *all", "2: this stands within itself"),
        ("teams:\n  " + "[" * 101 + "]" * 101, "2: this is nested too deeply"),
        ("teams: " + "[" * 9_000 + "]" * 9_000, " this is nested too deeply"),
        ('teams:\n  - "\\ud800"', "2: this has half of a character"),
        ("teams: [!!int north]", " this is no YAML: invalid literal"),
        ("teams: [!!bool north]", " this is no YAML: 'north'"),
    ],
)
def test_what_yaml_can_have_and_no_company_is_told_and_no_more(text: str, told: str, file: Path) -> None:
    (found,) = faults(file, text)
    assert found.startswith(told)


def test_a_member_that_is_no_path_is_told_in_its_place_every_time(file: Path) -> None:
    """Beside it, what another rule says of the whole list: both are mended, the inner one first."""
    a_path = "an organisation is a path of names, as in north/team-1"
    unknown = "'north/' is not among the teams; north is one"
    for members, nth in (("[north/]", 1), ("[south, north/]", 2)):
        assert sorted(faults(file, COMPANY.replace("[north]", members))) == sorted(
            [f"12: pools/1/members/{nth}: {a_path}", f"12: pools/1/members/{nth}: {unknown}"]
        )


def test_a_part_is_mended_before_what_it_is_in() -> None:
    """What stands in for the whole has parts of its own, or none."""
    data = {name: [name] for name in "abcdefgh"}
    told = [fault for name in data for fault in [((name,), "these are too many"), ((name, 0), "this is none")]]
    found = every_fault(
        data,
        TypeAdapter(dict[str, list[str]]),
        lambda value, _: told if value["a"] == ["a"] else (),
        lambda path: ["all"] if len(path) == 1 else "one",
    )
    assert list(found) == told
    assert data == {name: ["all"] for name in "abcdefgh"}


def test_a_place_that_is_not_there_is_left_so() -> None:
    data = {"members": list[str]()}
    for path in (("members", 0), ("members", 0, "id"), ("staff", 0)):
        put(data, path, "north")
    assert data == {"members": []}


def test_what_is_not_utf_8_is_told(file: Path) -> None:
    file.write_bytes(b"teams: [\xff]")
    with pytest.raises(Failure, match="is no YAML"):
        parts_of(file)
