"""What those who mine the data call a customer: tags of the catalog, put on and taken off run after run."""

from typing import Any

import pytest

from commands.customer.relations import ApplyTag, RemoveTag
from consumers.inbound.channel import NotYet
from consumers.inbound.tags import bigdata_tags
from domain.catalog import TAGS, CatalogPublished, Entry
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import TagApplied, TagRemoved
from domain.errors import Invalid, NotNow
from tests.commands.customer.situations import LI, OTHER, created, other_created
from tests.consumers.inbound.heard import Hearing, changed, without
from tests.spec import day

offered = CatalogPublished(catalog_id=TAGS, number=1, entries=(Entry(code="vip"), Entry(code="pianist")))
known = (offered, *created)


def run(number: int, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {
        "run": f"run-{number}",
        "model": "taste",
        "customer_id": str(LI),
        "computed_at": f"2026-04-0{number}T03:00:00Z",
    }
    return {**told, "changes": list(changes), **more}


def add(tag: str, **more: Any) -> dict[str, Any]:
    return {"op": "add", "tag": tag, **more}


def remove(tag: str) -> dict[str, Any]:
    return {"op": "remove", "tag": tag}


def applied(tag: str, source: str = "taste") -> TagApplied:
    return TagApplied(customer_id=LI, tag=tag, source=source)


def tags(hearing: Hearing) -> dict[str, str]:
    return dict(hearing.state(f"customer/{LI}").dossier.tags)


def test_all_that_a_run_has_found_of_a_customer_comes_in_one_message() -> None:
    hearing = Hearing(bigdata_tags, *known, applied("vip"))
    message = run(1, add("pianist", confidence=0.93), remove("vip"))
    assert [(each.command, each.occurred_at) for each in hearing.wanted(message)] == [
        (ApplyTag(customer_id=LI, tag="pianist", source="taste"), day(4, 1, hour=11)),
        (RemoveTag(customer_id=LI, tag="vip", source="taste"), day(4, 1, hour=11)),
    ]
    assert hearing.hear(message) == [applied("pianist"), TagRemoved(customer_id=LI, tag="vip", source="taste")]
    assert tags(hearing) == {"pianist": "taste"}


def test_told_twice_it_happens_once_even_when_it_has_been_taken_off_since() -> None:
    hearing = Hearing(bigdata_tags, *known)
    hearing.hear(run(1, add("vip")))
    assert hearing.hear(run(1, add("vip"))) == []
    assert hearing.hear(run(2, add("vip"))) == []
    hearing.hear(run(3, remove("vip")))
    assert hearing.hear(run(1, add("vip"))) == []
    assert tags(hearing) == {}
    assert not hearing.refusals


def test_another_run_that_says_the_same_is_another_message_and_another_customers_too() -> None:
    hearing = Hearing(bigdata_tags, *known, *other_created)
    hearing.hear(run(1, add("vip")))
    hearing.hear(run(2, remove("vip")))
    assert hearing.hear(run(3, add("vip"))) == [applied("vip")]
    assert hearing.hear(run(1, add("vip"), customer_id=str(OTHER)))


def test_what_the_catalog_does_not_offer_is_refused_and_stops_nothing_else() -> None:
    hearing = Hearing(bigdata_tags, *known)
    assert hearing.hear(run(1, add("martian"), remove("vip"), add("pianist"))) == [applied("pianist")]
    assert [type(no) for no in hearing.refusals] == [Invalid, Invalid]


def test_added_and_taken_off_in_one_message_it_is_off() -> None:
    hearing = Hearing(bigdata_tags, *known)
    hearing.hear(run(1, add("vip"), add("vip"), remove("vip")))
    assert tags(hearing) == {}


def test_nothing_found_is_nothing_said() -> None:
    assert Hearing(bigdata_tags, *known).hear(run(1)) == []


def test_who_has_become_another_is_meant_as_that_one_and_keeps_his_place_in_the_order() -> None:
    gone = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="prospect")
    hearing = Hearing(bigdata_tags, *known, *other_created, gone)
    assert hearing.hear(run(1, add("vip"))) == [TagApplied(customer_id=OTHER, tag="vip", source="taste")]
    assert bigdata_tags.order is not None
    assert bigdata_tags.order(hearing.reads.validate_python(run(1))) == str(LI)


def test_of_whom_nothing_is_known_is_waited_for_and_who_is_forgotten_is_called_nothing() -> None:
    with pytest.raises(NotYet):
        Hearing(bigdata_tags, offered).hear(run(1, add("vip")))
    hearing = Hearing(bigdata_tags, *known, PersonalDataErased(customer_id=LI, from_="prospect"))
    assert hearing.hear(run(1, add("vip"))) == []
    assert [type(no) for no in hearing.refusals] == [NotNow]


@pytest.mark.parametrize("confidence", [0.5, 1, "0.5", "high", None])
def test_how_sure_the_model_is_decides_nothing(confidence: object) -> None:
    hearing = Hearing(bigdata_tags, *known)
    message = run(1, add("vip", confidence=confidence, expires_at="2026-01-01T00:00:00Z", cohort="b"), trace="t")
    assert hearing.hear(message) == [applied("vip")]
    silent = run(2, add("pianist", expires_at=""))
    assert hearing.hear(silent) == [applied("pianist")]


whole = run(1, add("vip"))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (without(whole, "run"), "run"),
        (changed(whole, "", "run"), "run"),
        (changed(whole, "the taste model", "model"), "model"),
        (changed(whole, "u-77", "customer_id"), "customer_id"),
        (changed(whole, None, "customer_id"), "customer_id"),
        (changed(whole, "2026-04-01T03:00:00", "computed_at"), "computed_at"),
        (without(whole, "changes"), "changes"),
        (changed(whole, [add("vip")] * 101, "changes"), "changes"),
        (changed(whole, [{"op": "ponder", "tag": "vip"}], "changes"), "changes.0.op"),
        (changed(whole, [add("vip"), {"op": "add"}], "changes"), "changes.1.tag"),
        (changed(whole, [add("very important")], "changes"), "changes.0.tag"),
        (changed(whole, [add("vip", expires_at="2026-04-01")], "changes"), "changes.0.expires_at"),
    ],
)
def test_what_cannot_be_read_says_which_field(message: dict[str, Any], field: str) -> None:
    assert Hearing(bigdata_tags).wrong(message) == {field}
