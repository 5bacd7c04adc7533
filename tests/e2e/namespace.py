"""namespace.py — network namespaces: one of its own for each test program, more for its hosts.

In a namespace of its own a test has UDP port 3478 to itself, can run beside any other test, and
leaves nothing behind: interfaces and sockets go when the last process in it ends.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys

_CLONE_NEWNET = 0x40000000
_ENTERED = "RELAY_E2E_NAMESPACE"
# Ports that sockets get which ask for none: never one that was a relayed one a moment ago, and whose
# peer still sends there.
_PORTS = "32768 49151"
# As root; and for everybody else where the system lets users make namespaces.
_WAYS = (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"])

_libc = ctypes.CDLL(None, use_errno=True)


def run(*command):
    """Runs a command that has to succeed."""
    subprocess.run(command, check=True)


def enter(with_mounts=False):
    """Runs this program again in a network namespace of its own, unless it is in one already;
    |with_mounts|: where it can also mount what nobody else sees."""
    if os.environ.get(_ENTERED) == "yes":
        _set_up()
        return
    refusals = []
    for way in _WAYS:
        way = [*way, *(["--mount"] if with_mounts else [])]
        tried = subprocess.run([*way, "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            os.environ[_ENTERED] = "yes"
            os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv])
        refusals.append(f"    {' '.join(way)}: {tried.stderr.strip()}")
    sys.exit(
        "The end-to-end tests need a network namespace, and none can be made here:\n"
        + "\n".join(refusals)
        + "\nRun them as root, or allow unprivileged user namespaces."
    )


def _set_up():
    run("ip", "link", "set", "lo", "up")
    with contextlib.suppress(OSError):
        _write("/proc/sys/net/ipv4/ip_local_port_range", _PORTS)
    if not _has_ip6_loopback():
        for name in ("all", "default", "lo"):
            with contextlib.suppress(OSError):
                _write(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "0")
        if not _has_ip6_loopback():
            sys.exit("The end-to-end tests need IPv6, and this kernel or container has none.")


def _has_ip6_loopback():
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            return any(line.startswith("0" * 31 + "1 ") for line in file)
    except FileNotFoundError:
        return False


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Namespace:
    """A second network namespace, for the host of clients or peers.

        with other:
            sock = socket.socket(…)    # belongs to |other| for good
    """

    def __init__(self):
        self._own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        ready_read, ready_write = os.pipe()
        end_read, self._end_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            # Keeps the namespace until this program ends or closes its end of the pipe.
            os.close(self._end_write)
            is_made = _libc.unshare(_CLONE_NEWNET) == 0
            os.write(ready_write, b"y" if is_made else b"n")
            os.read(end_read, 1)
            os._exit(0)
        os.close(end_read)
        os.close(ready_write)
        is_made = os.read(ready_read, 1) == b"y"
        os.close(ready_read)
        self._fd = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        if not is_made:
            self.close()
            raise OSError("no second network namespace can be made")
        with self:
            _set_up()

    def __enter__(self):
        self._switch(self._fd)
        return self

    def __exit__(self, *_):
        self._switch(self._own)

    @staticmethod
    def _switch(fd):
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"setns: {os.strerror(error)}")

    def connect(self, here, there):
        """Makes a pair of interfaces: |here| in the test's namespace and |there| in this one,
        both up, without addresses of their own making (duplicate address detection takes
        seconds)."""
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        run("ip", "link", "set", there, "netns", str(self.pid))
        _bring_up(here)
        with self:
            _bring_up(there)

    def close(self):
        """Gives the namespace back."""
        os.close(self._end_write)
        os.close(self._fd)
        os.close(self._own)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _bring_up(interface):
    run("ip", "link", "set", interface, "addrgenmode", "none")
    run("ip", "link", "set", interface, "up")


def add_address(interface, address):
    """Gives |interface| of the current namespace an address such as 192.0.2.1/24, usable at
    once."""
    run("ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))


def bound_udp():
    """The UDP sockets of the current namespace: a set of (family, address as hex, port)."""
    sockets = set()
    for family, path in ((4, "/proc/self/net/udp"), (6, "/proc/self/net/udp6")):
        with open(path, encoding="ascii") as file:
            for line in file.readlines()[1:]:
                address, port = line.split()[1].split(":")
                sockets.add((family, address, int(port, 16)))
    return sockets
