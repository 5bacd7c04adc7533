#!/usr/bin/env python3
"""Each source file is at most 500 lines long and opens with the one sentence that says its job.

    check_files.py length|comment ROOT
"""

import pathlib
import re
import sys

from source_tree import c_files, finish

LINES_MAX = 500


def length_findings(root):
    files = c_files(root)
    findings = []
    for path in files:
        lines = len(path.read_bytes().splitlines())
        if lines > LINES_MAX:
            findings.append(f"{path}: {lines} lines, at most {LINES_MAX}: split it by concept")
    return findings, len(files)


def comment_findings(root):
    files = c_files(root)
    findings = []
    for path in files:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        opening = f"/* {path.name} — "
        if not re.match(re.escape(opening) + r"[^\s*]", first):
            findings.append(f"{path}:1: does not open with '{opening}<its job in one sentence>'")
    return findings, len(files)


if __name__ == "__main__":
    CHECKS = {"length": length_findings, "comment": comment_findings}
    finish(*CHECKS[sys.argv[1]](pathlib.Path(sys.argv[2])), "files")
