"""What the trace says has changed is what differs between two states of a subject, and what an event alone says."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from api.changed import Subjects
from api.demo.history import write
from api.differing import compared, leaves
from api.fields import every_path
from api.shown import MASK, state_schema
from api.trace import LARGEST_PAGE, BadQuestion, page, question
from commands import DECIDERS
from commands.decider import Decider
from commands.past import Stood, past, stood
from consumers.at import Moment
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated, CustomerProfileUpdated
from domain.customer.facts.protection import LegalHoldLifted, LegalHoldPlaced
from domain.lead.facts.intake import LeadCorrected
from domain.values import FACT_NAMES, CustomerId, Erased, replace
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.trace import Place
from tests.consumers.telling import tell
from tests.memory import memory_ledger
from tests.projections import leads

pytestmark = pytest.mark.slow  # Six weeks take some seconds.

Change = tuple[str, Any, Any]
"""A field, what it was, and what it is."""

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
DECIDED = {decider.name: decider for decider in DECIDERS}


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    """Six weeks of the demo's house, in which almost everything happens; in memory a look is as long as a ledger."""
    found = memory_ledger()
    write(found, NOON, 6)
    with patch("tests.memory.LOOK", 1_000_000):
        yield found


def traced(ledger: Ledger, *, subjects: Subjects | None = None, limit: int = LARGEST_PAGE, **asked: str) -> list[Any]:
    """All entries, page by page."""
    found: list[Any] = []
    place: Place | None = Place(0)
    while place is not None:
        told = page(ledger, question({"refused": "false"} | asked), place, limit, subjects)
        found += told.entries
        assert told.next is None or told.next > place, "it goes on"
        place = told.next
    return found


@pytest.fixture(scope="module")
def anew(ledger: Ledger) -> list[Any]:
    """All entries of the six weeks, as whoever asks for them without knowing anything is told them."""
    return traced(ledger)


def changes(entry: Mapping[str, Any]) -> list[Change]:
    return [(each["field"], each["from"], each["to"]) for each in entry["changes"]]


# Of everything that has happened


def states(decider: Decider[Any, Any], key: str, history: list[Recorded]) -> list[Stood]:
    """Before the first event, and after each."""
    before = Stood(decider.initial(decider.key(key)), history[:1])
    return [before, *(stood(decider, key, history, each.position) for each in history)]


def names_kept(decider: Decider[Any, Any]) -> set[str]:
    """Of all fields of its states; what stands in a list has none of its own."""
    found: set[str] = set()

    def look(schema: Any) -> None:
        if isinstance(schema, dict):
            found.update(schema.get("properties", ()))
            schema = [each for name, each in schema.items() if name not in {"items", "prefixItems"}]
        if isinstance(schema, list):
            for each in schema:
                look(each)

    for state in decider.states:
        look(state_schema(state))
    return found


def alone(history: list[Recorded], nth: int, untold: set[str]) -> list[Change]:
    """What an event says of fields that are not told otherwise, and what one of its type had said of each before."""
    event = history[nth].event
    found: list[Change] = []
    for each in fields(event)[1:]:
        name = each.name.rstrip("_")
        if name in {"from", "to", "reason", "corrects"} or name not in untold:
            continue
        said = [spoken(earlier.event, each.name) for earlier in history[:nth] if type(earlier.event) is type(event)]
        was = {where: leaf for earlier in said for where, leaf in earlier.items()}
        for where, (raw, shown) in spoken(event, each.name).items():
            before = was.get(where, (None, None))
            if before[0] != raw:
                found.append((f"{history[nth].type}/{where}", before[1], shown))
    return found


def spoken(event: Any, name: str) -> dict[str, tuple[Any, Any]]:
    """The parts of one field that are not left open."""
    name = name.rstrip("_")
    told = leaves(event)
    return {where: leaf for where, leaf in told if where.split("/")[0] == name and leaf[0] is not None}


def expected(ledger: Ledger) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = {}
    for stream in {each.stream for each in ledger.events(0, 100_000)}:
        name, _, key = stream.partition("/")
        decider, history = DECIDED[name], list(past(ledger, stream))
        kept, stands = names_kept(decider), states(decider, key, history)
        for nth, each in enumerate(history):
            was, now = stands[nth], stands[nth + 1]
            before, after = (Moment(at, each.recorded_at, None) for at in (each.position - 1, each.position))
            told = compared(decider, key, (before, was), (after, now))["differences"]
            differ = [(each["field"], each["from"], each["to"]) for each in told]
            assert {field for field, _, _ in differ} == different(was.state, now.state)
            said = {field.name.rstrip("_") for field in fields(each.event)} - (kept if differ else set())
            found[each.position] = [*differ, *alone(history, nth, said)]
    return found


def different(was: Any, now: Any) -> set[str]:
    """Every field of two states looked at, whatever they share."""
    one, other = dict(leaves(was)), dict(leaves(now))
    nothing = (None, None)
    return {name for name in {*one, *other} if one.get(name, nothing)[0] != other.get(name, nothing)[0]}


@pytest.fixture(scope="module")
def told_otherwise(ledger: Ledger) -> dict[int, list[Change]]:
    return expected(ledger)


def without_whereto(entry: Any) -> list[Change]:
    return [each for each in changes(entry) if each[0] != f"{entry['type']}/to"]


def test_of_every_event_all_is_told_that_differs_in_its_subject_and_what_it_alone_says(
    anew: list[Any], told_otherwise: dict[int, list[Change]]
) -> None:
    assert [each["position"] for each in anew] == sorted(told_otherwise)
    assert len({each["type"] for each in anew}) > 140, "almost all that can happen"
    for each in anew:
        assert without_whereto(each) == told_otherwise[each["position"]], (each["position"], each["type"])


def test_where_an_event_leads_is_told_even_if_no_state_says_so(ledger: Ledger, anew: list[Any]) -> None:
    """As what was changed, or, of what is nowhere kept, as its own: that an order is paid, for one."""
    for each, entry in zip(ledger.events(0, 100_000), anew, strict=True):
        was, now = getattr(each.event, "from_", None), getattr(each.event, "to", None)
        if now is not None and now != was:
            spelled = {str(to).replace("_", "-") for _, _, to in changes(entry)}
            assert str(now).replace("_", "-") in spelled, (entry["position"], entry["type"])
    assert ("order.paid/to", "unpaid", "paid") in changes(traced(ledger, type="order.paid")[0])


def test_who_reads_on_with_what_he_knows_reads_the_same_as_who_asks_anew(ledger: Ledger, anew: list[Any]) -> None:
    assert traced(ledger, subjects=Subjects(ledger)) == anew
    assert traced(ledger, subjects=Subjects(ledger, kept=3), limit=70) == anew
    again = Subjects(ledger)
    assert [traced(ledger, subjects=again) for _ in range(2)] == [anew, anew], "also who goes back"


def test_what_is_sought_in_one_way_or_another_is_told_alike(ledger: Ledger, anew: list[Any]) -> None:
    by_position = {each["position"]: each for each in anew}
    of_one = max((each["subject"] for each in by_position.values()), key=lambda subject: subject.startswith("lead/"))
    for asked in ({"type": "lead.lost,ticket.sla-met"}, {"subject": of_one}, {"actor": "policy:circulation"}):
        found = traced(ledger, limit=30, **asked)
        assert found
        assert found == [by_position[each["position"]] for each in found]


# By field


@pytest.mark.parametrize(
    "field", ["owner", "custody/owner", "status", "legal_holds", "hand", "source", "lead.captured"]
)
def test_a_field_is_found_wherever_it_has_changed(
    ledger: Ledger, told_otherwise: dict[int, list[Change]], field: str
) -> None:
    """By its whole name, or part of it that is whole."""

    def meant(name: str) -> bool:
        parts, wanted = name.split("/"), field.split("/")
        return any(parts[at : at + len(wanted)] == wanted for at in range(len(parts)))

    wanted = [at for at, told in sorted(told_otherwise.items()) if any(meant(name) for name, _, _ in told)]
    assert wanted
    assert [each["position"] for each in traced(ledger, field=field)] == wanted
    with patch("api.trace.READ", 300), patch("api.trace.DECODED", 100):
        assert [each["position"] for each in traced(ledger, field=field, limit=20)] == wanted, "however short a page is"


def test_every_field_that_changes_may_be_asked_for(anew: list[Any]) -> None:
    names = {name for entry in anew for name, _, _ in changes(entry)}
    assert len(names) > 1_000
    for name in names:
        assert question({"field": name}).changed == name
    assert all(question({"field": path[-1]}) for path in every_path() if path[-1] != "*")


@pytest.mark.parametrize(
    ("field", "because"),
    [
        ("nonsense", "'nonsense' is no field of any subject or event"),
        ("ownr", "is 'owner' meant?"),
        ("custody/ownr", "is 'custody/owner' meant?"),
        ("owner/custody", "is no field"),
        ("budget", "is no field"),  # Of a company's own: custom/budget.
    ],
)
def test_what_is_no_field_is_refused_by_name(field: str, because: str) -> None:
    with pytest.raises(BadQuestion, match=r".") as no:
        question({"field": field})
    assert no.value.asked == "field"
    assert because in no.value.because


# What was missed before


@pytest.mark.parametrize("ended", ["lead.lost", "lead.converted", "lead.invalidated"])
def test_who_ends_a_lead_has_lost_it(ledger: Ledger, ended: str) -> None:
    held = 0
    for each in traced(ledger, type=ended):
        last = [entry for entry in traced(ledger, subject=each["subject"]) if entry["position"] < each["position"]]
        owners = [to for entry in last for field, _, to in changes(entry) if field == "custody/owner"]
        if owners and owners[-1] is not None:
            held += 1
            assert ("custody/owner", owners[-1], None) in changes(each)
            assert ("custody/last_owner", None, owners[-1]) in changes(each)
    assert held


def test_a_pool_that_stays_the_same_is_not_told(ledger: Ledger) -> None:
    for each in traced(ledger, type="lead.recycled,lead.released"):
        moved = [(was, now) for field, was, now in changes(each) if field.endswith("pool_id")]
        assert all(was != now for was, now in moved)
    assert any("pool_id" not in str(each["changes"]) for each in traced(ledger, type="lead.recycled"))


LI = CustomerId(UUID(int=77))


def test_a_legal_hold_is_told_with_its_matter() -> None:
    found = memory_ledger()
    tell(
        found,
        CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile(name="Li Na")),
        LegalHoldPlaced(customer_id=LI, matter="case-1"),
        LegalHoldPlaced(customer_id=LI, matter="case-2"),
        LegalHoldLifted(customer_id=LI, matter="case-1"),
    )
    _, one, two, lifted = traced(found)
    assert changes(one) == [
        ("dossier/legal_holds", [], ["case-1"]),
        ("customer.legal-hold-placed/matter", None, "case-1"),
    ]
    assert ("dossier/legal_holds", ["case-1"], ["case-1", "case-2"]) in changes(two)
    assert changes(lifted) == [
        ("dossier/legal_holds", ["case-1", "case-2"], ["case-2"]),
        ("customer.legal-hold-lifted/matter", None, "case-1"),
    ]


# Corrections


def corrections() -> list[Any]:
    """A lead, a touch by another channel, and what was wrong about the lead, and about that."""
    lead = replace(leads.captured, name="Lin Na", custom={"rooms": 2, "floor": 3}, campaign=None)
    of = lead.lead_id
    return [
        lead,
        replace(leads.touched, channel="fair"),
        LeadCorrected(lead_id=of, corrects=1, source="expo", channel="phone", name="Lin Da", custom={"rooms": 4}),
        LeadCorrected(lead_id=of, corrects=3, source="exhibition", campaign="spring"),
        replace(leads.touched, channel="phone"),
        LeadCorrected(lead_id=of, corrects=1, custom={"rooms": 5}),
    ]


def test_a_correction_is_told_with_what_was_said_before_by_what_it_corrects() -> None:
    found = memory_ledger()
    tell(found, *corrections())
    captured, _, first, second, touched, third = traced(found)
    said = {name: to for name, _, to in changes(captured)}
    assert said["lead.captured/source"] == leads.captured.source
    assert said["lead.captured/custom/rooms"] == 2
    assert changes(first) == [
        ("lead.captured/source", leads.captured.source, "expo"),
        ("lead.captured/channel", leads.captured.channel, "phone"),
        ("lead.captured/name", MASK, MASK),
        ("lead.captured/custom/rooms", 2, 4),
    ]
    assert (first["corrects"], second["corrects"]) == (1, 3)
    assert changes(second) == [
        ("lead.captured/source", "expo", "exhibition"),
        ("lead.captured/campaign", None, "spring"),
    ]
    assert changes(touched) == [("lead.touch-recorded/channel", "fair", "phone")]
    assert changes(third) == [("lead.captured/custom/rooms", 4, 5)]
    assert [each["position"] for each in traced(found, field="source")] == [1, 3, 4]


def test_what_is_said_of_a_part_leaves_the_rest_as_it_was() -> None:
    found = memory_ledger()
    known = Profile(name="Li Na", motive="a gift")
    tell(
        found,
        CustomerCreated(customer_id=LI, customer_type="individual", profile=known),
        CustomerProfileUpdated(customer_id=LI, profile=Profile(name="Li Da")),
        CustomerProfileUpdated(customer_id=LI, profile=Profile(name="Li Da")),
    )
    _, updated, again = traced(found)
    assert changes(updated) == [("dossier/profile/name", MASK, MASK)]
    assert changes(again) == [], "it was said before"


# Personal values


def test_nobody_s_name_is_told_and_who_is_erased_meanwhile_has_changed_nothing() -> None:
    found = memory_ledger()
    told = [
        CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile(name="Li Na")),
        CustomerProfileUpdated(customer_id=LI, profile=Profile(name="Li Da")),
        LegalHoldPlaced(customer_id=LI, matter="case-1"),
    ]
    tell(found, *told)
    subjects = Subjects(found)
    first = page(found, question({}), Place(0), 2, subjects)
    assert ("dossier/profile/name", MASK, MASK) in changes(first.entries[1])
    assert "Li " not in str(first.entries)
    rows: Any = found.rows
    rows.destroy({f"customer/{LI}": Erased(on=NOON, by="elsewhere")})
    (placed,) = page(found, question({}), Place(2), 2, subjects).entries
    assert [name for name, _, _ in changes(placed)] == ["dossier/legal_holds", "customer.legal-hold-placed/matter"]
    assert changes(placed) == changes(traced(found)[2])
    assert not [name for name, _, _ in changes(traced(found)[1]) if name.startswith("dossier/")], "both are erased"


# How much is read


def reading(ledger: Ledger) -> tuple[list[int], Callable[[], None]]:
    """How many events of histories are read, and the end of counting."""
    counts: list[int] = []
    whole = type(ledger.rows).part_rows

    def counted(rows: Any, parts: Any) -> Any:
        found = whole(rows, parts)
        counts.append(len(found))
        return found

    found = patch.object(type(ledger.rows), "part_rows", counted)
    found.start()
    return counts, found.stop


def test_a_page_reads_no_more_than_it_may_and_goes_on(ledger: Ledger, anew: list[Any]) -> None:
    counts, stop = reading(ledger)
    try:
        with patch("api.trace.READ", 200):
            place: Place | None = Place(0)
            found: list[Any] = []
            short = 0
            while place is not None:
                counts.clear()
                told = page(ledger, question({"refused": "false"}), place, 100)
                assert sum(counts) <= 200
                short += len(told.entries) < 100
                found += told.entries
                place = told.next
    finally:
        stop()
    assert found == anew
    assert short > 10


def test_an_event_with_a_longer_history_than_that_is_told_all_the_same(ledger: Ledger) -> None:
    by_stream: dict[str, list[Recorded]] = defaultdict(list)
    for each in ledger.events(0, 100_000):
        by_stream[each.stream].append(each)
    stream = max(by_stream, key=lambda name: len(by_stream[name]))
    last = by_stream[stream][-1]
    with patch("api.trace.READ", 10):
        (entry,) = page(ledger, question({"subject": stream}), Place(last.position - 1), 100).entries
        assert len(traced(ledger, subject=stream)) == len(by_stream[stream])
    assert entry["version"] == len(by_stream[stream])


def test_who_goes_through_all_of_it_reads_nothing_twice(ledger: Ledger) -> None:
    counts, stop = reading(ledger)
    try:
        traced(ledger, subjects=Subjects(ledger))
        assert sum(counts) == 0, "all that he needs has come by"
        traced(ledger, subjects=Subjects(ledger), type="lead.lost,lead.captured,lead.reopened")
    finally:
        stop()
    lost = {each.stream for each in ledger.events(0, 100_000) if each.type == "lead.lost"}
    history = [each for each in ledger.events(0, 100_000) if each.stream in lost]
    assert 0 < sum(counts) < len(history)


def test_names_of_what_events_say_and_of_states_are_never_the_same() -> None:
    of_events = {path for path in every_path() if path[0] in FACT_NAMES.values()}
    assert of_events
    assert all("." not in path[0] for path in every_path() - of_events)
