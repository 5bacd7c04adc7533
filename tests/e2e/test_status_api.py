"""What the status page asks for: the map of relay ports while a shard hangs and after it died, and
the owner of a client and of a relay port, also when the registry does not answer."""

import json
import os
import signal
import socket
import urllib.parse

import e2e
import http_client
import registries
from relay_process import eventually, is_gone

SHARDS = 2


def get_json(path):
    status, body = http_client.ask(path)
    if status != 200:
        raise AssertionError(f"{path}: {status} {body}")
    return json.loads(body)


def open_ports():
    """The shard of each open relay port."""
    return {port: shard for first, last, shard in get_json("/api/ports")["runs"]
            for port in range(first, last + 1)}


def owner_of(**question):
    return http_client.ask("/api/owner?" + urllib.parse.urlencode(question))


class Ports(e2e.E2eTest):
    def wait_ports(self, expected):
        try:
            eventually("the map is as expected", lambda: open_ports() == expected)
        except AssertionError as late:
            raise AssertionError(f"{late}: {open_ports()} is not {expected}") from None

    def test_the_map_through_hang_kill_and_resize(self):
        relay = self.relay(shards=SHARDS)
        self.wait_ports({})
        ports = {}
        while len(ports) < 8 or len(set(ports.values())) < SHARDS:
            client = self.client(server=("127.0.0.1", "::1")[len(ports) % 2])
            client.allocate()
            ports[client.relay_port] = relay.shard_of_port(client.relay_port)
        self.wait_ports(ports)

        pid = relay.shard_pid(1)
        os.kill(pid, signal.SIGSTOP)
        eventually("it is marked", lambda: get_json("/api/shards")["shards"][1]["state"] == "hangs")
        self.assertEqual(open_ports(), ports)
        os.kill(pid, signal.SIGKILL)
        eventually("it is gone", lambda: is_gone(pid))
        eventually("it serves again",
                   lambda: get_json("/api/shards")["shards"][1]["pid"] not in (None, pid))
        self.wait_ports(ports)

        # What belonged to shard 1 is adopted by shard 0, outside of the slice that it had.
        relay.stop()
        self.relay(shards=1)
        self.wait_ports(dict.fromkeys(ports, 0))


class Owner:
    def test_a_client_and_a_port(self):
        registry = self.registry_type(self)
        relay = self.relay(*registry.options, shards=SHARDS)
        for server in ("127.0.0.1", "::1"):
            client = self.client(server=server)
            client.allocate()
            text = ("[{}]:{}" if ":" in server else "{}:{}").format(*client.local[:2])
            for question in ({"client": text}, {"relay_port": client.relay_port}):
                status, body = owner_of(**question)
                self.assertEqual(status, 200, body)
                found, = json.loads(body)["allocations"]
                self.assertEqual((found["client"], found["relay_port"], found["shard"]),
                                 (text, client.relay_port,
                                  relay.shard_of_port(client.relay_port)))
                self.assertTrue(found["lease_held"])
                self.assertTrue(500 < found["left_sec"] <= 600)
                self.assertNotIn(client.credential.username, body)
        self.assertEqual(owner_of(client="192.0.2.1:4000"), (200, '{"allocations":[]}'))
        self.assertEqual(owner_of(client="192.0.2.1")[0], 400)


class OwnerAway(e2e.E2eTest):
    def test_no_answer_is_told_and_a_question_does_not_hold_up_the_end(self):
        registry = registries.RedisRegistry(self)
        relay = self.relay(*registry.options, shards=1)
        registry.redis.pause()
        status, body = owner_of(relay_port=50000)
        self.assertEqual(status, 503, body)
        self.assertIn("registry does not answer", body)
        with socket.create_connection(http_client.ADDR) as asking:
            asking.sendall(b"GET /api/owner?relay_port=50001 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            relay.stop()


globals().update(registries.for_each(type("Owner", (Owner, e2e.E2eTest), {})))

if __name__ == "__main__":
    e2e.main()
