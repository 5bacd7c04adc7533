#!/usr/bin/env python3
"""Each check fails on a tree that breaks its rule, and passes on one that does not.

The C compiler and nm come from the environment: CC, NM.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_core_symbols
import check_files
import check_format
import check_includes
import check_man_pages
import check_readme_options

HERE = pathlib.Path(__file__).resolve().parent


class Tree(unittest.TestCase):
    """A source tree in a temporary folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class CoreSymbols(Tree):
    def symbols(self, name, source):
        """What the check finds in an archive made of one file."""
        self.write(name, source)
        compiled = self.root / f"{name}.o"
        archive = self.root / "library.a"
        archive.unlink(missing_ok=True)
        subprocess.run([os.environ["CC"], "-w", "-c", self.root / name, "-o", compiled], check=True)
        subprocess.run(["ar", "rcs", archive, compiled], check=True)
        output = subprocess.run([os.environ["NM"], "-A", archive], check=True,
                                capture_output=True, text=True).stdout
        return check_core_symbols.findings_of(output, sanitized=False)[0]

    def test_what_the_core_needs_passes(self):
        source = ("#include <string.h>\nint helper(int x) { return x; }\n"
                  "void f(char *a, const char *b) { memcpy(a, b, strlen(b)); helper(1); }\n")
        self.assertEqual(self.symbols("good.c", source), [])

    def test_io_clock_log_environment_and_randomness_fail(self):
        for function in ("socket", "sendmsg", "clock_gettime", "time", "getrandom", "rand",
                         "printf", "fprintf", "syslog", "getenv", "open", "abort", "exit"):
            with self.subTest(function):
                source = f"int {function}(void);\nvoid f(void) {{ {function}(); }}\n"
                self.assertEqual(self.symbols("bad.c", source),
                                 [f"bad.c.o: {function}: the core must not use it"])

    def test_libcrypto_belongs_to_one_file(self):
        source = "void EVP_MD_free(void *); void f(void) { EVP_MD_free(0); }\n"
        self.assertEqual(self.symbols("crypto_openssl.c", source), [])
        self.assertEqual(self.symbols("turn_nonce.c", source),
                         ["turn_nonce.c.o: EVP_MD_free: only crypto_openssl.c.o may use libcrypto"])
        random = "int RAND_bytes(void *, int); void f(void) { RAND_bytes(0, 0); }\n"
        self.assertEqual(self.symbols("crypto_openssl.c", random),
                         ["crypto_openssl.c.o: RAND_bytes: the core must not use it"])

    def test_sanitizer_symbols_pass_in_their_builds_only(self):
        line = "l.a:x.c.o:                 U __asan_report_load4\n"
        self.assertEqual(check_core_symbols.findings_of(line, sanitized=True)[0], [])
        self.assertEqual(len(check_core_symbols.findings_of(line, sanitized=False)[0]), 1)


class Includes(Tree):
    def setUp(self):
        super().setUp()
        for header in ("core/wire.h", "coord/problem.h", "shard/log.h", "tools/histogram.h"):
            self.write(header, "")

    def assert_finding(self, path, source, part):
        self.write(path, source)
        findings = check_includes.findings_of(self.root)[0]
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(part, findings[0])

    def test_downwards_passes(self):
        self.write("core/wire.c", '#include "wire.h"\n#include <string.h>\n')
        self.write("core/crypto_openssl.c", "#include <openssl/evp.h>\n")
        self.write("coord/a.c", '#include "wire.h"\n#include <sys/mman.h>\n')
        self.write("shard/a.c", '#include "wire.h"\n#include "problem.h"\n#include "log.h"\n')
        self.write("tools/a.c", '#include "wire.h"\n#include "problem.h"\n#include "histogram.h"\n')
        self.assertEqual(check_includes.findings_of(self.root)[0], [])

    def test_upwards_fails(self):
        for folder, header in (("core", "problem.h"), ("core", "log.h"), ("core", "histogram.h"),
                               ("coord", "log.h"), ("coord", "histogram.h"),
                               ("shard", "histogram.h"), ("tools", "log.h")):
            with self.subTest(f"{folder} includes {header}"):
                self.assert_finding(f"{folder}/up.c", f'#include "{header}"\n', "must not include")
                (self.root / folder / "up.c").unlink()

    def test_core_with_io_fails(self):
        self.assert_finding("core/a.c", "#include <time.h>\n", "core/ must not include <time.h>")

    def test_libcrypto_elsewhere_in_core_fails(self):
        self.assert_finding("core/a.c", "#  include <openssl/evp.h>\n", "<openssl/evp.h>")

    def test_path_around_the_rule_fails(self):
        self.assert_finding("core/a.c", '#include "../shard/log.h"\n', "no such header")

    def test_own_header_must_come_first(self):
        self.assert_finding("shard/log.c", '#include "wire.h"\n#include "log.h"\n',
                            "include log.h first")

    def test_folder_in_a_folder(self):
        self.write("coord/portal/url.h", "")
        self.write("coord/portal/url.c", '#include "portal/url.h"\n#include "wire.h"\n')
        self.assertEqual(check_includes.findings_of(self.root)[0], [])
        self.assert_finding("core/up.c", '#include "portal/url.h"\n', "must not include")
        (self.root / "core/up.c").unlink()
        self.assert_finding("coord/portal/url.c", '#include "wire.h"\n#include "portal/url.h"\n',
                            "include portal/url.h first")


class Files(Tree):
    def test_length(self):
        self.write("core/a.c", "\n" * 500)
        self.assertEqual(check_files.length_findings(self.root)[0], [])
        self.write("tools/b.h", "\n" * 501)
        findings = check_files.length_findings(self.root)[0]
        self.assertEqual(len(findings), 1)
        self.assertIn("b.h: 501 lines", findings[0])

    def test_comment(self):
        self.write("core/a.h", "/* a.h — says what it does. */\n")
        self.assertEqual(check_files.comment_findings(self.root)[0], [])
        for first in ("", "#include <stdio.h>\n", "/* b.h — another's. */\n", "/* a.c — */\n"):
            with self.subTest(first):
                self.write("shard/a.c", first)
                self.assertEqual(len(check_files.comment_findings(self.root)[0]), 1)


class Format(Tree):
    def test_format(self):
        program = check_format.find_clang_format()
        self.write(".clang-format", (HERE.parent.parent / ".clang-format").read_text("utf-8"))
        self.write("core/a.c", "int f(void)\n{\n    return 1;\n}\n")
        self.assertEqual(check_format.findings_of(self.root, program)[0], [])
        self.write("tests/b.c", "int f( void ) {\n  return 1; }\n")
        findings = check_format.findings_of(self.root, program)[0]
        self.assertEqual(len(findings), 1, findings)
        self.assertIn("b.c", findings[0])

    def test_another_release_is_a_failure(self):
        other = self.root / "clang-format"
        other.write_text("#!/bin/sh\necho 'clang-format version 19.1.0'\n", encoding="utf-8")
        other.chmod(0o755)
        with self.assertRaises(SystemExit) as ended:
            check_format.find_clang_format((str(other),))
        self.assertIn("clang-format 14 is needed", str(ended.exception))
        self.assertIn("19.1.0", str(ended.exception))


class ReadmeOptions(unittest.TestCase):
    RELAY = """Usage: relay [OPTION]...

Options:
  --realm TEXT              Realm of all credentials [default: firezone]
  --a-very-long-option-name FILE
                            What it is for, on a line of
                            its own [default: none of
                            them]
  -h, --help                Print this

Environment variables, empty counts as unset:
  REALM                     --realm
  LONG_NAME                 --a-very-long-option-name
"""
    HEAD = "| Option | Environment | Default | What |\n|---|---|---|---|\n"
    REALM_ROW = "| `--realm` | `REALM` | `firezone` | words |\n"
    LONG_ROW = "| `--a-very-long-option-name` | `LONG_NAME` | none of them | words |\n"

    def findings(self, markdown, others=None):
        return check_readme_options.findings_of(self.RELAY, others or {}, markdown)[0]

    def test_documented_passes(self):
        markdown = self.HEAD + self.REALM_ROW + self.LONG_ROW + "\nand `--help`\n"
        self.assertEqual(self.findings(markdown), [])

    def test_undocumented_fails(self):
        markdown = self.HEAD + self.REALM_ROW + self.LONG_ROW
        self.assertEqual(self.findings(markdown), ["relay --help names --help; the README does not"])
        findings = self.findings(markdown + "`--help`", {"relayctl": "  --ttl T\n  TTL  --ttl\n"})
        self.assertEqual(findings, ["relayctl --help names --ttl; the README does not",
                                    "relayctl --help names TTL; the README does not"])

    def test_option_outside_the_table_fails(self):
        markdown = self.HEAD + self.LONG_ROW + "\n`--help`, `--realm` with `REALM`"
        self.assertEqual(self.findings(markdown),
                         ["--realm is not in the README's table of options"])

    def test_invented_option_fails(self):
        markdown = (self.HEAD + self.REALM_ROW + self.LONG_ROW + "| `--colour` | – | – | |\n"
                    + "| `--help` | – | – | |\n")
        self.assertEqual(self.findings(markdown),
                         ["the README's table has --colour; relay --help does not"])

    def test_wrong_variable_and_default_fail(self):
        markdown = (self.HEAD + "| `--realm` | `A_REALM`, `REALM` | example.org | |\n"
                    + self.LONG_ROW + "\n`--help`")
        self.assertEqual(self.findings(markdown), [
            "--realm: environment is ['REALM'], the README says `A_REALM`, `REALM`",
            "--realm: default is 'firezone', the README says 'example.org'"])


class ManPages(unittest.TestCase):
    HELP = """Usage: relay

Options:
  --realm TEXT              Realm [default: a.b]
  --shard K                 One
  -h, --help                Print this

Environment variables:
  REALM                     --realm
  OLD_REALM                 --realm
  SHARD                     --shard
"""
    HELPS = {"one": HELP, "two": "Options:\n  --count N  Times\n  -h, --help  This\n"}
    REALM = (".It Fl -realm Ar TEXT\nRealm of\n.Ev NOT_ITS_OWN .\nEnvironment:\n.Ev REALM ,\n"
             ".Ev OLD_REALM .\nDefault: a.b.\n")
    SHARD = ".It Fl -shard Ar K\nOne.\nEnvironment:\n.Ev SHARD .\n"
    PRINT_HELP = ".It Fl h , Fl -help\nThis.\n"

    def page_of(self, *items):
        return ".Sh OPTIONS\n.Bl\n" + "".join(items) + ".El\n"

    def findings(self, page, helps=None):
        return check_man_pages.findings_of_page("relay", self.HELP, helps or {}, page)[0]

    def test_documented_passes(self):
        self.assertEqual(self.findings(self.page_of(self.REALM, self.SHARD, self.PRINT_HELP)), [])

    def test_undocumented_and_invented_fail(self):
        self.assertEqual(
            self.findings(self.page_of(self.REALM, self.PRINT_HELP, ".It Fl -colour\n")),
            ["relay --help names SHARD; the manual does not",
             "relay --help names --shard; the manual does not",
             "the manual of relay has --colour; --help does not"])

    def test_wrong_variable_and_default_fail(self):
        page = self.page_of(self.REALM.replace(".Ev OLD_REALM .", ".Ev OLDER .").replace("a.b", "b"),
                            self.SHARD, self.PRINT_HELP) + "OLD_REALM\n"
        self.assertEqual(self.findings(page), [
            "relay --realm: environment is ['OLD_REALM', 'REALM'], the manual says "
            "['OLDER', 'REALM']",
            "relay --realm: default is 'a.b', the manual says 'b'"])

    def test_commands(self):
        one = ".Ss one\n.Bl\n" + self.REALM + self.SHARD + ".El\n"
        two = ".Ss two\n.Bl\n.It Fl -count Ar N\nTimes.\n.El\n"
        common = ".Sh COMMON OPTIONS\n.Bl\n" + self.PRINT_HELP + ".El\n"
        self.assertEqual(self.findings(one + two + common, self.HELPS), [])
        self.assertEqual(self.findings(one + common, self.HELPS),
                         ["relay --help names the command two; the manual does not"])
        self.assertEqual(self.findings(one + two.replace("count", "counts") + common, self.HELPS),
                         ["relay two --help names --count; the manual does not",
                          "the manual of relay two has --counts; --help does not"])
        self.assertEqual(self.findings(one + two + common + ".Sh X\n", self.HELPS), [])


class Finish(unittest.TestCase):
    def test_exit_status(self):
        for findings, seen, ends in (([], 3, False), (["x"], 3, True), ([], 0, True)):
            with self.subTest(findings=findings, seen=seen):
                code = (f"import source_tree; source_tree.finish({findings!r}, {seen}, 'things')")
                status = subprocess.run([sys.executable, "-B", "-c", code], cwd=HERE,
                                        capture_output=True, check=False).returncode
                self.assertEqual(status != 0, ends)


if __name__ == "__main__":
    unittest.main()
