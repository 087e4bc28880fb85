"""What a field may be is what the rule of its command goes by: a catalog of the company's."""

from typing import get_type_hints

from api.body import forms
from api.web.choosing import CHOSEN, chosen, named
from api.web.fields import fields
from commands import DECIDERS
from domain.catalog import LEAD_FIELDS, Catalog

FORMS = forms(DECIDERS)


def test_each_rule_that_goes_by_a_catalog_has_one_field_that_is_chosen_from_it() -> None:
    for form in FORMS.values():
        rule = form.decider.rules[form.takes]
        read = {str(each({})) for name, each in rule.where.items() if Catalog in rule.needs[name].types}
        assert {*chosen(form).values()} == read - {LEAD_FIELDS}, form.name
        assert chosen(form).keys() <= get_type_hints(form.takes).keys() & CHOSEN


def test_a_field_is_chosen_by_what_its_code_is_called_in_the_reader_s_language() -> None:
    entries = [{"code": "price", "zh": "价格太高", "en": "Too expensive"}, {"code": "other", "zh": "", "en": ""}]
    [reason, _] = named(fields(FORMS["LoseLead"]), {"reason": entries}, "zh")
    assert (reason.kind, reason.choices) == ("choice", ("price", "other"))
    assert reason.names == {"price": "价格太高", "other": "other"}


def test_what_no_catalog_says_anything_of_is_written_as_it_is() -> None:
    asked = fields(FORMS["LoseLead"])
    assert named(asked, {}, "zh") == asked
