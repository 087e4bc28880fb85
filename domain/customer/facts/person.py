"""Who a customer is."""

from domain.customer.dossier import Ahead, CustomerType, Profile
from domain.identity import IdentityLink
from domain.values import CustomerId, IdentityId, LeadId, Personal, fact


@fact("customer.created")
class CustomerCreated:
    customer_id: CustomerId
    customer_type: CustomerType
    profile: Profile
    identities: tuple[IdentityLink, ...] = ()
    lead_id: LeadId | None = None


@fact("customer.corrected")
class CustomerCorrected:
    """Only what was wrong; `corrects` is the version of the event that said so."""

    customer_id: CustomerId
    corrects: int
    customer_type: CustomerType | None = None
    profile: Profile | None = None
    identities_added: tuple[IdentityLink, ...] = ()
    identities_removed: tuple[IdentityId, ...] = ()


@fact("customer.profile-updated")
class CustomerProfileUpdated:
    """Only what has changed."""

    customer_id: CustomerId
    profile: Profile


@fact("customer.registered")
class CustomerRegistered:
    """He has an account of his own; the account is one of his identities from now on."""

    customer_id: CustomerId
    account_id: Personal[str]
    identities_added: tuple[IdentityLink, ...] = ()


@fact("customer.adopted")
class CustomerAdopted:
    """Imported history becomes a live subject: from now on its deadlines run."""

    customer_id: CustomerId
    ahead: Ahead | None = None


PersonEvent = CustomerCreated | CustomerCorrected | CustomerProfileUpdated | CustomerRegistered | CustomerAdopted
