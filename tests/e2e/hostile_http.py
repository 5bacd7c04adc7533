"""hostile_http.py — HTTP clients that mean no good, all at once, until they are stopped: a thread
for each in a test, or a program of their own that runs until SIGTERM."""

import errno
import resource
import selectors
import signal
import socket
import threading
import time

from http_client import ADDR

IDLE = 2000
STEP_SEC = 0.01


def raise_descriptor_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


class Hostile:
    """|idle| connections that do nothing and are made again when they are closed, and beside them
    clients of each other kind, |busy| of each."""

    def __init__(self, idle=IDLE, busy=8):
        raise_descriptor_limit(idle + 1024)
        self._is_stopping = False
        self.counts = {"idle": 0}
        self._threads = [threading.Thread(target=self._be_idle, args=(idle,))]
        for kind in (self._endless_headers, self._byte_by_byte, self._garbage, self._pipelines,
                     self._huge_urls, self._half_closed, self._never_reads):
            name = kind.__name__.strip("_")
            self.counts[name] = 0
            self._threads += [threading.Thread(target=self._repeat, args=(name, kind))
                              for _ in range(busy)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._is_stopping = True
        for thread in self._threads:
            thread.join()

    def _be_idle(self, count):
        """Connects without waiting, in bursts, so that all shards have all they can take."""
        selector = selectors.DefaultSelector()
        alive = 0
        while not self._is_stopping:
            for _ in range(min(100, count - alive)):
                sock = socket.socket()
                sock.setblocking(False)
                if sock.connect_ex(ADDR) not in (0, errno.EINPROGRESS):
                    sock.close()
                    break
                selector.register(sock, selectors.EVENT_READ)
                alive += 1
                self.counts["idle"] += 1
            for key, _ in selector.select(STEP_SEC):
                selector.unregister(key.fileobj)
                key.fileobj.close()
                alive -= 1
            time.sleep(STEP_SEC)
        for key in list(selector.get_map().values()):
            key.fileobj.close()
        selector.close()

    def _repeat(self, name, kind):
        while not self._is_stopping:
            with socket.socket() as sock:
                sock.settimeout(1.0)
                try:
                    sock.connect(ADDR)
                    kind(sock)
                except OSError:
                    pass
                self.counts[name] += 1

    def _endless_headers(self, sock):
        sock.sendall(b"GET / HTTP/1.1\r\n")
        while not self._is_stopping:
            sock.sendall(b"X-Endless: " + b"x" * 100 + b"\r\n")

    def _byte_by_byte(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"GET / HTTP/1.1\r\nX: ")
        while not self._is_stopping:
            sock.sendall(b"x")
            time.sleep(STEP_SEC)

    def _garbage(self, sock):
        sock.sendall(bytes(range(256)) * 64)
        sock.recv(4096)

    def _pipelines(self, sock):
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        sock.recv(4096)

    def _huge_urls(self, sock):
        sock.sendall(b"GET /" + b"x" * 100000)
        sock.recv(4096)

    def _half_closed(self, sock):
        sock.sendall(b"GET /metrics HT")
        sock.shutdown(socket.SHUT_WR)
        sock.recv(4096)

    def _never_reads(self, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.2)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    HOSTILE = Hostile()
    signal.sigwait({signal.SIGTERM})
    HOSTILE.stop()
