"""The browser that the specs drive: Debian's, or one that they are told of; never one that a package brings."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

BROWSER = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 60.0  # Seconds in which a page has to come to what a spec waits for, on a machine that has much to do.


def found() -> str:
    """Where it is. Where it cannot be had, the spec is skipped; in CI it fails."""
    path = os.environ.get("LIFELEDGER_TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing = "there is no chromium (apt-get install chromium fonts-noto-cjk)"
    elif not speaks_chinese():
        missing = "there are no fonts for Chinese (apt-get install fonts-noto-cjk)"
    else:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"needs a browser: {missing}")
    pytest.skip(f"needs a browser: {missing}")


def speaks_chinese() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, check=True)
    return bool(listed.stdout.strip())


@contextmanager
def started() -> Iterator[Browser]:
    """While it runs, the thread has an event loop that runs, so that no other spec may come in between."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=["--force-color-profile=srgb"])
        try:
            yield browser
        finally:
            browser.close()
