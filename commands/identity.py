"""Identities are reserved and released by the rules of those who hold them; nobody asks them directly."""

from uuid import UUID

from commands.decider import Decider
from domain.identity import Identifier, Identity, IdentityEvent, Unheld, evolve
from domain.values import IdentityId

identities = Decider[Identity, IdentityEvent](
    name="identity",
    plural="identities",
    id_field="identity_id",
    key=UUID,
    initial=lambda key: Unheld(identity_id=IdentityId(key)),
    evolve=evolve,
    found_by=Identifier,
)
