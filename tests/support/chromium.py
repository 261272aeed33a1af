"""A real Chromium without a screen, driven by its own driver."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def is_here() -> bool:
    """Tell whether there is a Chromium with its driver on this machine."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextmanager
def browser(**preferences: Any) -> Iterator[Any]:
    """Run a Chromium with a fresh profile until the context ends."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        "hide-scrollbars",
    ):
        options.add_argument(f"--{argument}")
    options.add_experimental_option("prefs", preferences)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(20)
    try:
        yield driver
    finally:
        driver.quit()


def resize(chromium: Any, width: int, height: int) -> None:
    """Give the page itself a size, whatever the window's frame takes."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(chromium: Any, scheme: str) -> None:
    """Have the pages light or dark."""
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)


@contextmanager
def scripts_off(chromium: Any) -> Iterator[None]:
    """Run no script of any page until the context ends."""
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
