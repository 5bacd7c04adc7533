#!/usr/bin/env python3
"""The Debian package has what it is to have, as lintian wants it, with one version everywhere; its
scripts pass shellcheck; and the same build makes the same package again.

    check_package.py ROOT BUILD CPACK FOLDER VERSION     FOLDER holds the package
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from source_tree import finish

PROGRAMS = ("usr/bin/relay", "usr/bin/relayctl", "usr/bin/relay-bench",
            "usr/libexec/relay-portal", "usr/sbin/relay-rolling-restart")
FILES = PROGRAMS + (
    "etc/needrestart/conf.d/relay.conf",
    "etc/relay/relay.env",
    "usr/lib/systemd/system/relay-portal.service",
    "usr/lib/systemd/system/relay.target",
    "usr/lib/systemd/system/relay@.service",
    "usr/lib/systemd/system/relay@.socket",
    "usr/lib/sysusers.d/relay.conf",
    "usr/lib/tmpfiles.d/relay.conf",
    "usr/share/doc/relay/README.md.gz",
    "usr/share/doc/relay/alert-rules.yml",
    "usr/share/doc/relay/changelog.gz",
    "usr/share/doc/relay/copyright",
    "usr/share/doc/relay/grafana-dashboard.json",
    "usr/share/man/man8/relay-rolling-restart.8.gz",
)
# The file of passwords is for root alone.
MODES = {"etc/relay/relay.env": "-rw-------"}
FOLDERS = ("etc/", "usr/")


def run(*command, may_fail=False, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                          **options)
    if done.returncode != 0 and not may_fail:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def content_findings(package):
    modes = {}
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner, _, _, _, name = line.split(None, 5)
        name = name.removeprefix("./")
        if owner != "root/root":
            yield f"{name} belongs to {owner}"
        if not name.startswith(FOLDERS):
            yield f"{name} is in no folder of the package's"
        modes[name] = mode
    for name in sorted(set(FILES) - set(modes)):
        yield f"{name} is missing"
    for name, mode in modes.items():
        wanted = MODES.get(name)
        if wanted is None and name in PROGRAMS:
            wanted = "-rwxr-xr-x"
        elif wanted is None:
            wanted = "drwxr-xr-x" if name.endswith("/") else "-rw-r--r--"
        if mode != wanted:
            yield f"{name} has mode {mode}, not {wanted}"
    configuration = sorted(f"/{name}" for name in modes
                           if name.startswith("etc/") and not name.endswith("/"))
    control = run("dpkg-deb", "--info", package, "conffiles").split()
    if control != configuration:
        yield f"conffiles are {control}, not {configuration}"


def version_findings(package, version, folder):
    packaged = run("dpkg-deb", "--field", package, "Version").strip()
    if packaged != version:
        yield f"{package.name} is of version {packaged}, not {version}"
    run("dpkg-deb", "--extract", package, folder)
    for program in PROGRAMS[:4]:
        said = run(folder / program, "--version").split()
        if said != [program.rpartition("/")[2], version]:
            yield f"{program} --version says {said}, not {version}"
    for unit in (folder / "usr/lib/systemd/system").iterdir():
        for program in re.findall(r"^Exec\w+=[-+:@!]*/(usr/\S+)",
                                  unit.read_text(encoding="utf-8"), re.MULTILINE):
            if program not in PROGRAMS:
                yield f"{unit.name} runs {program}, which is not in the package"


def main():
    root, build, cpack, made = map(pathlib.Path, sys.argv[1:5])
    version = sys.argv[5]
    package = next(made.glob(f"relay_{version}_*.deb"), None)
    if package is None:
        sys.exit(f"no package of version {version} in {made}")
    findings = list(content_findings(package))
    with tempfile.TemporaryDirectory(prefix="relay-package-") as name:
        folder = pathlib.Path(name)
        findings += version_findings(package, version, folder / "files")
        # |package| was made of the same build at another time.
        epoch = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        run(cpack, "--config", build / "CPackConfig.cmake", "-B", folder / "again", env=epoch)
        again = next((folder / "again").glob("*.deb"))
        if again.read_bytes() != package.read_bytes():
            findings.append(f"{again.name} differs when it is made again")
    findings += run("lintian", "--allow-root", "--fail-on", "none", package).splitlines()
    scripts = [root / "systemd/relay-rolling-restart",
               *(root / "cmake/package" / name for name in ("postinst", "prerm", "postrm"))]
    findings += run("shellcheck", *scripts, may_fail=True).splitlines()
    finish(findings, len(FILES), "files of the package")


if __name__ == "__main__":
    main()
