"""Backups: the ledger in files, of which every byte is accounted for, and a database that is made from them again."""
