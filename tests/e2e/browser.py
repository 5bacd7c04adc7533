"""browser.py — a headless Chromium that tests drive, and what it has to say afterwards."""

import base64
import json
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from relay_process import PATIENCE_SEC, eventually

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync",
          "--hide-scrollbars")


class Browser:
    """One for all tests of a class, since it takes seconds to start. What it keeps goes with it."""

    def __init__(self, test_class):
        folder = tempfile.TemporaryDirectory(prefix="relay-e2e-chromium-",
                                             ignore_cleanup_errors=True)
        test_class.addClassCleanup(folder.cleanup)
        options = Options()
        options.binary_location = shutil.which("chromium")
        for flag in (*_FLAGS, f"--user-data-dir={folder.name}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self._driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                        options=options)
        test_class.addClassCleanup(self._driver.quit)
        self._driver.set_page_load_timeout(PATIENCE_SEC)

    def open(self, url):
        """Opens a page; what was said before is forgotten."""
        self._driver.get("about:blank")
        self.errors()
        self.requested()
        self._driver.get(url)

    def emulate(self, width, height, scheme="light"):
        """A window of that size, for somebody who prefers that colour scheme."""
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def run(self, script, *arguments):
        """What a script in the page returns."""
        return self._driver.execute_script(script, *arguments)

    def find(self, selector):
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What the page holds there, with plain spaces, also where it is scrolled out of sight."""
        text = self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        return " ".join(text.split())

    def wait_text(self, selector, condition):
        """Waits until the text satisfies |condition|, a function or a part of it; the text."""
        holds = condition if callable(condition) else lambda text: condition in text
        seen = []

        def is_so():
            seen[:] = [self.text(selector)]
            return holds(seen[0])
        try:
            eventually(f"the text of {selector}", is_so)
        except AssertionError as late:
            raise AssertionError(f"{late}: it is {seen}") from None
        return seen[0]

    def hover(self, selector):
        """Puts the pointer on the middle of it."""
        ActionChains(self._driver).move_to_element(self.find(selector)).perform()

    def focused(self):
        return self._driver.switch_to.active_element

    def screenshot(self, path):
        """The whole page, as long as it is."""
        width, height = self.run("const root = document.documentElement;"
                                 "return [root.clientWidth, root.scrollHeight]")
        shot = self._driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def errors(self):
        """What the console has said since the last call that is more than a remark about the
        browser's own pages."""
        return [entry["message"] for entry in self._driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")
                and not entry["message"].startswith("chrome")]

    def requested(self):
        """The addresses that the page has asked for since the last call."""
        messages = [json.loads(entry["message"])["message"]
                    for entry in self._driver.get_log("performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
