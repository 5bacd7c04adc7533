"""What every check shares: the C files of the tree, and how findings are reported."""

import pathlib
import sys

# The folders of the product, in the order of the dependency rule.
FOLDERS = ("core", "coord", "shard", "tools")


def c_files(root, folders=FOLDERS):
    """The .c and .h files under the given folders, sorted. Files that git does not know yet
    are included: a new file is checked before it is added."""
    root = pathlib.Path(root)
    return sorted(
        path
        for folder in folders
        for path in (root / folder).rglob("*.[ch]")
        if path.is_file()
    )


def finish(findings, seen, what):
    """Prints the findings, or what was seen, and ends the process. A check that saw nothing
    is broken: it fails too."""
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(f"{len(findings)} finding(s)")
    if seen == 0:
        sys.exit(f"nothing to check: no {what} found")
    print(f"{seen} {what} checked")
