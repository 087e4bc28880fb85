"""What the models of buying say: fitted by maximum likelihood, from arrays to values; nothing is read or written."""
