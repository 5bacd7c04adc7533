#!/usr/bin/env python3
"""Every C file is formatted as .clang-format says. Releases of clang-format disagree in details,
so the release is pinned; another one is a failure, not a pass.

    check_format.py ROOT
"""

import pathlib
import re
import shutil
import subprocess
import sys

from source_tree import FOLDERS, c_files, finish

RELEASE = 14


def find_clang_format(candidates=(f"clang-format-{RELEASE}", "clang-format")):
    """The path of the pinned release; ends the process when there is none."""
    seen = []
    for candidate in candidates:
        program = shutil.which(candidate)
        if program is None:
            continue
        version = subprocess.run(
            [program, "--version"], check=True, capture_output=True, text=True
        ).stdout.strip()
        match = re.search(r"version (\d+)\.", version)
        if match and int(match.group(1)) == RELEASE:
            return program
        seen.append(f"{program} is {version}")
    found = "; ".join(seen) if seen else "none is installed"
    sys.exit(f"clang-format {RELEASE} is needed (apt-get install clang-format-{RELEASE}): {found}")


def findings_of(root, program):
    files = c_files(root, (*FOLDERS, "tests"))
    if not files:
        return [], 0
    result = subprocess.run(
        [program, "--style=file", "--dry-run", "-Werror", "--ferror-limit=1", *map(str, files)],
        cwd=root, capture_output=True, text=True, check=False,
    )
    findings = [line for line in result.stderr.splitlines() if ": error: " in line]
    if result.returncode != 0 and not findings:
        findings = [result.stderr.strip() or f"{program} ended with {result.returncode}"]
    return findings, len(files)


if __name__ == "__main__":
    finish(*findings_of(pathlib.Path(sys.argv[1]), find_clang_format()), "files")
