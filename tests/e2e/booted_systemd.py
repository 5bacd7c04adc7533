"""booted_systemd.py — a real systemd, booted for one test, with this build installed.

It runs in namespaces of its own, on an overlay of this system's root whose upper layer is in
memory: nothing of the host is written, nothing of the host's configuration is started, and all of
it is gone when the test ends, whatever way. Only the network is the test's. It has a cgroup of its
own, in a mount of the test's, so that it does not matter how the host has mounted them.
"""

import os
import pathlib
import subprocess
import sys
import time

from relay_process import clean_environment, eventually

SKIPPED = 77  # the exit code that ctest shows as such
BUILD_DIR = os.environ.get("RELAY_E2E_BUILD_DIR", "")

# Prepares a root in $1 with what the build in $2, if any, installs, and becomes its first process.
_BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/shm dev/pts
for device in null zero full random urandom tty; do
    : > "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
# PrivateDevices= makes a /dev like this one, and wants all of it to be there.
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
# No service of the host, whether its packages or its administrator want it. But the journal.
mount -t tmpfs -o mode=0755 tmpfs etc/systemd/system
for target in basic graphical local-fs multi-user sockets sysinit timers; do
    [ ! -d "lib/systemd/system/$target.target.wants" ] ||
        mount -t tmpfs -o mode=0755 tmpfs "lib/systemd/system/$target.target.wants"
done
mkdir -p etc/systemd/system/sysinit.target.wants etc/systemd/journald.conf.d
ln -s /lib/systemd/system/systemd-journald.service etc/systemd/system/sysinit.target.wants/
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > etc/systemd/journald.conf.d/e2e.conf
echo mounted
rm -rf etc/relay
if [ -n "$2" ]; then
    DESTDIR="$PWD" cmake --install "$2" --prefix /usr > /dev/null
    systemd-sysusers --root="$PWD" relay.conf
    systemd-tmpfiles --root="$PWD" --create relay.conf
fi
mkdir old-root
pivot_root . old-root
umount -l /old-root
rmdir /old-root
# As on a host: units get their namespaces from here.
mount --make-rshared /
exec env -i container=relay-e2e PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=0
"""

# Waits for the end of the test, then for that of its cgroup $1.
_CLEAN_UP = r"""
read -r _
[ ! -e "$1/cgroup.kill" ] || echo 1 > "$1/cgroup.kill"
for _ in $(seq 200); do
    find "$1" -depth -type d -exec rmdir {} + 2> /dev/null
    [ -d "$1" ] || exit 0
    sleep 0.02
done
echo "not removed: $1" >&2
"""


def _why_not():
    """Why no systemd can be booted here; None when nothing is known against it."""
    if os.geteuid() != 0 or not _is_initial_user_namespace():
        return "it takes root"
    if not os.path.exists("/lib/systemd/systemd"):
        return "systemd is not installed"
    if not BUILD_DIR:
        return "RELAY_E2E_BUILD_DIR is not set"
    return None


def _is_initial_user_namespace():
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return file.read().split() == ["0", "0", "4294967295"]


def _skip(why):
    """Ends the test program: not passed, and seen to be not."""
    print(f"SKIPPED: no systemd can be booted here: {why}.\nThe units are judged by "
          "systemd-analyze only, and the relay's part in the protocols by e2e_notify and "
          "e2e_passed_sockets.", file=sys.stderr, flush=True)
    os._exit(SKIPPED)


class BootedSystemd:
    """Boots, with this build or, unless |is_installed|, without; what it says afterwards is in
    systemd.log, and its journal in journal.log."""

    def __init__(self, test, is_installed=True):
        why = _why_not()
        if why is not None:
            _skip(why)
        self._test = test
        cgroups = test.folder / "cgroups"
        root = test.folder / "root"
        for path in (cgroups, root):
            path.mkdir()
        mounted = subprocess.run(["mount", "-t", "cgroup2", "cgroup2", cgroups],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            _skip(mounted.stderr.strip())
        test.addCleanup(subprocess.run, ["umount", cgroups], check=True)
        cgroup = cgroups / f"relay-e2e-{os.getpid()}-{time.monotonic_ns()}"
        cgroup.mkdir()
        cleaner = subprocess.Popen(["sh", "-c", _CLEAN_UP, "sh", cgroup], stdin=subprocess.PIPE,
                                   start_new_session=True)
        test.addCleanup(cleaner.wait)
        test.addCleanup(cleaner.stdin.close)
        self._program = test.program(
            "systemd", "sh", "-c", 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"', "sh",
            cgroup, "unshare", "--cgroup", "--mount", "--pid", "--ipc", "--uts", "--fork",
            "--kill-child", "sh", "-c", _BOOT, "sh", root, BUILD_DIR if is_installed else "")
        self.pid = eventually("its first process", self._first_process)
        self._enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--ipc", "--uts",
                       "--cgroup", "--"]
        self.root = pathlib.Path(f"/proc/{self.pid}/root")
        eventually("systemd runs", self._is_up)
        test.addCleanup(self._keep_journal)

    def _first_process(self):
        self._check_alive()
        with open(f"/proc/{self._program.pid}/task/{self._program.pid}/children",
                  encoding="ascii") as file:
            return int((file.read().split() or ["0"])[0])

    def _check_alive(self):
        if self._program.is_running():
            return
        said = self._program.text()
        if "mounted\n" in said:
            raise AssertionError("what is installed does not boot:\n" + said)
        _skip("its root cannot be mounted:\n" + said)

    def _is_up(self):
        self._check_alive()
        return self.run("systemctl", "is-system-running", check=False).stdout == "running\n"

    def _keep_journal(self):
        (self._test.folder / "journal.log").write_text(self.journal(), encoding="utf-8")

    def run(self, *command, check=True):
        """Runs a command inside."""
        done = subprocess.run([*self._enter, *map(str, command)], capture_output=True, text=True,
                              env=clean_environment(), stdin=subprocess.DEVNULL, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def systemctl(self, *words, check=True):
        return self.run("systemctl", *words, check=check)

    def show(self, unit, name):
        """A property of a unit."""
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def main_pid(self, unit):
        """The main process of a service, by its number out here; 0 when there is none."""
        inside = int(self.show(unit, "MainPID"))
        if inside == 0:
            return 0
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and self._pid_inside(entry) == inside:
                return int(entry.name)
        return 0

    def _pid_inside(self, entry):
        try:
            if os.readlink(entry / "ns/pid") != os.readlink(f"/proc/{self.pid}/ns/pid"):
                return None
            with open(entry / "status", encoding="utf-8", errors="replace") as file:
                for line in file:
                    if line.startswith("NSpid:"):
                        return int(line.split()[-1])
        except OSError:
            pass
        return None

    def journal(self, *units):
        """What the journal has, of |units| or of all."""
        words = [word for unit in units for word in ("--unit", unit)]
        return self.run("journalctl", "--no-pager", "--output", "short-precise", *words,
                        check=False).stdout

    def wait_journal(self, unit, text):
        """Waits until the journal has |text| of |unit|: it is written behind the events."""
        eventually(f"{text!r} in the journal of {unit}", lambda: text in self.journal(unit))

    def write(self, path, text):
        """Writes a file inside."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
