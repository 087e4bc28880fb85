import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import Catalog, CustomField, CustomValue, FieldType, checked, chosen, fits
from domain.errors import Invalid
from domain.values import CatalogId

FIELDS = CatalogId("lead-fields")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["", "a", "价格"], [1, True]),
        ("integer", [0, -1, 10**9], ["1", True, False]),
        ("decimal", ["1", "-1.50", "1E+3"], [1, True, "", "one", "NaN", "Infinity", "1,5"]),
        ("boolean", [True, False], [0, 1, "true"]),
        ("date", ["2026-03-25"], ["2026-02-30", "25.3.2026", "", 20260325, True]),
        ("choice", ["small"], ["huge", "", 1, True]),
    ],
)
def test_a_value_has_the_type_of_its_field(kind: FieldType, good: list[CustomValue], bad: list[CustomValue]) -> None:
    field = CustomField(name="it", type=kind, choices=("small",) if kind == "choice" else ())
    for value in good:
        assert fits(field, value), value
    for value in bad:
        assert not fits(field, value), value


@given(
    st.sampled_from(["text", "integer", "decimal", "boolean", "date", "choice"]),
    st.one_of(st.text(), st.integers(), st.booleans()),
)
def test_any_value_fits_or_does_not(kind: FieldType, value: CustomValue) -> None:
    assert fits(CustomField(name="it", type=kind, choices=("small",)), value) in {True, False}


def test_personal_fields_are_kept_apart() -> None:
    catalog = Catalog(
        catalog_id=FIELDS,
        fields=(CustomField(name="size", type="text"), CustomField(name="birthday", type="date", personal=True)),
    )
    assert checked(catalog, {"size": "s", "birthday": "1990-01-01"}) == ({"size": "s"}, {"birthday": "1990-01-01"})
    assert checked(catalog, {}) == ({}, {})


def test_what_is_wrong_is_named_by_its_field_and_not_by_its_value() -> None:
    catalog = Catalog(catalog_id=FIELDS, fields=(CustomField(name="birthday", type="date", personal=True),))
    with pytest.raises(Invalid) as no:
        checked(catalog, {"birthday": "Li Na's"})
    assert str(no.value) == "custom/birthday: this is no date"


def test_from_an_unpublished_catalog_nothing_can_be_chosen() -> None:
    with pytest.raises(Invalid, match="nothing yet: publish the catalog"):
        chosen(Catalog(catalog_id=CatalogId("sources")), "fair", "source")
