"""The state directory on a file system that can do less than others."""

import e2e

# What is mounted goes with the mount namespace, whose last process is the relay's.
MOUNT = ("unshare", "--mount", "sh", "-c", 'mount -t ramfs none "$0" && exec "$@"')
# Room for the secret and nothing else.
MOUNT_FULL = ("unshare", "--mount", "sh", "-c",
              'mount -t tmpfs -o size=4k none "$0" && exec "$@"')


class StateDir(e2e.E2eTest):
    def test_a_file_system_without_fallocate(self):
        """As ramfs here, so are NFS 3 and the shared folders of virtual machines."""
        self.relay(prefix=(*MOUNT, self.folder / "mounted"), shards=2,
                   state_dir=self.folder / "mounted/state")
        self.client().allocate()

    def test_a_full_file_system_is_told(self):
        relay = self.launch(prefix=(*MOUNT_FULL, self.folder / "mounted"), shards=2, secret=None,
                            state_dir=self.folder / "mounted/state")
        refusal = relay.wait_event("shard cannot start")
        self.assertIn("No space left on device", refusal["error"])
        relay.wait_event("shard cannot start; stopping")
        self.assertEqual(relay.wait(), 1)

    def setUp(self):
        super().setUp()
        (self.folder / "mounted").mkdir()


if __name__ == "__main__":
    e2e.main()
