"""What the service does by itself when something has happened, or when its time has come."""

from consumers.policies.acknowledgement import acknowledgement
from consumers.policies.approaching import upsell, winback
from consumers.policies.attribution import custody_of_leads, custody_of_owners
from consumers.policies.called_in import superiors
from consumers.policies.circulation import circulation
from consumers.policies.coaching import coaching
from consumers.policies.credit_guard import credit_guard
from consumers.policies.credit_watch import credit_alerts, credit_holds
from consumers.policies.departure import departure
from consumers.policies.departure_of_customers import departure_of_customers
from consumers.policies.departure_of_tickets import departure_of_tickets
from consumers.policies.dispatch import dispatch
from consumers.policies.first_response import first_response
from consumers.policies.forgetting import forgetting
from consumers.policies.hand_off import hand_off
from consumers.policies.intake import intake
from consumers.policies.key_account import key_account
from consumers.policies.lifecycle import lifecycle, noting
from consumers.policies.lifecycle_terms import starting
from consumers.policies.sampling import sampling
from consumers.policies.sampling_late import late as sampling_late
from consumers.policies.service_level import service_level
from consumers.policies.survey import survey
from consumers.policies.ticket_dispatch import ticket_dispatch
from consumers.policies.ticket_ends import ticket_ends
from consumers.process import Process

POLICIES: tuple[Process, ...] = (
    departure,
    departure_of_tickets,
    circulation,
    service_level,
    superiors,
    survey,
    acknowledgement,
    ticket_ends,
    ticket_dispatch,
    intake,
    dispatch,
    first_response,
    hand_off,
    credit_guard,
    credit_alerts,
    credit_holds,
    custody_of_owners,
    custody_of_leads,
    sampling,
    sampling_late,
    coaching,
    departure_of_customers,
    noting,
    lifecycle,
    starting,
    winback,
    upsell,
    key_account,
    forgetting,
)
