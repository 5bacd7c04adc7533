"""Every datagram of every client reaches a shard that does not own its allocation: it is handed to
the one that does, and nobody can tell the difference."""

import e2e
import registries
import stun
from bench_process import Bench
from held_shards import HeldShards
from relay_process import SANITIZED, eventually
from turn_client import TurnError

CLIENTS = 24
ROUNDS = 50


class Steering:
    def held(self, **options):
        registry = self.registry_type(self)
        return HeldShards(self, *registry.options, **options)

    def allocations(self, shards):
        """A client for each of many flows, of which each shard owns some."""
        clients = []
        while len(clients) < CLIENTS or len({shards.shard_of_port(c.relay_port)
                                             for c in clients}) < shards.count:
            client = self.client()
            client.allocate()
            client.bind_channel(0x4000, client.relayed[4])
            clients.append(client)
        return clients

    def test_every_datagram_is_relayed_in_order(self):
        shards = self.held().start()
        clients = self.allocations(shards)
        shards.stop()
        shards.start(shift=1)
        for sequence in range(ROUNDS):
            for client in clients:
                for part in range(4):
                    client.send(0x4000, b"%d.%d" % (sequence, part))
            for client in clients:
                for part in range(4):
                    self.assertEqual(client.receive(), (0x4000, b"%d.%d" % (sequence, part)))
        self.assertGreaterEqual(shards.total("redirect_sent_packets"), CLIENTS * ROUNDS * 4)
        self.assertEqual(shards.total("redirect_received_packets"),
                         shards.total("redirect_sent_packets"))
        for dropped in ("redirect_owner_busy", "redirect_owner_gone", "redirect_errors",
                        "redirect_hop_limit", "redirect_malformed", "misrouted_room_full",
                        "misrouted_flow_full", "misrouted_no_budget", "misrouted_too_many",
                        "misrouted_owner_unknown"):
            self.assertEqual(shards.total(dropped), 0, dropped)
        # The owners are asked for once a flow, not once a datagram.
        self.assertLess(shards.total("misrouted_look_ups"), 2 * len(clients))

    def test_every_request_is_answered_by_the_owner(self):
        shards = self.held().start()
        clients = self.allocations(shards)
        shards.stop()
        shards.start(shift=3)
        for client in clients:
            before = client.relayed
            client.refresh()
            client.bind_channel(0x4001, stun.Address("127.0.0.1", 9))
            client.request(stun.CREATE_PERMISSION,
                           (stun.XOR_PEER_ADDRESS, stun.Address("127.0.0.1", 9)))
            # Another Allocate of the five-tuple finds the first one, wherever it is.
            with self.assertRaises(TurnError) as caught:
                client.allocate()
            self.assertEqual(caught.exception.code, 437)
            self.assertEqual(client.relayed, before)
            client.refresh(0)
            client.allocate()
        self.assertGreaterEqual(shards.total("claims_held"), len(clients))
        self.assertEqual(shards.total("allocations"), len(clients))

    def test_a_retransmitted_allocate_gets_its_answer_again(self):
        shards = self.held().start()
        client = self.client()
        client.nonce = None
        with self.assertRaises(TurnError):
            client.refresh()  # gets a nonce: 437, since there is no allocation
        message = client.message(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP))
        answer = client.transact(message)
        self.assertEqual(answer.code, 0)
        shards.stop()
        shards.start(shift=2)
        again = client.transact(message)
        self.assertEqual(again.addresses(stun.XOR_RELAYED_ADDRESS),
                         answer.addresses(stun.XOR_RELAYED_ADDRESS))
        self.assertEqual(shards.total("allocations"), 1)

    def test_a_reserved_port_is_given_by_the_shard_that_has_it(self):
        """The second Allocate, with the token, comes from another port, so to any shard."""
        shards = self.held().start()
        for _ in range(8):
            first = self.client()
            token = first.allocate((stun.EVEN_PORT, b"\x80")).get(stun.RESERVATION_TOKEN)
            second = self.client(credential=first.credential)
            second.allocate((stun.RESERVATION_TOKEN, token))
            self.assertEqual(second.relay_port, first.relay_port + 1)
        self.assertGreater(shards.total("redirect_sent_packets"), 0)

    def test_members_that_leave_and_join_the_group(self):
        """Shards that bind for themselves: when one leaves, the kernel moves flows of others."""
        registry = self.registry_type(self)
        options = (*e2e.LOOPBACK_PEERS, *registry.options)

        def start(k):
            return self.relay(*options, command=f"shard --shard {k}", shards=4, public6=None)
        shards = HeldShards(self, *registry.options, count=0)
        shards.count, shards.shards = 4, [start(k) for k in range(4)]
        clients = self.allocations(shards)
        others = [c for c in clients if shards.shard_of_port(c.relay_port) != 1]
        shards.shards[1].stop()
        for sequence in range(20):
            for client in others:
                client.send(0x4000, b"%d" % sequence)
            for client in others:
                self.assertEqual(client.receive(), (0x4000, b"%d" % sequence))
        self.assertGreater(shards.total("redirect_sent_packets"), 0)
        shards.shards[1] = start(1)
        for client in clients:
            self.assert_echoes(client, 0x4000)

    def test_a_load_is_relayed_at_the_wrong_shards(self):
        """relay-bench over 400 allocations; the sockets change hands under it."""
        allocations = 100 if SANITIZED else 400
        shards = self.held().start()
        bench = Bench(self, "--allocations", allocations, "--rate", 4000 if SANITIZED else 20000,
                      duration_sec=8)
        eventually("all have their channels", lambda: shards.total("channels") == allocations)
        shards.stop()
        shards.start(shift=1)
        before = shards.total("redirect_sent_packets")
        result = bench.result()
        self.assertGreater(shards.total("redirect_sent_packets") - before, 1000)
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(result["setup"]["deleted"], allocations)
        for way in ("up", "down"):
            self.assertEqual(result["traffic"][way]["reordered"], 0)
            self.assertEqual(result["traffic"][way]["misdelivered"], 0)
        self.assertEqual(shards.total("redirect_owner_busy"), 0)
        print(f"{shards.total('redirect_sent_packets')} datagrams handed over in "
              f"{shards.total('redirect_sent_messages')} messages")


globals().update(registries.for_each(type("Steering", (Steering, e2e.E2eTest), {}),
                                     sanitized=(registries.LocalRegistry,)))

if __name__ == "__main__":
    e2e.main()
