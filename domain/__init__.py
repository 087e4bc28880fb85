"""Facts, states, and how a fact changes a state. Nothing here does IO or knows what time it is."""
