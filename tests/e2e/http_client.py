"""http_client.py — asks a relay over HTTP. Each connection reaches a shard of the kernel's choice;
one that hangs answers nobody, so a client of this kind tries again."""

import http.client
import re

from relay_process import eventually

ADDR = ("127.0.0.1", 8080)
SAMPLE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$")


def get(path, addr=ADDR, timeout_sec=20.0, method="GET"):
    """(status, text) of one request on a connection of its own."""
    connection = http.client.HTTPConnection(*addr, timeout=timeout_sec)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ask(path, addr=ADDR):
    """The same, of whichever shard answers."""
    def try_once():
        try:
            return get(path, addr, timeout_sec=0.5)
        except (OSError, http.client.HTTPException):
            return None
    return eventually(f"an answer to {path}", try_once)


def wait_for(path, status, words="", addr=ADDR):
    """Waits until |path| is answered with |status| and |words| in the text; the text."""
    def try_once():
        last[:] = ask(path, addr)
        return last[0] == status and words in last[1]
    last = [0, ""]
    try:
        eventually(f"{path} says {status} and {words!r}", try_once)
    except AssertionError as error:
        raise AssertionError(f"{error}; it says {last}") from None
    return last[1]


def samples(text):
    """Metrics in Prometheus' text format: (name, frozenset of (label, value)) → number."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            pairs = re.findall(r'(\w+)="([^"]*)"', labels or "")
            found[name, frozenset(pairs)] = float(value)
    return found


def value(found, name, **labels):
    """The one sample of |name| that has exactly |labels|."""
    return found[name, frozenset((k, str(v)) for k, v in labels.items())]


def total(found, name, **labels):
    """The sum of all samples of |name| that have |labels| among theirs."""
    wanted = {(k, str(v)) for k, v in labels.items()}
    return sum(v for (n, pairs), v in found.items() if n == name and wanted <= pairs)
