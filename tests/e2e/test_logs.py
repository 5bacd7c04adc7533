"""What clients can do to the log: nothing, and no line for each packet."""

import e2e
import stun
from relay_process import SECRET, eventually
from stun import rest_credential

PACKETS = 1000
FORGED = 'eve\n2026-01-01T00:00:00.000Z error shard 0: forged\r\n{"message": "forged"}\x1b[2J"\\\t\x7f'


class Logs(e2e.E2eTest):
    def evil(self):
        """A client whose username, correctly signed, is made to deceive whoever reads the log."""
        client = self.client(credential=rest_credential(SECRET, name=FORGED))
        client.allocate()
        client.refresh(0)

    def test_a_username_is_one_value_of_a_json_line(self):
        relay = self.relay()
        self.evil()
        created = relay.wait_event("allocation created")
        self.assertNotIn("forged", [event["message"] for event in relay.events()])
        self.assertIn("eve", created["username"])
        self.assertNotIn("\x1b", relay.text())

    def test_a_username_stays_on_its_line(self):
        relay = self.launch(log_format="human")
        eventually("it serves", lambda: relay.text().count("shard ready") == 2)
        self.evil()
        eventually("it is logged", lambda: "allocation ended" in relay.text())
        lines = relay.text().splitlines()
        self.assertEqual(sum("forged" in line for line in lines), 1)
        self.assertTrue(all(line[:2] == "20" for line in lines), lines)
        self.assertFalse(any(ord(c) < 32 and c != "\n" or c == "\x7f" for c in relay.text()))

    def test_a_name_that_is_not_resolved_is_told_in_lines_of_ours(self):
        relay = self.relay("--coordination", "redis://redis.invalid", "--log-level", "debug")
        relay.wait_event("ownership registry is away; relaying goes on, "
                         "new allocations are claimed later", 2)
        relay.wait_event("libevent")  # no name server is reached from here
        relay.events()

    def test_packets_write_no_lines(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS, "--log-level", "info")
        client = self.client()
        client.allocate()
        client.bind_channel(0x4000, self.peer().address)
        stranger = self.client()
        before = len(relay.events())
        for i in range(PACKETS):
            client.send(0x4000, b"%d" % i)
            self.assertEqual(client.receive(), (0x4000, b"%d" % i))
            stranger.binding()
            stranger.send(0x4000, b"without an allocation")
            stranger.send_raw(b"\x00\x01garbage")
            stranger.transact(stun.build(stun.ALLOCATE))
        self.assertEqual(len(relay.events()), before)


if __name__ == "__main__":
    e2e.main()
