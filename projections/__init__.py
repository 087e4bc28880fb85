"""The read models: folds of the ledger whose state is a row."""
