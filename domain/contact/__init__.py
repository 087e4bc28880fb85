"""A contact (联系人): a person one can speak to, what he allows, and how often he has been spoken to."""
