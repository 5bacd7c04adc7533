#!/usr/bin/env python3
"""Dependencies point down: which headers the files of each folder may include.

    check_includes.py ROOT
"""

import pathlib
import re
import sys

from source_tree import FOLDERS, c_files, finish

# A folder sees itself and what is named here.
BELOW = {
    "core": (),
    "coord": ("core",),
    "shard": ("coord", "core"),
    "tools": ("coord", "core"),
}
# The core is sans-IO: these headers and no others. stdio.h stands for snprintf alone, which
# check_core_symbols makes sure of.
CORE_SYSTEM = {
    "assert.h", "inttypes.h", "limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h",
    "stdio.h", "stdlib.h", "string.h",
}
LIBCRYPTO_FILE = "crypto_openssl.c"

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def findings_of_file(path, folder, name, owner_of_header):
    """|name|: the path of the file from its folder, as headers are included."""
    findings = []
    quoted = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        where = f"{path}:{number}"
        header, system = match.groups()
        if header is not None:
            quoted.append(header)
            owners = owner_of_header.get(header, set())
            if not owners:
                findings.append(f"{where}: {header}: no such header in {', '.join(FOLDERS)}")
            elif not owners & {folder, *BELOW[folder]}:
                findings.append(f"{where}: {folder}/ must not include {min(owners)}/{header}")
        elif folder == "core" and system not in CORE_SYSTEM:
            if not (system.startswith("openssl/") and path.name == LIBCRYPTO_FILE):
                findings.append(f"{where}: core/ must not include <{system}>")
    own = name.removesuffix(".c") + ".h"
    if path.suffix == ".c" and path.with_suffix(".h").exists() and quoted[:1] != [own]:
        findings.append(f"{path}: include {own} first: it must stand on its own")
    return findings


def findings_of(root):
    files = c_files(root)
    places = [path.relative_to(root).as_posix().partition("/")[::2] for path in files]
    owner_of_header = {}
    for path, (folder, name) in zip(files, places):
        if path.suffix == ".h":
            owner_of_header.setdefault(name, set()).add(folder)
    findings = []
    for path, (folder, name) in zip(files, places):
        findings += findings_of_file(path, folder, name, owner_of_header)
    return findings, len(files)


if __name__ == "__main__":
    finish(*findings_of(pathlib.Path(sys.argv[1])), "files")
