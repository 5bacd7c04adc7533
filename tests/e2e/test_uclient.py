"""turnutils_uclient of Debian's coturn, a client that nobody here wrote: each message of each
client is answered, over IPv4 and IPv6, whatever shard a client reaches."""

import re

import e2e
import namespace
from relay_process import SECRET, eventually

CLIENTS = (1, 20, 200)
MESSAGES = 10
PEER_PORT = 3480
FAMILIES = ((4, "127.0.0.1", ()), (6, "::1", ("-x",)))


class Uclient(e2e.E2eTest):
    shards = 0  # said by the classes below

    def check(self):
        # It draws channel numbers of RFC 5766, beyond those of RFC 8656.
        relay = self.relay("--rfc5766-channels", *e2e.LOOPBACK_PEERS, shards=self.shards)
        for family, address, _ in FAMILIES:
            self.program(f"peer-{family}", "turnutils_peer", "-L", address, "-p", PEER_PORT)
        eventually("both peers listen", lambda: {
            family for family, _, port in namespace.bound_udp() if port == PEER_PORT
        } == {4, 6})
        # All at once: nearly all of its time it sleeps.
        runs = [(clients, self.program(f"uclient-{family}-{clients}", *self.command(
            clients, address, flags)))
            for clients in CLIENTS for family, address, flags in FAMILIES]
        for clients, run in runs:
            self.assertEqual(run.wait(90), 0, run.text())
            self.check_report(run.text(), clients * MESSAGES)
        sent = len(FAMILIES) * sum(CLIENTS) * MESSAGES
        self.assertEqual(relay.total("relayed_to_peer_packets"), sent)
        self.assertEqual(relay.total("relayed_to_client_packets"), sent)
        for shard in range(self.shards):
            self.assertGreater(relay.counters(shard)["relayed_to_peer_packets"], 0, shard)

    @staticmethod
    def command(clients, address, flags):
        return ("turnutils_uclient", "-c", *flags, "-W", SECRET, "-u", "e2e", "-m", clients, "-n",
                MESSAGES, "-l", 170, "-e", address, "-r", PEER_PORT, address)

    def check_report(self, report, messages):
        totals = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", report)[-1]
        self.assertEqual(totals, (str(messages), str(messages)), report)
        self.assertRegex(report, r"Total lost packets 0 \(0\.0+%\)")


class TwoShards(Uclient):
    shards = 2

    def test_each_message_is_answered(self):
        self.check()


class FourShards(Uclient):
    shards = 4

    def test_each_message_is_answered(self):
        self.check()


if __name__ == "__main__":
    e2e.main()
