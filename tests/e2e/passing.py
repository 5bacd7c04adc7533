"""passing.py — a relay that gets its sockets from the test, by the LISTEN_FDS convention."""

import sys

# Becomes the program behind it, which gets the descriptors named in front in the LISTEN_FDS way.
PASSING = """
import os, sys
fds = [os.dup(int(fd)) for fd in sys.argv[1].split(",")]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"] = str(len(fds)), str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def passing(*sockets):
    """Arguments of a relay that gets |sockets| from us."""
    fds = [sock.fileno() for sock in sockets]
    prefix = (sys.executable, "-c", PASSING, ",".join(map(str, fds)))
    return {"prefix": prefix, "pass_fds": fds}
