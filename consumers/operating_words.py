"""Why what was asked for is not done: in words that hold nobody's values, for they are recorded."""


class CannotBeDone(Exception):
    """It makes no sense as things are, and nothing has changed."""


class NotYet(Exception):
    """Somebody else is at it at the moment."""
