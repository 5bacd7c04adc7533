"""terminal.py — a program on a terminal of its own, as a person sees it and types into it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from relay_process import PATIENCE_SEC, clean_environment


class Terminal:
    """Runs |command| as the first program of a terminal. What it writes is kept."""

    def __init__(self, command, columns=100, rows=24, environment=None):
        self._main, side = pty.openpty()
        self.resize(columns, rows)
        self._written = ""
        self._ended = False
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "setsid", "--ctty", "--wait",
             *map(str, command)],
            stdin=side, stdout=side, stderr=side,
            env=clean_environment({"TERM": "xterm", **(environment or {})}))
        os.close(side)

    def resize(self, columns, rows):
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self._main, text.encode())

    def modes(self):
        """How the terminal treats what is typed."""
        return termios.tcgetattr(self._main)[:4]

    def _read(self, timeout):
        if self._ended or not select.select([self._main], [], [], timeout)[0]:
            return
        try:
            part = os.read(self._main, 65536)
        except OSError:  # no program has the terminal any more
            part = b""
        self._ended = not part
        self._written += part.decode(errors="replace").replace("\r\n", "\n")

    def text(self):
        """All that was written."""
        self._read(0)
        return self._written

    def forget(self):
        """What was written until now is over."""
        self._read(0)
        self._written = ""

    def _read_until(self, what, condition):
        deadline = time.monotonic() + PATIENCE_SEC
        while not condition():
            if time.monotonic() > deadline or self._ended:
                raise AssertionError(f"not within {PATIENCE_SEC:.0f} s: {what}\n"
                                     f"{self._written[-2000:]!r}")
            self._read(0.1)

    def wait_for(self, text, count=1):
        """Waits until |text| was written |count| times since forget."""
        self._read_until(f"{count} times {text!r}", lambda: self._written.count(text) >= count)

    def wait_for_match(self, pattern):
        """Waits until what was written since forget matches."""
        self._read_until(pattern, lambda: re.search(pattern, self._written))

    def wait(self):
        """The exit code, once all was read."""
        self._read_until("its end", lambda: self._ended)
        return self.process.wait(PATIENCE_SEC)

    def hang_up(self):
        """The terminal goes away."""
        if self._main >= 0:
            os.close(self._main)
            self._main = -1

    def close(self):
        self.hang_up()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
