"""What the service does by itself when something has happened, or when its time has come."""

from consumers.policies.approaching import upsell, winback
from consumers.policies.circulation import circulation
from consumers.policies.departure import departure
from consumers.policies.departure_of_customers import departure_of_customers
from consumers.policies.lifecycle import lifecycle, noting
from consumers.process import Process

POLICIES: tuple[Process, ...] = (departure, departure_of_customers, circulation, noting, lifecycle, winback, upsell)
