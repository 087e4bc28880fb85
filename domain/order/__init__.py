"""One order, as the shop and billing tell of it, and as sales and the credit guard decide about it."""
