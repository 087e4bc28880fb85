"""One request for help: a ticket on its way from the question to an answer that holds, and the clocks beside it."""
