"""redis_process.py — a Redis for one test, on a socket in the test's own folder."""

import pathlib
import signal
import subprocess

from relay_process import Program, eventually


class Redis:
    """Keeps nothing on disk: killed and started again it is empty."""

    def __init__(self, folder, name="redis", options=(), password=None):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.socket = self.folder / f"{name}.sock"
        self.options = tuple(options)
        self.password = password
        self.program = None
        self.start()

    @property
    def url(self):
        return f"redis+unix://{self.socket}"

    def start(self):
        """Starts it and waits until it answers."""
        number = sum(1 for _ in self.folder.glob(f"{self.name}-*.log"))
        self.program = Program(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "",
             "--appendonly", "no", "--dir", self.folder,
             *(["--requirepass", self.password] if self.password else []), *self.options],
            self.folder / f"{self.name}-{number}.log")
        eventually("redis answers", lambda: self.try_cli("PING") == "PONG")

    def _command(self, *words):
        password = ["--no-auth-warning", "-a", self.password] if self.password else []
        return ["redis-cli", "-s", self.socket, *password, *map(str, words)]

    def try_cli(self, *words):
        """What redis-cli prints; None when that fails, as where Redis hangs up on it."""
        done = subprocess.run(self._command(*words), capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def cli(self, *words):
        """What redis-cli prints for a command that has to succeed."""
        done = subprocess.run(self._command(*words), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def pipe(self, commands):
        """Many commands, each a list of words, at once."""
        def quoted(word):
            return '"' + "".join(f"\\x{byte:02x}" for byte in str(word).encode()) + '"'
        lines = "".join(" ".join(map(quoted, words)) + "\n" for words in commands)
        subprocess.run(self._command(), input=lines, capture_output=True, text=True, check=True)

    def keys(self, pattern):
        return self.cli("KEYS", pattern).splitlines()

    def pause(self):
        self.program.signal(signal.SIGSTOP)

    def resume(self):
        self.program.signal(signal.SIGCONT)

    def stop(self):
        """Ends it as a service manager does."""
        self.program.signal(signal.SIGTERM)
        self.program.wait()

    def kill(self):
        """Ends it at once, with all it knew."""
        if self.program is not None and self.program.is_running():
            self.program.signal(signal.SIGCONT)
        self.program.kill()
