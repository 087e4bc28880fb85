"""Lines become history: in their order, once, and what is rejected is told with its reason."""

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.embedded import EmbeddedPostgres
from ledger.migrations import migrate
from tests.cli.bringing import Line, all_of_it, asked, brought, captured, counts, lead, told, write
from tests.cli.running import environment, lifeledger, on, running
from tests.servers import new_home

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.ndjson"


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "rejects.ndjson"


def test_lines_come_in_their_order_and_once(file: Path, rejects: Path, database_url: str) -> None:
    several = [captured(number) for number in range(300)]
    then = [told("ContactLead", number) for number in reversed(range(300))]
    write(file, *several, *then, told("ContactLead", 7))
    said = brought(file, database_url)
    assert said.code == 0
    assert counts(said) == {"accepted": 601, "repeats": 1}
    assert said.document["lines"] == 601
    assert said.document["rejects"] is None
    assert not rejects.exists()
    streams = asked(
        database_url,
        "SELECT stream, imported, actor_id FROM ledger.events WHERE stream LIKE 'lead/%' ORDER BY position",
    )
    assert [stream for stream, *_ in streams] == [f"lead/{each['data']['lead_id']}" for each in (*several, *then)] + [
        f"lead/{lead(7)}"
    ]
    assert {(imported, actor) for _, imported, actor in streams} == {(True, "ann")}
    before = all_of_it(database_url)
    again = brought(file, database_url)
    assert (again.code, counts(again)) == (0, {"already_there": 601})
    assert all_of_it(database_url) == before


def test_who_holds_a_lead_may_be_told_again_and_that_is_counted(file: Path, tmp_path: Path, database_url: str) -> None:
    company = tmp_path / "company.yaml"
    company.write_text("teams: [north]\npools: [{id: north, name: North, members: [north]}]")
    assert lifeledger("setup", company, env=on(database_url)).code == 0
    pooled, taken = told("PoolLead", 1, pool_id="north", reason="new"), told("AssignLead", 1, owner="ann")
    write(file, captured(1), pooled, taken, taken, told("TransferLead", 1, to="bob"), told("TransferLead", 1, to="bob"))
    assert counts(brought(file, database_url)) == {"accepted": 6, "repeats": 2}


def test_equal_lines_are_several_and_stay_so(file: Path, database_url: str) -> None:
    touch = told("RecordTouch", 1, channel="call")
    write(file, captured(1), touch, touch, touch)
    assert counts(brought(file, database_url)) == {"accepted": 4}
    write(file, captured(1), touch, touch, touch, touch)
    assert counts(brought(file, database_url)) == {"accepted": 1, "already_there": 4}


def test_one_message_is_one_command_wherever_it_stands(file: Path, database_url: str) -> None:
    source = {"source": {"system": "crm", "message_id": "m-1"}}
    other = told("RecordTouch", 1, channel="visit")
    write(file, captured(1), other | source, other, other | source, *[other] * 600, other | source)
    said = brought(file, database_url)
    assert counts(said) == {"accepted": 603, "already_there": 2}
    write(file, told("RecordTouch", 1, channel="another") | source)
    said = brought(file, database_url)
    assert (said.code, counts(said)) == (1, {"refused": 1})


def test_what_is_rejected_is_kept_with_its_reason_and_the_rest_comes_in(
    file: Path, rejects: Path, database_url: str
) -> None:
    wrong: list[Line | bytes | str] = [
        "{not json",
        b'{"command": "\xff"}',
        told("PaintLead", 1),
        told("ContactLead", 1, colour="red"),
        told("RecordTouch", 1, channel="a\0b"),
        told("ContactLead", 99),
        captured(1),
        told("ConvertLead", 1, customer_id=lead(5)),
        "x" * 3_000_000,
        '{"a":' * 100_000,
        told("ContactLead", 1) | {"actr": {}},
        told("ContactLead", 1) | {"occurred_at": "2025-03-01T10:00:00"},
        told("ContactLead", 1) | {"occurred_at": "2125-03-01T10:00:00Z"},
    ]
    write(file, b"\xef\xbb\xbf" + json.dumps(captured(1)).encode(), "", *wrong, "  ", told("ContactLead", 1))
    said = brought(file, database_url)
    assert said.code == 1
    assert counts(said) == {"accepted": 2, "refused": 4, "invalid": 9}
    assert said.err.strip() == json.dumps({"error": "13 lines are not in: rejects.ndjson has each, and why"})
    found = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [each["line"] for each in found] == list(range(3, 16))
    kinds = [each["problem"]["type"].removeprefix("/problems/") for each in found]
    assert kinds == [
        "malformed-json",
        "malformed-json",
        "unknown-command",
        "invalid-request",
        "invalid-request",
        "hidden",
        "not-now",
        "not-now",
        "body-too-large",
        "nested-too-deeply",
        "invalid-request",
        "invalid-request",
        "invalid",
    ]
    assert found[2]["text"] == json.dumps(wrong[2])
    assert [each["pointer"] for each in found[3]["problem"]["errors"]] == ["/data/colour"]
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    before = all_of_it(database_url)
    again = brought(file, database_url)
    assert counts(again) == {"already_there": 2, "refused": 4, "invalid": 9}
    assert all_of_it(database_url) == before
    assert [json.loads(line)["problem"]["type"] for line in rejects.read_text().splitlines()] == [
        each["problem"]["type"] for each in found
    ]


def test_the_standard_input_is_a_file_too(file: Path, database_url: str) -> None:
    write(file, captured(1), told("ContactLead", 1))
    text = file.read_bytes().removesuffix(b"\n")
    said = lifeledger("import", "-", env=on(database_url), given=text, at=file.parent)
    assert said.code == 0
    assert "2 accepted, 0 already there, 0 refused, 0 invalid, 0 failed" in said.out


def test_a_file_with_nothing_in_it_is_imported_at_once(file: Path, database_url: str) -> None:
    file.touch()
    assert brought(file, database_url).document["lines"] == 0


def test_a_second_key_is_told_apart_before_anything_is_written(file: Path, database_url: str) -> None:
    write(file, captured(1))
    brought(file, database_url)
    other = "A" * 43 + "="
    said = lifeledger("import", file, env=on(database_url) | {"LIFELEDGER_MASTER_KEY": other})
    assert said.code == 1
    assert "was not wrapped by this master key" in said.err


def test_what_cannot_be_begun_is_told(file: Path, tmp_path: Path, postgres: Any) -> None:
    said = lifeledger("import", tmp_path / "missing.ndjson")
    assert said.code == 2
    assert "missing.ndjson" in said.err
    write(file, captured(1))
    said = lifeledger("import", file, "--rejects", file)
    assert said.code == 2
    assert file.stat().st_size > 0
    postgres.create_database("bare")
    try:
        said = lifeledger("import", file, env=on(postgres.url("bare")))
    finally:
        postgres.drop_database("bare")
    assert said.code == 1
    assert "the database lacks migration 1" in said.err


def test_where_rejects_go_is_tried_before_anything_is_imported(file: Path, tmp_path: Path, database_url: str) -> None:
    write(file, captured(1), "{not json")
    kept = tmp_path / "kept.ndjson"
    kept.touch()
    for place in ("/nope/x", tmp_path, kept / "x", "x" * 300):
        said = brought(file, database_url, "--rejects", place)
        assert said.code == 2
        assert json.loads(said.err)["error"].startswith(f"--rejects {place}: ")
    assert asked(database_url, "SELECT count(*) FROM ledger.commands") == [(0,)]
    kept.write_text("of an earlier import")
    write(file, captured(1))
    assert brought(file, database_url, "--rejects", kept).code == 0
    assert kept.read_text() == "of an earlier import"


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


def test_nothing_has_to_be_set_up_for_a_first_import(file: Path, home: Path) -> None:
    write(file, captured(1))
    said = lifeledger("import", file, "--json", env=environment(LIFELEDGER_HOME=str(home)))
    assert counts(said) == {"accepted": 1}
    assert (home / "master.key").exists()


def test_an_import_that_is_broken_off_is_gone_on_with(file: Path, database_url: str) -> None:
    write(file, *(captured(number) for number in range(5_000)))
    question = "SELECT count(*) FROM ledger.commands"
    with running("import", file, "--json", env=on(database_url)) as process:
        while asked(database_url, question)[0][0] < 500:
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = asked(database_url, question)[0][0]
    again = counts(brought(file, database_url))
    assert again["already_there"] >= done > 0
    assert again["already_there"] + again["accepted"] == 5_000
    order = asked(database_url, "SELECT stream FROM ledger.events WHERE type = 'lead.captured' ORDER BY position")
    assert [stream for (stream,) in order] == [f"lead/{lead(number)}" for number in range(5_000)]


@pytest.mark.faults
def test_an_import_outlives_its_database(file: Path, own_postgres: EmbeddedPostgres) -> None:
    number = 5_000
    write(file, *map(captured, range(number)))
    migrate(own_postgres.url())
    with running("import", file, "--json", env=on(own_postgres.url())) as process:
        for least in (500, 2_000):
            while asked(own_postgres.url(), "SELECT count(*) FROM ledger.commands")[0][0] < least:
                assert process.poll() is None
            os.kill(own_postgres.pid, signal.SIGKILL)
            own_postgres.restart()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["accepted"] + json.loads(out)["already_there"] == number
    order = asked(own_postgres.url(), "SELECT stream FROM ledger.events WHERE type = 'lead.captured' ORDER BY position")
    assert [stream for (stream,) in order] == [f"lead/{lead(each)}" for each in range(number)]
