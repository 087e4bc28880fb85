"""A trace is in the order of what happened, whenever it was recorded, and texts are XML whatever they hold."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from lxml import etree

from consumers.export.check import faults
from consumers.export.told import Entry
from consumers.export.xes import NAMESPACE, Steps, write

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def entry(position: int, day: int, code: str = "phone") -> Entry:
    return Entry(
        position=position,
        type="lead.touch-recorded",
        at=DAY + timedelta(days=day),
        resource="staff-1",
        attributes={"position": position, "channel": code},
        objects=[("lead-1", "lead", "lead")],
        stated=[],
        related=[],
    )


def log(folder: Path, *entries: Entry) -> Path:
    path = folder / "log.xes"
    with Steps(folder / "steps", "lead") as steps:
        steps.add(entries)
        told = StringIO()
        assert write(told, "lead", steps.traces()) == 1
    path.write_text(told.getvalue(), encoding="utf-8")
    assert list(faults(path, DAY + timedelta(days=10))) == []
    return path


def told(path: Path, key: str) -> list[str | None]:
    return [each.get("value") for each in etree.parse(path).iter(f"{{{NAMESPACE}}}*") if each.get("key") == key]


def test_what_is_recorded_later_stands_where_it_happened_and_ties_as_they_were_recorded(tmp_path: Path) -> None:
    path = log(tmp_path, entry(1, 3), entry(2, 1), entry(9, 2), entry(10, 2))
    assert told(path, "position") == ["2", "9", "10", "1"]


def test_no_text_breaks_the_document(tmp_path: Path) -> None:
    path = log(tmp_path, entry(1, 1, "<&>\"'\n\t]]>"), entry(2, 2, "\x00\ufffe\ud800 电话"))
    assert told(path, "channel") == ["<&>\"'\n\t]]>", "��� 电话"]
