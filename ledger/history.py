"""Old facts, modernised: for each type name the steps that bring a payload from one schema version to the next.

A step is a function from payload to payload. The schema version of an event is the number of steps that its type had
when it was written. Additive change needs no step, only a field with a default. A step is kept for ever, and so is a
golden file of each version before it. A step may move a personal value, which is still sealed then, and opens with the
place that it was sealed for.
"""

from collections.abc import Callable, Mapping
from typing import Any

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[str, tuple[Step, ...]] = {}
