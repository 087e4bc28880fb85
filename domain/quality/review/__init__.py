"""The review of one call: drawn, scored, published, perhaps appealed, and closed."""
