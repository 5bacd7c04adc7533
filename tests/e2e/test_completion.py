"""Completion of relayctl, relay and relay-bench in bash, with Debian's bash-completion: every command and
option of --help, values, and the shards that there are."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import e2e
from relay_process import BUILD, clean_environment
from terminal import Terminal

SCRIPT = pathlib.Path(__file__).parents[2] / "tools" / "completion" / "relayctl.bash"
LIBRARY = "/usr/share/bash-completion/bash_completion"
PATH = ":".join([str(pathlib.Path(BUILD[name]).parent) for name in ("relay", "relayctl")]
                + [os.environ["PATH"]])
# What readline does for each line: splits it and calls the program's function.
DRIVER = f"""
. {LIBRARY}
. {SCRIPT}
while IFS= read -r COMP_LINE; do
    COMP_POINT=${{#COMP_LINE}} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
    read -ra COMP_WORDS <<<"${{COMP_LINE//=/ = }}"
    [[ $COMP_LINE == *' ' || $COMP_LINE == *= ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    _relay_complete "${{COMP_WORDS[0]}}" "${{COMP_WORDS[COMP_CWORD]}}" \\
        "${{COMP_WORDS[COMP_CWORD-1]}}"
    echo "${{COMPREPLY[@]}}"
done
"""


def complete_each(lines, folder=None, environment=None):
    """What is offered at the end of each line."""
    done = subprocess.run(["bash", "--norc", "-c", DRIVER], capture_output=True, text=True,
                          check=False, cwd=folder, input="".join(f"{line}\n" for line in lines),
                          env=clean_environment({"PATH": PATH, **(environment or {})}), timeout=60)
    if done.stderr:
        raise AssertionError(done.stderr)
    return [set(line.split()) for line in done.stdout.splitlines()]


def complete(line, folder=None, environment=None):
    offered, = complete_each([line], folder, environment)
    return offered


def help_of(*words):
    return subprocess.run([BUILD[words[0].replace("-", "_")], *words[1:], "--help"],
                          capture_output=True, text=True, check=True).stdout


def options_of(*words):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z0-9-]+)", help_of(*words), re.MULTILINE))


def commands_of(program):
    return set(re.findall(r"^  ([a-z][a-z-]+)  ", help_of(program), re.MULTILINE))


class Words(unittest.TestCase):
    def test_commands_and_options_are_those_of_help(self):
        self.assertEqual(complete("relayctl "), commands_of("relayctl"))
        self.assertEqual(complete("relay "), commands_of("relay"))
        self.assertEqual(complete("relayctl sta"), {"status"})
        rows = ((("relay",), ("relay", "run"), ("relay-bench",))
                + tuple(("relayctl", command) for command in commands_of("relayctl")))
        for words, offered in zip(rows, complete_each(f"{' '.join(words)} --" for words in rows)):
            options = options_of(*words[:1 if words[0] == "relay" else None])
            self.assertGreater(len(options), 3)
            self.assertEqual(offered, options, words)
        self.assertIn("--help", complete("relayctl --"))
        self.assertEqual(complete("relayctl owner --relay"), {"--relay-port"})

    def test_values_are_such_as_the_program_takes(self):
        lines = ("relay check-config --log-level ", "relay check-config --log-format ",
                 "relay check-config --auth=", "relayctl top --sort ", "relayctl ping --scheme ",
                 "relay-bench --direction ")
        for line, offered in zip(lines, complete_each(lines)):
            self.assertGreater(len(offered), 1, line)
            program, *words = line.rstrip("= ").split()
            for value in offered:
                # A wrong value comes before --help does.
                done = subprocess.run([BUILD[program.replace("-", "_")], *words, value, "--no-such"],
                                      capture_output=True, text=True, check=False)
                self.assertIn("--no-such", done.stderr, (line, value))
        self.assertEqual(complete("relayctl top --sort=al"), {"allocations"})
        self.assertEqual(complete("relayctl top --count "), set())

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "state").mkdir()
            (path / "secret").write_text("x", encoding="ascii")
            self.assertEqual(complete("relay --state-dir s", folder), {"state"})
            self.assertEqual(complete("relay --users-file s", folder), {"state", "secret"})


class Shards(e2e.E2eTest):
    def test_drain_offers_the_shards_there_are(self):
        relay = self.relay(shards=3)
        self.assertEqual(complete("relayctl drain ", environment={"STATE_DIR": relay.state_dir}),
                         {"0", "1", "2"})


class Keys(e2e.E2eTest):
    def test_tab(self):
        terminal = Terminal(["bash", "--norc", "--noprofile", "-i"],
                            environment={"PATH": PATH, "PS1": "ready> ", "HISTFILE": ""})
        self.addCleanup(terminal.close)
        terminal.wait_for("ready> ")
        terminal.type(f". {LIBRARY}; . {SCRIPT}; echo do''ne\n")
        terminal.wait_for("done")
        terminal.type("relayctl sta\t--st\t\n")
        terminal.wait_for("relayctl status --state-dir")


if __name__ == "__main__":
    e2e.main()
