"""What may be asked of a contact, and when the answer is yes."""

from commands.contact import merging, outreach, profile, wishes
from commands.contact.contacts import contacts

__all__ = ["contacts", "merging", "outreach", "profile", "wishes"]
