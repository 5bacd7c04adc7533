#!/usr/bin/env python3
"""The README and --help agree: every option and environment variable that a program's help
names is documented, and every option in the README's tables is one that a program has.

    check_readme_options.py ROOT RELAY RELAYCTL RELAY_BENCH
"""

import pathlib
import re
import subprocess
import sys

from source_tree import finish

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
VARIABLE = re.compile(r"(?<![\w$-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])")
SUBCOMMAND = re.compile(r"^  ([a-z][a-z-]*)\s", re.MULTILINE)


def help_of(*command):
    result = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=False, timeout=20
    )
    if result.returncode != 0 or not result.stdout:
        sys.exit(f"{' '.join(command)} --help: exit {result.returncode}, {result.stderr.strip()}")
    return result.stdout


def names_in(text):
    return set(OPTION.findall(text)) | set(VARIABLE.findall(text))


def table_options(markdown):
    """The options in the first column of the tables."""
    return {
        option
        for line in markdown.splitlines()
        if line.startswith("| `--")
        for option in OPTION.findall(line.split("|")[1])
    }


def findings_of(helps, markdown):
    """|helps|: program name → help text. Returns (findings, number of names seen)."""
    documented = names_in(markdown)
    findings = []
    offered = set()
    for program, text in sorted(helps.items()):
        names = names_in(text)
        offered |= names
        findings += [f"{program} --help names {n}; the README does not"
                     for n in sorted(names - documented)]
    findings += [f"the README's tables name {n}; no program has it"
                 for n in sorted(table_options(markdown) - offered)]
    return findings, len(offered)


def main(root, relay, relayctl, relay_bench):
    root = pathlib.Path(root)
    markdown = "\n".join(
        path.read_text(encoding="utf-8") for path in [root / "README.md", *root.glob("docs/*.md")]
    )
    helps = {"relay": help_of(relay), "relayctl": help_of(relayctl),
             "relay-bench": help_of(relay_bench)}
    for subcommand in SUBCOMMAND.findall(helps["relayctl"]):
        helps[f"relayctl {subcommand}"] = help_of(relayctl, subcommand)
    finish(*findings_of(helps, markdown), "options and variables")


if __name__ == "__main__":
    main(*sys.argv[1:])
