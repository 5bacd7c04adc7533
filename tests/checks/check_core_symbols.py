#!/usr/bin/env python3
"""core/ does no I/O: its library needs nothing from outside but the functions listed here.

    check_core_symbols.py [--sanitized] NM ARCHIVE
"""

import re
import subprocess
import sys

from source_tree import finish

# Memory, strings, and the heap at start.
LIBC = {
    "bcmp", "memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strlen",
    "strncmp", "strnlen", "calloc", "free", "malloc", "qsort", "bsearch", "snprintf",
}
# What the compiler puts in: asserts, the stack protector, fortified forms, position independence.
COMPILER = {
    "__assert_fail", "__stack_chk_fail", "__memcpy_chk", "__memmove_chk", "__memset_chk",
    "__snprintf_chk", "_GLOBAL_OFFSET_TABLE_",
}
LIBCRYPTO = re.compile(r"(EVP_(MD|MAC|Digest)|CRYPTO_memcmp$|OPENSSL_cleanse$|OSSL_PARAM_)")
LIBCRYPTO_MEMBER = "crypto_openssl.c.o"
SANITIZERS = re.compile(r"__(asan|ubsan|sanitizer|sancov|start___sancov|stop___sancov)_")


def findings_of(nm_output, sanitized):
    """Judges the output of `nm -A`: (list of findings, number of undefined symbols)."""
    defined = set()
    undefined = []
    for line in nm_output.splitlines():
        # archive:member.o:[address] TYPE NAME
        where, _, rest = line.rpartition(":")
        fields = rest.split()
        if len(fields) == 3:
            defined.add(fields[2])
        elif len(fields) == 2 and fields[0] in "Uwv":
            undefined.append((where.rpartition(":")[2], fields[1]))
    findings = []
    for member, name in undefined:
        if name in defined or name in LIBC or name in COMPILER:
            continue
        if sanitized and SANITIZERS.match(name):
            continue
        if LIBCRYPTO.match(name):
            if member != LIBCRYPTO_MEMBER:
                findings.append(f"{member}: {name}: only {LIBCRYPTO_MEMBER} may use libcrypto")
            continue
        findings.append(f"{member}: {name}: the core must not use it")
    return findings, len(undefined)


def main(arguments):
    sanitized = "--sanitized" in arguments
    nm, archive = [a for a in arguments if a != "--sanitized"]
    output = subprocess.run([nm, "-A", archive], check=True, capture_output=True, text=True).stdout
    findings, seen = findings_of(output, sanitized)
    finish(findings, seen, "undefined symbols")


if __name__ == "__main__":
    main(sys.argv[1:])
