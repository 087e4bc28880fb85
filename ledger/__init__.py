"""The event store: one ordered ledger of everything that happened, which both sides read."""
