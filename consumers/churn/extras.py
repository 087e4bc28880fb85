"""What churn needs beside the service, and how to say that it is missing."""

from importlib import import_module
from typing import Any

EXTRAS = {
    "duckdb": "churn",
    "ibis": "churn",
    "numpy": "churn",
    "pyarrow": "churn",
    "scipy": "churn",
    "sklearn": "score",
    "pyspark": "spark",
}


def needed(module: str) -> Any:
    """The module of an extra. Raises ModuleNotFoundError, which says what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        extra = EXTRAS[module.partition(".")[0]]
        raise ModuleNotFoundError(f"{module} comes with lifeledger[{extra}], which is not installed") from None
