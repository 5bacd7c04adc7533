#!/usr/bin/env python3
"""The README and --help agree: each option and environment variable that a program's help names
is documented, and the README's table of options has the environment variable and the default that
the help says, and nothing that no program has.

    check_readme_options.py ROOT RELAY RELAYCTL RELAY_BENCH
"""

import pathlib
import re
import subprocess
import sys

from source_tree import finish

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
OPTION_ROW = re.compile(r"^  (?:-\w, )?(--[a-z0-9-]+)")
VARIABLE_ROW = re.compile(r"^  ([A-Z][A-Z0-9_]+)(?:  +|$)(?:(--[a-z0-9-]+)$)?")
DEFAULT = re.compile(r"\[default: ([^\]]*)\]")
SUBCOMMAND = re.compile(r"^  ([a-z][a-z-]*)  ", re.MULTILINE)
TABLE_HEAD = ("Option", "Environment", "Default")


def help_of(*command):
    result = subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=False, timeout=20
    )
    if result.returncode != 0 or not result.stdout:
        sys.exit(f"{' '.join(command)} --help: exit {result.returncode}, {result.stderr.strip()}")
    return result.stdout


def rows_of(help_text):
    """Option → (environment variables, default or None); and all variables."""
    rows = {}
    variables = set()
    text_of = {}
    current = None
    for line in help_text.splitlines():
        option = OPTION_ROW.match(line)
        variable = VARIABLE_ROW.match(line)
        if option:
            current = option.group(1)
            text_of[current] = line
            rows[current] = (set(), None)
        elif variable:
            current = None
            variables.add(variable.group(1))
            if variable.group(2) in rows:
                rows[variable.group(2)][0].add(variable.group(1))
        elif current and line.startswith("   "):
            text_of[current] += " " + line.strip()
        else:
            current = None
    for option, text in text_of.items():
        default = DEFAULT.search(text)
        rows[option] = (rows[option][0], default.group(1) if default else None)
    return rows, variables


def tables_of(markdown):
    """Option → (environment cell, default cell), of tables that begin with TABLE_HEAD."""
    rows = {}
    inside = False
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else []
        if tuple(cells[:3]) == TABLE_HEAD:
            inside = True
        elif not cells:
            inside = False
        elif inside:
            for option in OPTION.findall(cells[0]):
                rows[option] = (cells[1], cells[2].replace("`", ""))
    return rows


def findings_of(relay_help, other_helps, markdown):
    """|other_helps|: program name → help text. Returns (findings, number of options seen)."""
    findings = []
    documented = set(OPTION.findall(markdown))
    words = set(re.findall(r"`([A-Z][A-Z0-9_]*)`", markdown))
    for program, text in sorted({"relay": relay_help, **other_helps}.items()):
        findings += [f"{program} --help names {option}; the README does not"
                     for option in sorted(set(OPTION.findall(text)) - documented)]
        findings += [f"{program} --help names {variable}; the README does not"
                     for variable in sorted(rows_of(text)[1] - words)]

    rows = rows_of(relay_help)[0]
    tables = tables_of(markdown)
    for option in sorted(set(tables) - set(rows)):
        findings.append(f"the README's table has {option}; relay --help does not")
    for option, (variables, default) in sorted(rows.items()):
        if option not in tables:
            if variables:
                findings.append(f"{option} is not in the README's table of options")
            continue
        cell, default_cell = tables[option]
        if set(re.findall(r"`([A-Z0-9_]+)`", cell)) != variables:
            findings.append(f"{option}: environment is {sorted(variables)}, the README says {cell}")
        if default is not None and default_cell != default:
            findings.append(f"{option}: default is '{default}', the README says '{default_cell}'")
    return findings, len(rows)


def main(root, relay, relayctl, relay_bench):
    root = pathlib.Path(root)
    markdown = "\n".join(
        path.read_text(encoding="utf-8") for path in [root / "README.md", *root.glob("docs/*.md")]
    )
    others = {"relayctl": help_of(relayctl), "relay-bench": help_of(relay_bench)}
    for subcommand in SUBCOMMAND.findall(others["relayctl"]):
        others[f"relayctl {subcommand}"] = help_of(relayctl, subcommand)
    finish(*findings_of(help_of(relay), others, markdown), "options of relay")


if __name__ == "__main__":
    main(*sys.argv[1:])
