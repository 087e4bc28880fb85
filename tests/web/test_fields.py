"""A command is a form by its own shape, and what is filled in is its JSON."""

from zoneinfo import ZoneInfo

from api.body import forms
from api.web.fields import Field, body, fields, kinds_within, local
from commands import DECIDERS

FORMS = forms(DECIDERS)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shape(command: str) -> dict[str, tuple[str, bool]]:
    return {each.name: (each.kind, each.required) for each in fields(FORMS[command])}


def test_each_kind_of_value_has_its_kind_of_field() -> None:
    assert shape("QualifyLead") == {
        "amount.amount": ("figure", True),
        "amount.currency": ("choice", True),
        "probability": ("number", False),
        "close_date": ("day", False),
        "customer_id": ("text", False),
    }
    assert shape("AddCollaborator") == {
        "staff_id": ("person", True),
        "access": ("choice", True),
        "until": ("time", False),
    }
    assert shape("LogFollowUp")["effective"] == ("yes", False), "a box that is left empty says no"


def test_whom_it_is_for_stands_in_the_address_and_not_in_the_form() -> None:
    assert fields(FORMS["ClaimLead"]) == []


def test_what_is_filled_in_becomes_what_the_command_says() -> None:
    given = {"amount.amount": "1200.50", "amount.currency": "CNY", "probability": " 40 ", "close_date": "2026-05-01"}
    assert body(fields(FORMS["QualifyLead"]), given | {"customer_id": ""}, SHANGHAI) == {
        "amount": {"amount": "1200.50", "currency": "CNY"},
        "probability": 40,
        "close_date": "2026-05-01",
    }


def test_a_time_is_one_of_the_house() -> None:
    found = body(fields(FORMS["NurtureLead"]), {"revisit_at": "2026-05-01T09:30"}, SHANGHAI)
    assert found == {"revisit_at": "2026-05-01T09:30:00+08:00"}
    assert local("2026-05-01T01:30:00Z", SHANGHAI) == "2026-05-01T09:30"


def test_a_box_says_yes_or_no() -> None:
    asked = fields(FORMS["LogFollowUp"])
    assert body(asked, {"channel": "phone", "effective": "on"}, SHANGHAI)["effective"] is True
    assert body(asked, {"channel": "phone"}, SHANGHAI)["effective"] is False


def test_names_with_numbers_make_sequences() -> None:
    given = {"items.0.code": "greeting", "items.0.attainment": "1", "items.1.code": "close", "items.10.code": "last"}
    found = body(fields(FORMS["SubmitReview"]), given, SHANGHAI)
    assert found == {"items": [{"code": "greeting", "attainment": "1"}, {"code": "close"}, {"code": "last"}]}


def test_what_stands_in_a_sequence_is_what_it_should_be() -> None:
    draft, submit = FORMS["DraftScorecard"], FORMS["SubmitReview"]
    given = {"items.0.code": "honesty", "items.0.weight": "0", "items.0.auto_fail": "on", "items.0.zh": "诚实"}
    assert body(fields(draft), given, SHANGHAI, kinds_within(draft.takes)) == {
        "items": [{"code": "honesty", "weight": "0", "auto_fail": True, "zh": "诚实"}]
    }
    marks = {"items.0.code": "offer", "items.0.attainment": "0.5", "items.0.evidence_at": "75", "notes.offer": "迟了"}
    assert body(fields(submit), marks, SHANGHAI, kinds_within(submit.takes)) == {
        "items": [{"code": "offer", "attainment": "0.5", "evidence_at": 75}],
        "notes": {"offer": "迟了"},
    }


def test_what_is_no_value_goes_as_it_is_so_that_the_command_can_say_what_is_wrong() -> None:
    asked = [Field(name="many", kind="number", required=True), Field(name="when", kind="time", required=True)]
    assert body(asked, {"many": "few", "when": "soon"}, SHANGHAI) == {"many": "few", "when": "soon"}
