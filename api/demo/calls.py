"""Calls, as the telephone exchange tells of them: when they are over, with the times at which it happened."""

from datetime import datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from api.demo.life import Life, person, system
from commands.call.line import ConnectCall, EndCall, NoteRinging, QueueCall
from commands.call.work import DispositionCall, RequestCall
from domain.call.facts import Subject
from domain.identity import Identifier
from domain.values import CallId, StaffId

SAID = {True: "interested", False: "not-interested"}
EXCHANGE = system("telephony")


class Calls:
    def __init__(self, life: Life) -> None:
        self.life = life
        self.numbers = 0

    def outbound(
        self,
        agent: str,
        kind: Literal["lead", "customer"],
        subject: UUID,
        phone: Identifier,
        *,
        reached: bool,
        chance: Random,
        interested: bool | None = None,
    ) -> None:
        """Somebody calls, and talks if he reaches whom he calls."""
        call_id = self.call_id()
        request = RequestCall(
            call_id=call_id,
            direction="outbound",
            agent=StaffId(agent),
            number=phone.value,
            subject=Subject(kind=kind, id=subject),
        )
        self.life.does(person(agent), request)
        ringing = self.life.now - timedelta(seconds=chance.randint(400, 900))
        self.life.does(EXCHANGE, NoteRinging(call_id=call_id, at=ringing))
        if not reached:
            end = EndCall(call_id=call_id, outcome="no_answer", at=ringing + timedelta(seconds=30))
            self.life.does(EXCHANGE, end)
            return
        self.talk(call_id, agent, ringing + timedelta(seconds=chance.randint(4, 20)), chance)
        code = chance.choice(("talked", "talked", "call-again")) if interested is None else SAID[interested]
        self.life.does(person(agent), DispositionCall(call_id=call_id, code=code))

    def inbound(
        self, agent: str | None, kind: Literal["customer", "ticket"], subject: UUID, phone: Identifier, chance: Random
    ) -> None:
        """A customer calls the service; some hang up before anybody answers."""
        call_id = self.call_id()
        request = RequestCall(
            call_id=call_id, direction="inbound", number=phone.value, subject=Subject(kind=kind, id=subject)
        )
        self.life.does(EXCHANGE, request)
        since = self.life.now - timedelta(seconds=chance.randint(600, 1_000))
        self.life.does(EXCHANGE, QueueCall(call_id=call_id, queue="service", at=since))
        waited = timedelta(seconds=min(chance.expovariate(1 / 60), 300))
        if agent is None or chance.random() < 0.1:
            self.life.does(EXCHANGE, EndCall(call_id=call_id, outcome="abandoned", at=since + waited))
            return
        self.talk(call_id, agent, since + waited, chance)
        self.life.does(person(agent), DispositionCall(call_id=call_id, code="solved"))

    def talk(self, call_id: CallId, agent: str, since: datetime, chance: Random) -> None:
        seconds = int(min(max(chance.gauss(180, 110), 8), 590))
        self.life.does(EXCHANGE, ConnectCall(call_id=call_id, agent=StaffId(agent), at=since))
        self.life.does(
            EXCHANGE,
            EndCall(
                call_id=call_id,
                outcome="completed",
                talk_seconds=seconds,
                hangup_by=chance.choice(("agent", "customer")),
                at=min(since + timedelta(seconds=seconds), self.life.now),
            ),
        )

    def call_id(self) -> CallId:
        self.numbers += 1
        return CallId(self.life.id(f"call-{self.numbers:05}"))
