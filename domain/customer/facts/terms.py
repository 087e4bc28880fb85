"""Words that several facts of a customer use."""

from typing import Literal

Status = Literal["prospect", "new", "active", "dormant", "churned", "closed"]
