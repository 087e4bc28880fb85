"""Who somebody has become: a contact that was merged into another one is that one, through however many merges."""

from collections.abc import Callable, Mapping

from domain.contact.states import AnyContact, Contact, MergedContact
from domain.values import ContactId

Contacts = Mapping[ContactId, AnyContact]

# Who was merged stays merged while others go into who absorbed him, so no way leads back. It is followed through so
# many contacts, all of which are read and checked.


def became(contacts: Contacts) -> list[ContactId]:
    """Whom those who were merged went into."""
    return list(dict.fromkeys(each.into for each in contacts.values() if isinstance(each, MergedContact)))


def once(contacts: Contacts) -> list[ContactId]:
    return became(contacts)


def twice(once: Contacts) -> list[ContactId]:
    return became(once)


def thrice(twice: Contacts) -> list[ContactId]:
    return became(twice)


def again(thrice: Contacts) -> list[ContactId]:
    return became(thrice)


AFTER_MERGES: dict[str, Callable[..., list[ContactId]]] = {
    "once": once,
    "twice": twice,
    "thrice": thrice,
    "again": again,
}


def by_now(*steps: Contacts) -> dict[ContactId, Contact]:
    """Who those in the first step are today. Who is not there, or whose way goes on beyond the last, is left out."""
    return {
        contact_id: contact for step in steps for contact_id, contact in step.items() if isinstance(contact, Contact)
    }
