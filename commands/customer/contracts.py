"""The contracts that bind a customer: another system keeps them, and tells of them."""

from commands.customer.customers import customers
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.facts.protection import ContractEnded, ContractRecorded
from domain.customer.states import Open
from domain.errors import Invalid
from domain.values import CustomerId, Instant, value


@value
class RecordContract:
    """`contract` is its number there. Told again, it says anew until when it binds."""

    customer_id: CustomerId
    contract: str
    until: Instant


@customers.decides(Action.MIRROR)
def record_contract(command: RecordContract, customer: Open, asked: Asked) -> ContractRecorded | None:
    """Note a contract with a customer: until it ends, none of his leads is taken back for not being worked on."""
    contract = coded("contract", command.contract)
    if (customer.dossier.contracts or {}).get(contract) == command.until:
        return None
    if not asked.imported and command.until <= asked.at:
        raise Invalid(field="until", because="that has passed already")
    return ContractRecorded(customer_id=command.customer_id, contract=contract, until=command.until)


@value
class EndContract:
    customer_id: CustomerId
    contract: str


@customers.decides(Action.MIRROR)
def end_contract(command: EndContract, customer: Open) -> ContractEnded:
    """It was cancelled, or is over."""
    if command.contract not in (customer.dossier.contracts or {}):
        raise Invalid(field="contract", because="no such contract is known")
    return ContractEnded(customer_id=command.customer_id, contract=command.contract)
