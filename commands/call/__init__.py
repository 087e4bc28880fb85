"""What may be asked of a call, and when the answer is yes."""

from commands.call import line, work
from commands.call.calls import calls

__all__ = ["calls", "line", "work"]
