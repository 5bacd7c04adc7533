"""A shard's counter page says when the shard was last awake: an idle one is, every few seconds, also
without a registry; one that is stopped is not."""

import os
import signal
import time

import e2e
from relay_process import eventually


class SignOfLife(e2e.E2eTest):
    def seen(self, shard):
        return self.relay_under_test.counters(shard)["seen_mono_usec"]

    def assert_awake(self, shard):
        before = self.seen(shard)
        eventually("the shard wakes up", lambda: self.seen(shard) > before)

    def test_idle_and_stopped(self):
        # Nobody listens on this port: the registry is away from the beginning.
        for registry in ((), ("--coordination", "redis://127.0.0.1:1")):
            with self.subTest(registry=registry):
                self.relay_under_test = self.relay(*registry, shards=2)
                for shard in range(2):
                    self.assert_awake(shard)
                    self.assertLessEqual(self.seen(shard), time.monotonic_ns() // 1000)
                pid = self.relay_under_test.shard_pid(0)
                os.kill(pid, signal.SIGSTOP)
                try:
                    stopped = self.seen(0)
                    for _ in range(2):
                        self.assert_awake(1)
                    self.assertEqual(self.seen(0), stopped)
                finally:
                    os.kill(pid, signal.SIGCONT)
                self.assert_awake(0)
                self.relay_under_test.stop()


if __name__ == "__main__":
    e2e.main()
