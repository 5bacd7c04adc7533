"""The installed units as systemd-analyze sees them, and the environment file as the relay does."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from relay_process import BUILD, clean_environment

EXPOSURE_MAX = 1.5


class InstalledUnits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="relay-e2e-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        subprocess.run(["cmake", "--install", os.environ["RELAY_E2E_BUILD_DIR"], "--prefix",
                        "/usr"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": str(self.root)})
        self.units = self.root / "usr/lib/systemd/system"

    def analyze(self, *words):
        done = subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True,
                              text=True, check=False, env=clean_environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def test_verify_finds_nothing(self):
        for unit in self.units.iterdir():
            text = unit.read_text(encoding="utf-8")
            unit.write_text(text.replace("/usr/bin/relay", f"{self.root}/usr/bin/relay"),
                            encoding="utf-8")
            if "@" in unit.name:
                shutil.copy(unit, self.units / unit.name.replace("@", "@0"))
        # Man pages are looked for on this system, where the relay is not installed.
        said = self.analyze("verify", "--man=no", "--recursive-errors=no",
                            self.units / "relay@0.service", self.units / "relay@0.socket",
                            self.units / "relay-portal.service", self.units / "relay.target")
        self.assertEqual(said, ("", ""))

    def test_little_is_exposed(self):
        for name in ("relay@.service", "relay-portal.service"):
            out, _ = self.analyze("security", "--offline=yes", "--no-pager",
                                  f"--threshold={EXPOSURE_MAX * 10:.0f}", self.units / name)
            exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", out).group(1))
            print(f"systemd-analyze security: exposure of {name} {exposure}, of at most "
                  f"{EXPOSURE_MAX}")
            self.assertLessEqual(exposure, EXPOSURE_MAX)

    def test_buffers_are_as_large_as_those_that_the_relay_makes(self):
        header = (pathlib.Path(__file__).parents[2] / "shard/listener.h").read_text("utf-8")
        mib = re.search(r"LISTENER_BUFFER_LEN = (\d+) \* 1024 \* 1024", header).group(1)
        unit = (self.units / "relay@.socket").read_text(encoding="utf-8")
        self.assertIn(f"\nReceiveBuffer={mib}M\n", unit)
        self.assertIn(f"\nSendBuffer={mib}M\n", unit)

    def test_the_environment_file_holds_variables_of_the_relay(self):
        path = self.root / "etc/relay/relay.env"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        text = path.read_text(encoding="utf-8")
        names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
        self.assertIn("PUBLIC_IP4_ADDR", names)
        help_text = subprocess.run([BUILD["relay"], "--help"], capture_output=True, text=True,
                                   check=True, env=clean_environment()).stdout
        for name in names:
            self.assertRegex(help_text, rf"\b{name}\b")
        # As it is installed it says nothing, so that the first complaint is about the address.
        for line in text.splitlines():
            self.assertRegex(line, r"^(#.*|[A-Z0-9_]+=)?$")

    def test_what_an_operator_has_written_stays(self):
        path = self.root / "etc/relay/relay.env"
        path.write_text("SHARDS=7\n", encoding="utf-8")
        subprocess.run(["cmake", "--install", os.environ["RELAY_E2E_BUILD_DIR"], "--prefix",
                        "/usr"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": str(self.root)})
        self.assertEqual(path.read_text(encoding="utf-8"), "SHARDS=7\n")


if __name__ == "__main__":
    if shutil.which("systemd-analyze") is None:
        print("SKIPPED: systemd-analyze is not installed", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
