"""What the service does by itself when something has happened, or when its time has come."""

from consumers.policies.attribution import custody_of_leads, custody_of_owners
from consumers.policies.circulation import circulation
from consumers.policies.coaching import coaching
from consumers.policies.credit_guard import credit_guard
from consumers.policies.credit_watch import credit_alerts, credit_holds
from consumers.policies.departure import departure
from consumers.policies.sampling import sampling
from consumers.process import Process

POLICIES: tuple[Process, ...] = (
    departure,
    circulation,
    credit_guard,
    credit_alerts,
    credit_holds,
    custody_of_owners,
    custody_of_leads,
    sampling,
    coaching,
)
