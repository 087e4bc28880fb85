"""Every rule, state and figure lies in an area whose specs are tried against changes of it."""

from tests.mutation import AREAS, BESIDE, ROOT


def test_every_module_is_tried() -> None:
    tried = [ROOT / module for area in AREAS for module in area.modules] + [ROOT / module for module in BESIDE]
    modules = [each for folder in ("domain", "commands") for each in (ROOT / folder).rglob("*.py")]
    left_out = [each for each in modules if each.name != "__init__.py" and not {each, *each.parents} & {*tried}]
    assert left_out == []


def test_what_is_to_be_tried_is_there() -> None:
    assert [path for area in AREAS for path in (*area.modules, *area.specs) if not (ROOT / path).exists()] == []
