"""The status page in a headless Chromium, against shards under load: figures move, look-ups find
the owner, a hung shard is marked, and nothing is asked of anybody else."""

import os
import pathlib
import signal

from selenium.webdriver.common.keys import Keys

import e2e
import http_client
import portal
from bench_process import Bench
from browser import Browser
from relay_process import eventually

SHARDS = 4
URL = "http://{}:{}/".format(*http_client.ADDR)
BENCH_ALLOCATIONS = 200
ARTEFACTS = pathlib.Path(os.environ["RELAY_E2E_ARTEFACTS"])
# Least contrast of text with what is behind it (WCAG 2.2, 1.4.3), by names of page.css.
TEXT_ON = (("--text", "--panel"), ("--text", "--back"), ("--muted", "--panel"),
           ("--bad", "--panel"), ("--good", "--good-back"), ("--fair", "--fair-back"),
           ("--bad", "--bad-back"))
CONTRAST = 4.5


def luminance(colour):
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


class UnderAControlPlane(e2e.E2eTest):
    def test_the_connection_is_shown(self):
        browser = Browser(self)
        control_plane = portal.Portal()
        self.addCleanup(control_plane.close)
        control_plane.behaviour.init = False
        self.relay("--portal-url", control_plane.url, environment={"PORTAL_TOKEN": portal.TOKEN},
                   shards=1)
        browser.open(URL)
        browser.wait_text("#control-plane", "control plane: connected for ")
        browser.wait_text("#overall", "1 of 1 shards serving: not admitted by the control plane")
        control_plane.wait_relay().push("relay", "init")
        browser.wait_text("#overall", lambda text: text == "serving")
        control_plane.stop()
        browser.wait_text("#overall", "1 of 1 shards serving: control plane away")
        browser.wait_text("#control-plane", "control plane: not connected for ")
        control_plane.start()


class StatusPage(e2e.E2eTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser(cls)

    def setUp(self):
        super().setUp()
        self.started = self.relay(*e2e.LOOPBACK_PEERS, "--instance", "host-a", shards=SHARDS)
        self.bench = Bench(self, "--allocations", str(BENCH_ALLOCATIONS), "--rate", "2000",
                           duration_sec=120)
        self.browser.emulate(1280, 900)
        eventually("the load has its allocations",
                   lambda: self.started.total("allocations") == BENCH_ALLOCATIONS)
        self.browser.open(URL)
        self.browser.wait_text("#overall", "serving")

    def end_load(self):
        self.bench.stop()
        self.bench.result(interrupted=True)

    def assert_quiet(self):
        """Nothing was wrong with the page, and it asked nobody but the relay."""
        self.assertEqual(self.browser.errors(), [])
        asked = self.browser.requested()
        self.assertIn(URL + "api/shards", asked)
        self.assertEqual([url for url in asked if not url.startswith(URL)], [])

    def picture(self, selector):
        return self.browser.run(
            "return document.querySelector(arguments[0]).toDataURL()", selector)

    def cell(self, shard, title):
        """The text of a shard's row under a heading without a group."""
        return self.browser.run(
            """const column = COLUMNS.findIndex(({ title }) => title === arguments[1]);
            return document.querySelectorAll('#shards tbody tr')[arguments[0]]
                .cells[column + 2].textContent""", shard, title)

    def hide(self, is_hidden):
        """Has the page believe that its tab was hidden, or is shown again."""
        self.browser.run("Object.defineProperty(document, 'hidden', {value: arguments[0],"
                         "configurable: true});"
                         "document.dispatchEvent(new Event('visibilitychange'))", is_hidden)

    def assert_looks(self):
        """In light and dark, wide and narrow: nothing sticks out, and texts can be read."""
        browser = self.browser
        for scheme in ("light", "dark"):
            for name, width, height in (("", 1280, 900), ("-narrow", 360, 740),
                                        (None, 3840, 2160)):
                browser.emulate(width, height, scheme)
                eventually("it is laid out anew", lambda width=width: browser.run(
                    "return document.documentElement.clientWidth") == width)
                self.assertLessEqual(
                    browser.run("return document.documentElement.scrollWidth"), width)
                if name is None:
                    continue
                browser.run("return new Promise((done) => requestAnimationFrame("
                            "() => requestAnimationFrame(done)))")
                browser.screenshot(ARTEFACTS / f"status-page-{scheme}{name}.png")
            for text, back in TEXT_ON:
                colours = browser.run("return [...arguments].map(themeColour)", text, back)
                self.assertGreaterEqual(contrast(*colours), CONTRAST, (scheme, text, back))

    def ask(self, question):
        field = self.browser.find("#question")
        field.clear()
        field.send_keys(str(question), Keys.ENTER)

    def test_figures_move(self):
        browser = self.browser
        self.assertEqual(browser.text("#host"), "host-a")
        browser.wait_text("#graph-packets b", lambda text: text not in ("–", "0"))
        # Nobody looks: nothing is asked.
        self.hide(True)
        eventually("no poll is due", lambda: browser.run("return timer === null"))
        graphs = [f"#graph-{name} canvas" for name in ("packets", "bits", "allocations")]
        before = [self.picture(graph) for graph in graphs]
        self.hide(False)
        eventually("all graphs move", lambda: all(
            self.picture(graph) != old for graph, old in zip(graphs, before)))
        rows = browser.run("return document.querySelectorAll('#shards tbody tr').length")
        self.assertEqual(rows, SHARDS)
        for shard in range(SHARDS):
            self.assertEqual(self.cell(shard, "Process"), str(self.started.shard_pid(shard)))
            self.assertEqual(self.cell(shard, "Allocations"),
                             str(self.started.counters(shard)["allocations"]))
        self.assertEqual(browser.text("#map-spot"), f"{BENCH_ALLOCATIONS} of 16 384 open")

        # Two more, which the map shows; of one that ends, the port is closed. Datagrams for a
        # channel that is not bound have their reason.
        before = self.picture("#map")
        clients = [self.client(), self.client()]
        for client in clients:
            client.allocate()
        clients[0].send(0x4000, b"for nobody")
        browser.wait_text("#map-spot", f"{BENCH_ALLOCATIONS + 2} of")
        self.assertNotEqual(self.picture("#map"), before)
        clients[1].refresh(0)
        browser.wait_text("#map-spot", f"{BENCH_ALLOCATIONS + 1} of")
        self.assertIn("no channel", browser.text("#drops tbody"))
        # The clock of a host that is booted begins anew, far before that of the last figures.
        browser.run("show({...reading, mono_msec: reading.mono_msec + 1e9},"
                    "{lowest_port: 49152, highest_port: 65535, runs: []})")
        browser.wait_text("#map-spot", "0 of")
        browser.wait_text("#map-spot", f"{BENCH_ALLOCATIONS + 1} of")
        self.assert_quiet()
        self.end_load()

    def test_look_up_with_the_keyboard_alone(self):
        browser = self.browser
        client = self.client()
        client.allocate()
        client.bind_channel(0x4000, client.relayed[4])
        shard = self.started.shard_of_port(client.relay_port)
        address = "{}:{}".format(*client.local[:2])

        browser.focused().send_keys(Keys.TAB)
        self.assertEqual(browser.focused().get_attribute("id"), "question")
        for question in (address, client.relay_port):
            self.ask(question)
            text = browser.wait_text("#answer", f"shard {shard} of host-a")
            for part in (address, str(client.relay_port), "0x4000", "127.0.0.1:3478"):
                self.assertIn(part, text)
            self.assertNotIn(client.credential.username, text)
            self.ask("198.51.100.7:40312")
            browser.wait_text("#answer", "Nobody owns")
        for wrong in ("192.0.2.1", "192.0.2.256:5", "65536", "relay"):
            self.ask(wrong)
            browser.wait_text("#answer", "Ask for a client")
            self.assertEqual(browser.find("#question").get_attribute("aria-invalid"), "true")

        # On to the map, and from port to port.
        for _ in range(5):
            browser.focused().send_keys(Keys.TAB)
            if browser.focused().get_attribute("id") == "map":
                break
        self.assertEqual(browser.focused().get_attribute("id"), "map")
        self.assertIn("port 49152", browser.text("#map-spot"))
        for key, port in ((Keys.ARROW_RIGHT, 49153), (Keys.END, 65535), (Keys.ARROW_LEFT, 65534),
                          (Keys.HOME, 49152)):
            browser.focused().send_keys(key)
            self.assertIn(f"port {port}", browser.text("#map-spot"))
        self.assertIn("slice of shard 0", browser.text("#map-spot"))
        browser.run("portMap.moveTo(arguments[0])", client.relay_port)
        browser.wait_text("#map-spot", f"open, shard {shard}")
        browser.focused().send_keys(Keys.ENTER)
        browser.wait_text("#answer", f"shard {shard} of host-a")
        self.assertEqual(browser.run("return portMap.marked"), client.relay_port)

        # The pointer tells as well.
        browser.hover("#map")
        browser.wait_text("#map-spot", lambda text: "slice of shard" in text
                          or "open, shard" in text)
        self.assertNotIn(f"port {client.relay_port}", browser.text("#map-spot"))
        browser.hover("h1")
        # A shard of the legend stands out.
        browser.focused().send_keys(Keys.TAB)
        browser.focused().send_keys(Keys.SPACE)
        self.assertEqual(browser.focused().get_attribute("aria-pressed"), "true")
        browser.focused().send_keys(Keys.SPACE)
        self.assert_looks()
        self.assert_quiet()
        self.end_load()

    def test_a_hung_shard_and_a_relay_that_is_away(self):
        browser = self.browser
        pid = self.started.shard_pid(2)
        state = "#shards tbody tr:nth-child(3) .state"
        os.kill(pid, signal.SIGSTOP)
        try:
            browser.wait_text(state, "hangs")
            browser.wait_text("#overall", "3 of 4 shards serving: 1 hangs")
            browser.wait_text("#shards tbody tr:nth-child(3) td:nth-child(3)", "ago")
            self.assertEqual(browser.text("#shards tbody tr:nth-child(3) td:nth-child(6)"), "–")
            browser.wait_text("#legend li:nth-child(3)", "hangs")
        finally:
            os.kill(pid, signal.SIGCONT)
        browser.wait_text(state, "serving")
        browser.wait_text("#overall", lambda text: text == "serving")
        self.assert_quiet()
        # Of one that hangs when it has begun to answer, the rest is not waited for for ever.
        browser.run("""window.toFetch = window.fetch;
            window.fetch = (path, options) => toFetch(path, options).then(() => ({ok: true,
                json: () => new Promise((done, fail) =>
                    options.signal.addEventListener('abort', fail))}))""")
        browser.wait_text("#overall", "connection lost")
        browser.run("window.fetch = toFetch")
        browser.wait_text("#overall", lambda text: text == "serving")

        self.end_load()
        self.started.stop()
        browser.wait_text("#overall", "connection lost")
        browser.wait_text("#age", "figures of")
        self.relay(*e2e.LOOPBACK_PEERS, "--instance", "host-a", shards=SHARDS)
        browser.wait_text("#overall", lambda text: text == "serving")


if __name__ == "__main__":
    e2e.main()
