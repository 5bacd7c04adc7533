"""bench_process.py — relay-bench as the steady load of a test, with what it says of each flow."""

import json
import signal

from relay_process import BUILD, PATIENCE_SEC, SECRET


class Bench:
    """Runs beside the test until its time is over. |options| are those of relay-bench."""

    def __init__(self, test, *options, name="bench", duration_sec=5, credential=None):
        self._duration_sec = duration_sec
        self._log = test.folder / f"{name}.log"
        login = ("--auth-secret", SECRET)
        if credential is not None:
            login = ("--username", credential.username, "--password", credential.password)
        self._program = test.program(
            name, BUILD["relay_bench"], *login, "--json", "--per-flow",
            "--duration", f"{duration_sec}s", *options)

    def stop(self):
        """Has it end now rather than later."""
        self._program.signal(signal.SIGINT)

    def is_running(self):
        return self._program.is_running()

    def result(self, interrupted=False):
        """Waits for its end and returns what it printed."""
        code = self._program.wait(PATIENCE_SEC + (0 if interrupted else self._duration_sec))
        text = self._log.read_text(encoding="utf-8")
        if code != 0:
            raise AssertionError(f"relay-bench ended with {code}:\n{text[:4000]}")
        return json.loads(text)


def lost(result):
    """How many datagrams did not come, both ways together."""
    return sum(way["sent"] - way["received"] for way in
               (result["traffic"].get("up"), result["traffic"].get("down")) if way)
