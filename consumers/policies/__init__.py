"""What the service does by itself when something has happened, or when its time has come."""

from consumers.policies.circulation import circulation
from consumers.policies.departure import departure
from consumers.policies.dispatch import dispatch
from consumers.policies.first_response import first_response
from consumers.policies.hand_off import hand_off
from consumers.process import Process

POLICIES: tuple[Process, ...] = (departure, circulation, dispatch, first_response, hand_off)
