"""Two customers and a third, two of whom become one, what a row tells of them, and what their states say."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.customer.dossier import Collaboration, Credit, CreditHold, Learned, LinkedContact, PaidOrder, Profile
from domain.customer.facts.lifecycle import LearningNoted, TouchpointRecorded
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import CustomerReleased
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.relations import ContactLinked
from domain.customer.states import Customer, Uncreated, evolve
from domain.values import Erased, StaffId
from projections.customers import CustomerCard, customers
from tests.commands.customer.situations import (
    EMAIL,
    LATER,
    LEAD,
    LI,
    ORDER,
    OTHER,
    PHONE,
    TENTH,
    THIRD,
    WANG,
    ZHAO,
    dossier,
    line,
    link,
)
from tests.projections.spec import rows
from tests.spec import ANN, BOB, day

CAT = StaffId("cat")
MASKED = "+86138****0001"
phone, mail = link(1), link(2, EMAIL)
second = link(3, replace(PHONE, value="+8613900000002"))
born = day(3, 1)
created = CustomerCreated(
    customer_id=LI,
    customer_type="individual",
    profile=Profile(name="Li Na", preferences="tea", motive="a gift", family="two sons"),
    identities=(phone, mail),
    lead_id=LEAD,
)
other = CustomerCreated(
    customer_id=OTHER, customer_type="company", profile=Profile(name="Na Ltd"), identities=(second,)
)
third = replace(other, customer_id=THIRD, profile=Profile(name="Third"), identities=())


def told(*events: Any, of: Any = LI, erased: Erased | None = None) -> CustomerCard:
    """The row of a customer; events come a day after another, from the first of March on."""
    found = rows(customers, *((born + timedelta(days=nth), each) for nth, each in enumerate(events)), erased=erased)
    (row,) = (row for row in found if row.customer_id == of)
    assert isinstance(row, CustomerCard)
    return row


def touch(**more: Any) -> TouchpointRecorded:
    given: dict[str, Any] = {"channel": "learning", "direction": "inbound", "note": "lesson 3 of 12"} | more
    return TouchpointRecorded(customer_id=LI, **given)


def learned(course: str, nth: int) -> LearningNoted:
    """On the nth of March so many lessons were done; how many a violin course has, is known."""
    of = 12 if course == "violin" else None
    return LearningNoted(customer_id=LI, course=course, done=nth, of=of, learned_at=day(3, nth))


linked = (
    ContactLinked(customer_id=LI, contact_id=WANG, role="decides", primary=True),
    ContactLinked(customer_id=LI, contact_id=ZHAO, role="uses"),
)


def released(owner: StaffId = ANN, role: Any = "primary") -> CustomerReleased:
    return CustomerReleased(customer_id=LI, from_=owner, role=role)


def state_after(*events: Any) -> Customer:
    state: Customer = Uncreated()
    for event in events:
        state = evolve(state, event)
    return state


kept = dossier(
    customer_type="merchant",
    profile=Profile(name="Li", preferences="tea", motive="a gift", family="two sons"),
    identities={phone.identity_id: "phone", second.identity_id: "phone"},
    owners={"primary": BOB, "service": ANN},
    collaborators={CAT: Collaboration(access="read", until=day(4, 1))},
    contacts={WANG: LinkedContact(role="uses"), ZHAO: LinkedContact(role="decides", primary=True)},
    tags={"vip": "desk"},
    orders={ORDER: PaidOrder(paid_at=TENTH), LATER: PaidOrder(paid_at=day(2, 1), refunded=True)},
    credit=Credit(reservations={}, line=line(), hold=CreditHold(reason="manual")),
    registered=True,
    segment="E",
    standing="best",
    active_at=day(3, 2),
    risk_flags=("fraud",),
    legal_holds=("court",),
    learning={"piano": Learned(at=day(3, 4), done=4)},
)
merged = CustomersMerged(
    customer_id=LI, absorbed=OTHER, version=2, from_="prospect", to="new", kept=kept, choices=FieldChoices()
)
absorbed = CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect")


def unmerged(own: Any = None, others: Any = None) -> tuple[CustomerUnmerged, CustomerRestored]:
    own = own or dossier(profile=Profile(name="Li Na"), identities={phone.identity_id: "phone"})
    others = others or dossier(profile=Profile(name="Na Ltd"), identities={second.identity_id: "phone"})
    return (
        CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="new", to="prospect", kept=own),
        CustomerRestored(customer_id=OTHER, out_of=LI, to="active", kept=others),
    )
