"""One call, as the telephony provider tells of it and as the agent sums it up."""
