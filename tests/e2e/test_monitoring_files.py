"""docs/ has alert rules and a dashboard: well-formed, and of metrics that a relay has."""

import json
import pathlib
import re
import subprocess

import e2e
from http_client import ask, samples

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
METRIC = re.compile(r"\brelay_\w+")
VARIABLES = {"$instance": ".*", "$shard": ".*", "$__rate_interval": "5m"}


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True,
                          check=False)


def expressions(dashboard):
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found.append(re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"])[1])
    return found


class Files(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))

    def test_alert_rules_fire_when_they_should(self):
        for words in (("check", "rules", DOCS / "alert-rules.yml"),
                      ("test", "rules", DOCS / "alert-rules-test.yml")):
            done = promtool(*words)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_dashboard_asks_what_prometheus_understands(self):
        rules = self.folder / "dashboard.yml"
        records = []
        for number, expression in enumerate(expressions(self.dashboard)):
            for name, stand_in in VARIABLES.items():
                expression = expression.replace(name, stand_in)
            records.append({"record": f"dashboard_{number}", "expr": expression})
        # JSON is YAML.
        rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": records}]}),
                         encoding="utf-8")
        done = promtool("check", "rules", rules)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_every_metric_is_there(self):
        self.relay("--portal-url", "ws://127.0.0.1:1", environment={"PORTAL_TOKEN": "of nobody"})
        served = {name for name, _ in samples(ask("/metrics")[1])}
        named = set(METRIC.findall((DOCS / "alert-rules.yml").read_text(encoding="utf-8")))
        named.update(name for text in expressions(self.dashboard) for name in METRIC.findall(text))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - served, set())


if __name__ == "__main__":
    e2e.main()
