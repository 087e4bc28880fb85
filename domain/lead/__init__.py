"""One chance of a sale: a lead on its way from a name card to an opportunity, and to a customer."""
