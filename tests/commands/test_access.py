"""Every role before every command, with what is his own, his team's, another team's, and not there at all."""

from dataclasses import replace

import pytest

from commands import DECIDERS
from commands.lead.capture import CorrectLead
from commands.lead.custody import PoolLead
from commands.lead.holding import GrantExtension
from commands.lead.work import ContactLead, RecordTouch
from domain.access import TABLE
from domain.actor import Actor, Reason
from domain.errors import Hidden, Invalid, NotAllowed, Refused
from domain.staff import StaffOnboarded
from domain.values import OrgPath, StaffId
from tests.commands.lead.situations import LEAD, SOUTH, captured, claimed, freed, lost, pooled, published
from tests.commands.office import Process, Rows, ask
from tests.spec import ANN, SUE, When, administrator, ann, bob, crm, day, given, person

# Which right each command takes. A command that is not in this list fails.

RIGHTS = {
    "capture": {
        "CaptureLead",
        "CreateContact",
        "CreateCustomer",
        "OpenTicket",
        "ReceiveEnquiry",
        "RequestCall",
        "RequestOrder",
    },
    "claim": {"ClaimLead"},
    "work": {
        "AcknowledgeReview",
        "AddCollaborator",
        "AddCustomerCollaborator",
        "AppealReview",
        "ApplyTag",
        "ChangeConsent",
        "ChangeContactRole",
        "ChangePriority",
        "CheckWarranty",
        "ClassifyTicket",
        "CompleteCoaching",
        "ContactLead",
        "DispositionCall",
        "EscalateTicket",
        "LinkCall",
        "LinkContact",
        "LinkLeadContact",
        "LogFollowUp",
        "OfferReopening",
        "NegotiateLead",
        "NurtureLead",
        "PendTicket",
        "ProposeKnowledgeCase",
        "QualifyLead",
        "RecordAttitude",
        "RecordCustomerReply",
        "RecordOutreach",
        "RecordTouch",
        "RecordTouchpoint",
        "ReleaseCustomer",
        "ReleaseLead",
        "ReleaseOutreach",
        "RemoveTag",
        "ReopenLead",
        "ReopenOrder",
        "ReopenTicket",
        "ReplyToCustomer",
        "RepriceOrder",
        "RequestNotification",
        "RequestReturn",
        "RequestSurvey",
        "ReserveOutreach",
        "ResumeTicket",
        "ScheduleNextAction",
        "ScoreLead",
        "SendAcknowledgement",
        "SetDoNotContact",
        "SetReportsTo",
        "SuspectDuplicate",
        "UnlinkContact",
        "UpdateContact",
        "UpdateCustomerProfile",
    },
    "close": {
        "CancelOrder",
        "ChangeCustomerStatus",
        "CloseTicket",
        "ConvertLead",
        "CorrectCustomer",
        "CorrectLead",
        "InvalidateLead",
        "LoseLead",
        "RejectTicket",
        "ResolveTicket",
    },
    "assign": {
        "AssignCustomer",
        "AssignLead",
        "AssignTicket",
        "AttributeSalesCredit",
        "BreachSla",
        "EndExemption",
        "EscalateSla",
        "ExemptLead",
        "GrantExtension",
        "OverrunSla",
        "PausePolicy",
        "RebaseSla",
        "RecycleLead",
        "ResumePolicy",
        "TakeBackTicket",
        "TransferCustomer",
        "TransferLead",
        "VacateEscalation",
        "WarnOfLapse",
        "WarnSla",
    },
    "dispatch": {
        "ApproachCustomer",
        "DispatchLead",
        "DispatchTicket",
        "HandOffLead",
        "PoolLead",
        "PoolUndispatched",
        "TurnAvailability",
    },
    "merge": {
        "DismissDuplicate",
        "MergeContacts",
        "MergeCustomers",
        "MergeLead",
        "MergeTicket",
        "UnmergeContact",
        "UnmergeCustomer",
    },
    "import": {"AdoptCustomer", "AdoptLead", "AdoptOrder", "AdoptReview", "AdoptTicket"},
    "inspect": {
        "AssignCoaching",
        "AssignReview",
        "AssignSecondReviewer",
        "BeginDraw",
        "CloseReview",
        "DraftReview",
        "PublishReview",
        "RecordDraw",
        "ReportNoCoach",
        "SampleCall",
        "SubmitBlindScore",
        "SubmitReview",
        "SubmitSecondReview",
    },
    "arbitrate": {
        "ArbitrateReview",
        "DecideAppeal",
        "OpenCalibration",
        "RequestSecondReview",
        "RevealCalibration",
        "SetConsensus",
        "VoidReview",
    },
    "employ": {"ChangeAvailability", "DepartStaff", "MoveStaff", "OnboardStaff"},
    "analyse": {"RecordModel"},
    "administer": {
        "ChangeCapacity",
        "ChangeTarget",
        "ChangeTicketCapacity",
        "DraftScorecard",
        "ErasePersonalData",
        "LiftLegalHold",
        "PlaceLegalHold",
        "PublishCalendar",
        "PublishCallPolicy",
        "PublishCatalog",
        "PublishCreditPolicy",
        "PublishDispatchRule",
        "PublishGroup",
        "PublishKeyAccountPolicy",
        "PublishLifecyclePolicy",
        "PublishOutreachPolicy",
        "PublishPool",
        "PublishSamplingPlan",
        "PublishScorecard",
        "PublishSlaPolicy",
        "RetireScorecard",
        "ReviseScorecard",
        "SetTarget",
        "WithdrawGroup",
        "WithdrawTarget",
    },
    "operate": {"RebuildReadModel", "RetryDeadLetter", "RetryMessage", "SkipDeadLetter", "SkipMessage"},
    "mirror": {
        "NoteLearning",
        "NoteSalesCustody",
        "AssignSegment",
        "AttachRecording",
        "BeginRanking",
        "ChangeRevenueStanding",
        "CompleteOrder",
        "ConnectCall",
        "EndCall",
        "EndContract",
        "FulfilOrder",
        "IssueInvoice",
        "NoteRinging",
        "PlaceOrder",
        "QueueCall",
        "RaiseRiskFlag",
        "RecordCampaignCost",
        "RecordContract",
        "RecordCsat",
        "RecordCustomerOrder",
        "RecordCustomerRefund",
        "RecordMembers",
        "RecordMessageRequestFailed",
        "RecordMessageRetried",
        "RecordMessageSkipped",
        "RecordRebuilt",
        "RecordRequestFailed",
        "RecordRetried",
        "RecordSkipped",
        "ForgetMore",
        "RecordPayment",
        "RecordRanking",
        "RefundOrder",
        "RegisterCustomer",
        "ReleaseCredit",
        "ReserveCredit",
        "StartCustomerClock",
    },
    "credit": {
        "AuthoriseOrder",
        "ClearRiskFlag",
        "LiftCreditHold",
        "OverrideCredit",
        "PlaceCreditHold",
        "RaiseCreditAlert",
        "RefuseOrder",
        "SetCreditLevel",
        "ShutCustomer",
        "WatchReceivables",
    },
}


def test_every_command_takes_a_right() -> None:
    taken: dict[str, set[str]] = {}
    for decider in DECIDERS:
        for command, action in decider.actions.items():
            taken.setdefault(action, set()).add(command.__name__)
    assert taken == RIGHTS


# Which roles have which, and how far: written down here once more, in the words of the business.

REACH = {
    "sales": "read own, know own, capture all, work own, close own, claim own",
    "partner": "read own, know own, capture all, work own, close own, claim own",
    "sales_manager": (
        "read subtree, know subtree, capture all, work subtree, close subtree, claim subtree, assign subtree, "
        "dispatch subtree, merge subtree"
    ),
    "inspector": "read all, inspect all",
    "quality_manager": "read all, inspect all, arbitrate all",
    "credit_controller": "read all, know all, credit all",
    "analyst": "read all, analyse all",
    "auditor": "read all",
    "service_agent": "read own, know own, capture all, work own, close own",
    "service_manager": (
        "read subtree, know subtree, capture all, work subtree, close subtree, assign subtree, dispatch subtree, "
        "merge subtree"
    ),
    "operations": "read all, operate all",
    "administrator": "read all, employ all, administer all, import all, operate all",
    "personnel": "read own, employ all",
    "service_account": "read all, know all, capture all, work all, close all, dispatch all, mirror all, analyse all",
    "policy": (
        "read all, know all, capture all, work all, close all, assign all, dispatch all, merge all, mirror all, "
        "credit all, inspect all"
    ),
}
SCOPES = {role: dict(right.split(" ") for right in rights.split(", ")) for role, rights in REACH.items()}


def test_the_table_says_what_the_business_says() -> None:
    assert {role: dict(rights) for role, rights in TABLE.items()} == SCOPES


ROB = StaffId("rob")
ROBS_TEAM = OrgPath("north/team-1")
OWNERS = {
    "his own": (ROB, ROBS_TEAM),
    "his colleague's": (ANN, ROBS_TEAM),
    "below": (StaffId("kim"), OrgPath("north/team-1/night")),
    "another team's": (SUE, OrgPath("south/team-1")),
}
WITHIN = {
    "own": {"his own"},
    "subtree": {"his own", "his colleague's", "below"},
    "all": set(OWNERS),
}


def asked_by_rob(role: str, place: str, command: object) -> When:
    rob = StaffOnboarded(staff_id=ROB, name="Rob", role=role, org_path=ROBS_TEAM)
    kim = StaffOnboarded(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north/team-1/night"))
    if place == "nowhere":
        return given(rob).when(command, by=person(ROB))
    owner, _ = OWNERS[place]
    return given(*published, rob, kim, *captured, pooled(), *claimed(owner)).when(command, by=person(ROB))


SAMPLES = {
    "work": RecordTouch(lead_id=LEAD, channel="web"),
    "close": CorrectLead(lead_id=LEAD, corrects=1, source="web"),
    "assign": GrantExtension(lead_id=LEAD, until=day(6, 1)),
}


@pytest.mark.parametrize("right", SAMPLES)
@pytest.mark.parametrize("place", [*OWNERS, "nowhere"])
@pytest.mark.parametrize("role", TABLE)
def test_a_role_does_what_it_may_with_what_it_reaches(role: str, place: str, right: str) -> None:
    asked = asked_by_rob(role, place, SAMPLES[right])
    scope, seen = SCOPES[role].get(right), SCOPES[role]["read"]
    if scope is None:
        asked.refused(NotAllowed, because=f"{right} is not allowed: the role {role} has no such right")
    elif place in WITHIN[scope]:
        assert asked.recorded
    elif place in WITHIN[seen]:
        asked.refused(NotAllowed, because=f"lead/.* lies outside the scope {scope}")
    else:
        asked.refused(Hidden, because=f"no lead/{LEAD} is to be seen here")


@pytest.mark.parametrize("caller", [ann, person(StaffId("nobody")), replace(crm, role="sales")])
def test_who_may_not_import_takes_no_line_s_id(caller: Actor) -> None:
    """The ids of history are the same for all who may: a refusal that was kept would be the answer to them too."""
    process = Process(Rows(*captured))
    line = replace(ask(RecordTouch(lead_id=LEAD, channel="web"), caller), imported=True, actor=bob)
    (no,) = process.executor([line])
    assert isinstance(no, Refused)
    assert not process.ledger.outcomes([line.command_id])
    process.done(replace(line, caller=administrator))


def test_who_asks_is_who_is_refused() -> None:
    process = Process(Rows(*captured, lost, freed(1)))
    line = replace(ask(ContactLead(lead_id=LEAD), administrator), imported=True, actor=bob)
    process.refused(line)
    assert process.ledger.outcomes([line.command_id])[line.command_id].actor == ("user", "bob")
    gone = replace(ask(ContactLead(lead_id=LEAD), ann), actor=bob)
    process.refused(gone)
    assert process.ledger.outcomes([gone.command_id])[gone.command_id].actor == ("user", "ann")


def test_what_is_hidden_looks_like_what_is_not_there() -> None:
    there = asked_by_rob("sales", "another team's", SAMPLES["work"])
    not_there = asked_by_rob("sales", "nowhere", SAMPLES["work"])
    there.refused(Hidden)
    not_there.refused(Hidden)
    assert not isinstance(there.answer, Exception)
    assert not isinstance(not_there.answer, Exception)
    assert str(there.answer.refusal) == str(not_there.answer.refusal)


def test_of_what_is_not_there_nothing_is_said_that_is_not_said_of_what_is_hidden() -> None:
    wrong = Reason(code="no code")
    for history in ([*published], [*published, *captured, pooled(), *claimed(SUE)]):
        given(*history).when(SAMPLES["work"], by=ann, reason=wrong).refused(Hidden)
    given(*published, *captured, pooled(), *claimed()).when(SAMPLES["work"], by=ann, reason=wrong).refused(Invalid)


def test_what_lies_in_another_s_pool_is_hidden_too() -> None:
    in_south = (*published, *captured, pooled(pool_id=SOUTH))
    touch, move = SAMPLES["work"], PoolLead(lead_id=LEAD, pool_id=SOUTH, reason="again")
    given(*in_south).when(touch, by=person("ann")).refused(Hidden)
    given(*in_south).when(touch, by=person("mia")).refused(Hidden)
    given(*in_south).when(move, by=person("mia")).refused(Hidden)
    assert given(*in_south).when(move, by=person("otto")).recorded
    given(*in_south).when(touch, by=person("sue")).refused(NotAllowed, because="outside the scope own")


def test_what_nobody_holds_and_no_pool_offers_is_any_manager_s() -> None:
    for manager in ("mia", "otto"):
        assert given(*captured).when(SAMPLES["work"], by=person(manager)).recorded
    given(*captured).when(SAMPLES["work"], by=person("ann")).refused(Hidden)


def test_a_role_that_nobody_knows_may_do_nothing() -> None:
    for role in ("", "king", "Policy"):
        stranger = Actor(kind="service", id="robot", role=role)
        for command in SAMPLES.values():
            given(*captured).when(command, by=stranger).refused(
                NotAllowed, because=f"the role {role or 'of nobody'} has"
            )
