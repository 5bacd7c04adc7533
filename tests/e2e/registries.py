"""registries.py — each ownership registry that the tests run a relay with."""

from redis_process import Redis
from relay_process import SANITIZED


class RedisRegistry:
    """A Redis of the test's own, which keeps nothing on disk."""

    name = "redis"

    def __init__(self, test):
        self.redis = Redis(test.folder)
        test.addCleanup(self.redis.kill)
        self.options = ("--coordination", self.redis.url, "--instance", "test")


class LocalRegistry:
    """The embedded store, in the state directory."""

    name = "local"

    def __init__(self, test):
        self.folder = test.folder / "state"
        self.options = ("--coordination", "local", "--instance", "test")


ALL = (RedisRegistry, LocalRegistry)


def for_each(base, sanitized=ALL):
    """The test cases of |base| for each registry, by their names. In a build with sanitizers, which
    takes several times as long, for |sanitized| only."""
    return {f"{base.__name__}{registry.__name__}": type(f"{base.__name__}{registry.__name__}",
                                                        (base,), {"registry_type": registry})
            for registry in (sanitized if SANITIZED else ALL)}
