#!/usr/bin/env python3
"""The manual pages and --help agree: each command, option, environment variable and default that a
program's help names is in its page as it is there, and nothing that the program has not.

    check_man_pages.py FOLDER RELAY RELAYCTL RELAY_BENCH

In a page each option is an item, `.It Fl -name …`, of the section or subsection of its command, or of
COMMON OPTIONS. In the item "Environment:" begins its variables, each an `.Ev`, and a line "Default: …."
is its default.
"""

import collections
import pathlib
import re
import sys

from check_readme_options import SUBCOMMAND, help_of, rows_of
from source_tree import finish

COMMON = "COMMON OPTIONS"
ITEM = re.compile(r"Fl -([a-z][a-z0-9-]*)")


def items_of(page):
    """Section → option → (variables, default or None), and all subsections."""
    items = collections.defaultdict(dict)
    section, option, in_variables = None, None, False
    for line in page.splitlines():
        macro, _, rest = line.partition(" ")
        if macro in (".Sh", ".Ss"):
            section, option = rest, None
        elif macro == ".El":
            option = None
        elif macro == ".It":
            option = "--" + ITEM.search(rest).group(1) if ITEM.search(rest) else None
            in_variables = False
            if option:
                items[section][option] = (set(), None)
        elif option and line == "Environment:":
            in_variables = True
        elif option and macro == ".Ev" and in_variables:
            items[section][option][0].add(rest.split()[0])
            in_variables = not rest.endswith(".")
        elif option and line.startswith("Default: "):
            default = line[len("Default: "):].rstrip(".").replace("\\e", "\\")
            items[section][option] = (items[section][option][0], default)
    return items


def findings_of_command(name, help_text, items):
    """|items|: option → (variables, default), of the command's page or part of it."""
    findings = []
    rows = rows_of(help_text)[0]
    for option, (variables, default) in sorted(rows.items()):
        if option not in items:
            findings.append(f"{name} --help names {option}; the manual does not")
            continue
        if items[option][0] != variables:
            findings.append(f"{name} {option}: environment is {sorted(variables)}, the manual says "
                            f"{sorted(items[option][0])}")
        if items[option][1] != default:
            findings.append(f"{name} {option}: default is '{default}', the manual says "
                            f"'{items[option][1]}'")
    return findings, rows


def findings_of_page(program, help_text, command_helps, page):
    """|command_helps|: command → help text, of a program that has a help for each. Returns (findings,
    number of options seen)."""
    items = items_of(page)
    named = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", page))
    findings = [f"{program} --help names {variable}; the manual does not"
                for text in (help_text, *command_helps.values())
                for variable in sorted(rows_of(text)[1] - named)]
    if not command_helps:
        everything = {option: item for part in items.values() for option, item in part.items()}
        found, rows = findings_of_command(program, help_text, everything)
        findings += found
        findings += [f"the manual of {program} has {option}; --help does not"
                     for option in sorted(set(everything) - set(rows))]
        for command in SUBCOMMAND.findall(help_text):
            if f".It Cm {command}\n" not in page:
                findings.append(f"{program} --help names the command {command}; the manual does not")
        return findings, len(rows)
    seen = set()
    for command, text in command_helps.items():
        if f".Ss {command}\n" not in page:
            findings.append(f"{program} --help names the command {command}; the manual does not")
            continue
        found, rows = findings_of_command(f"{program} {command}", text,
                                          {**items[COMMON], **items[command]})
        findings += found
        findings += [f"the manual of {program} {command} has {option}; --help does not"
                     for option in sorted(set(items[command]) - set(rows))]
        seen |= set(rows)
    findings += [f"the manual of {program} has {option}; no command has"
                 for option in sorted(set(items[COMMON]) - seen)]
    return findings, len(seen)


def main(folder, relay, relayctl, relay_bench):
    findings, seen = [], 0
    for program, command, page in (("relay", relay, "relay.8"),
                                   ("relayctl", relayctl, "relayctl.1"),
                                   ("relay-bench", relay_bench, "relay-bench.1")):
        help_text = help_of(command)
        helps = {name: help_of(command, name) for name in SUBCOMMAND.findall(help_text)
                 } if program == "relayctl" else {}
        text = (pathlib.Path(folder) / page).read_text(encoding="utf-8")
        found, count = findings_of_page(program, help_text, helps, text)
        findings += found
        seen += count
    finish(findings, seen, "options in manual pages")


if __name__ == "__main__":
    main(*sys.argv[1:])
