"""How it stands, as operators are told: in the words of the API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from consumers.status import State


class Request(BaseModel):
    """What somebody has asked for, and is under way: a rebuild, or of a key a retry or a skip."""

    number: int
    what: str
    key: str | None = None
    at: int | None = None


class RebuildProgress(BaseModel):
    """`position` of `until`; `lag_events` are those that have come since as well. `eta_seconds` is an estimate, by the
    rate so far; none before there is one.
    """

    phase: str
    position: int
    until: int
    lag_events: int
    events_per_second: float
    eta_seconds: float | None


class View(BaseModel):
    """`live` views may be behind: by so many events, of which the first has waited so many seconds. `building` has
    nothing else that answers at this version, `failing` stands still at the event that `error` names and is tried again
    at `retry_at`, `amiss` is not fed from Kafka, `stopped` is kept up by no worker. `rebuild` is told of any that is
    rebuilt, while the former rows answer.
    """

    view: str
    version: int
    state: State
    position: int
    lag_events: int
    lag_seconds: float
    error: str | None
    retry_at: datetime | None
    amiss: str | None
    rebuild: RebuildProgress | None
    dead_letters: int
    skipped: int
    fed_by: str
    under_way: list[Request]


class RelayedTopic(BaseModel):
    """Up to `position` the topic has what is wanted of the ledger; what is behind has waited so many seconds."""

    topic: str
    partitions: int
    position: int
    events: int
    lag_events: int
    lag_seconds: float


class Relay(BaseModel):
    """`age_seconds` since one was last heard of; `waiting` for what `waits_for` says, or `stopped`."""

    state: str
    epoch: int
    age_seconds: float
    waits_for: str | None
    topics: list[RelayedTopic]


class InboundPartition(BaseModel):
    """`offset` is the next that is taken in, `ends` where it ended when somebody looked."""

    partition: int
    group: str
    offset: int
    ends: int
    unread: int
    looked_at: datetime


class InboundMessageRequest(BaseModel):
    """What somebody has asked for of a message, and is under way."""

    number: int
    what: str
    letter_id: UUID


class InboundTopicStanding(BaseModel):
    """`dead` messages are tried again when somebody says so, `patient` ones wait for something, `behind` for those."""

    topic: str
    dead: int
    patient: int
    behind: int
    unread: int
    partitions: list[InboundPartition]
    under_way: list[InboundMessageRequest]


class FedPartition(BaseModel):
    """How far a view is in a partition by which it is fed. `passed_over` events were there more than once, or before
    the view began.
    """

    view: str
    topic: str
    partition: int
    next_offset: int | None
    end_offset: int | None
    lag: int | None
    position: int
    passed_over: int
    updated_at: datetime


class PolicyStanding(BaseModel):
    """`timed` is one that reacts to no event: the clock alone acts for it. `part` is what it remembers, by name."""

    policy: str
    part: str
    state: str
    paused_until: datetime | None
    position: int
    lag_events: int
    lag_seconds: float
    error: str | None
    retry_at: datetime | None


class DueDeadlines(BaseModel):
    """Of a kind: how many are over, the first of them, and when the next one is due."""

    kind: str
    over: int
    over_since: datetime | None
    next_at: datetime | None


class Worker(BaseModel):
    """A connection of a worker, and what it alone does as long as it is there."""

    name: str
    connection: int
    since: datetime | None
    leases: list[str]


class LogSealed(BaseModel):
    """What was signed last of a log, and how many rows have come since; nothing, before the first time."""

    log: str
    size: int
    signed_at: datetime | None
    unsealed: int


class Operations(BaseModel):
    """Everything that works beside the API, in one moment; `position` is the last event of the ledger."""

    position: int
    at: datetime
    views: list[View]
    relay: Relay | None
    inbound: list[InboundTopicStanding]
    partitions: list[FedPartition]
    policies: list[PolicyStanding]
    deadlines: list[DueDeadlines]
    workers: list[Worker]
    sealed: list[LogSealed]
