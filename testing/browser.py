"""A headless Chromium for tests and benchmarks: Debian's, with its own driver, and nothing downloaded.

    browser = shared_browser()                   # one for the whole run, started on first use
    browser.get(file.as_uri())

Its profile and its downloads are in a temporary folder that goes with it.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from testing.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLL_SECONDS = 0.01

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
MEND = "install Debian's packages chromium and chromium-driver, as `make test` does when root runs it"

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1400,1000",
)


class Browser:
    """A running Chromium; everything of selenium's driver is in `driver`."""

    def __init__(self, driver: webdriver.Chrome, downloads: Path) -> None:
        self.driver = driver
        self.downloads = downloads

    def get(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.driver.get(url)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a function body of JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def command(self, name: str, **parameters: object) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def said(self) -> list[str]:
        """Return what the console has got since the last call."""
        return [entry["message"] for entry in self._log("browser")]

    def requested(self) -> list[str]:
        """Return the addresses that pages have asked for since the last call."""
        messages = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        sent = (each["params"] for each in messages if each["method"] == "Network.requestWillBeSent")
        return [each["request"]["url"] for each in sent]

    def wait_until(self, holds: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
        """Return the first true value; AssertionError when it does not come."""
        deadline = time.monotonic() + seconds
        while not (value := holds()):
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(POLL_SECONDS)
        return value

    def _log(self, name: str) -> list[dict[str, Any]]:
        return list(self.driver.get_log(name))  # type: ignore[no-untyped-call]


@functools.cache
def shared_browser() -> Browser:
    """Return the browser that all tests of this process share; it ends with the process."""
    opened = ExitStack()
    atexit.register(opened.close)
    return opened.enter_context(headless())


@contextmanager
def headless() -> Iterator[Browser]:
    """Start one; SkipTest, or in CI AssertionError, where there is none."""
    program, driver_path = _found()
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        downloads = Path(folder, "downloads")
        downloads.mkdir()
        options = _options(program, Path(folder, "profile"))
        driver = webdriver.Chrome(options=options, service=Service(driver_path))
        try:
            driver.execute_cdp_cmd(
                "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)}
            )
            yield Browser(driver, downloads)
        finally:
            driver.quit()


def _found() -> tuple[str, str]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which(DRIVER)
    if program and driver:
        return program, driver
    reason = f"there is no headless Chromium with its driver: {MEND}"
    if os.environ.get("CI"):
        raise AssertionError(reason)
    raise SkipTest(reason)


def _options(program: str, profile: Path) -> webdriver.ChromeOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.getuid() == 0 else [])):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.set_capability("unhandledPromptBehavior", "ignore")  # a test sees the dialogs that a page opens
    return options
