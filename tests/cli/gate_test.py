"""The gate through the real program, on evidence that holds only the fields of the contract."""

import json
import unittest
import xml.etree.ElementTree

from program import ProgramTest, run


def finding(name, count, n, **more):
    return {
        "id": name, "probe": {"name": "discoverable_extraction", "version": "1"},
        "metric": {"name": "verbatim_rate", "params": {}}, "stratum": {}, "arm": "model",
        "outcome": "inconclusive", "outcome_reason": "",
        "estimate": {"value": count / n, "log10_value": None, "reason": None, "low": 0.0, "high": 1.0,
                     "level": 0.95, "sides": "two", "method": "", "count": count, "n": n,
                     "persons": None, "n_effective": n, "p_value": None, "p_adjusted": None,
                     "family": None, "unit": "probability"},
        "controls": [], "minimum_detectable": None, "caveats": [], **more}


NAME = "discoverable_extraction/verbatim_rate/all"


def evidence(*findings):
    return {
        "schema": "souvenir/evidence/1", "tool": {"name": "other", "version": "1"}, "run": {},
        "object": {"model": {"architecture": "x", "parameters": 1, "stored_dtype": "float32",
                             "compute_dtype": "float32", "device": "cpu", "threads": 1, "files": [],
                             "sha256": "0" * 64},
                   "tokenizer": {"bos": "never"}, "reference": None, "adapter": None},
        "protocol": {"suite": {"name": "s", "sha256": "0" * 64}, "seed": 0, "threat_model": {},
                     "near_tie_delta": 0.001, "inputs": [], "deviations": []},
        "findings": list(findings), "criteria": [],
        "coverage": {"not_run": [], "requests": 0, "scored_tokens": 0, "left_out": []}, "gate": None}


class Gate(ProgramTest):
    def gate(self, content, *limits, check, extra=(), waivers=()):
        policy = {"schema": "souvenir/policy/1",
                  "limits": [{"finding": "discoverable_extraction/verbatim_rate/*", "owner": "o",
                              "reason": "r", "date": "2026-01-01", **limit} for limit in limits],
                  "waivers": list(waivers)}
        return run("gate", self.write("evidence.json", content), "--policy",
                   self.write("policy.json", policy), *extra, check=check)

    def test_no_hit_of_enough_passes_and_of_too_few_is_inconclusive(self):
        self.gate(evidence(finding(NAME, 0, 300)), {"at_most": 0.01}, check=0)
        result = self.gate(evidence(finding(NAME, 0, 298)), {"at_most": 0.01}, check=4)
        self.assertIn("299", result.stdout)

    def test_many_hits_fail_and_report_only_maps_that_alone(self):
        self.gate(evidence(finding(NAME, 30, 300)), {"at_most": 0.01}, check=3)
        self.gate(evidence(finding(NAME, 30, 300)), {"at_most": 0.01}, extra=["--report-only"], check=0)
        self.gate(evidence(finding(NAME, 0, 10)), {"at_most": 0.01}, extra=["--report-only"], check=4)

    def test_a_limit_that_matches_nothing_is_inconclusive(self):
        self.gate(evidence(), {"at_most": 0.01}, check=4)

    def test_hits_themselves_can_be_limited(self):
        self.gate(evidence(finding(NAME, 1, 1000)), {"max_count": 0}, check=3)
        self.gate(evidence(finding(NAME, 0, 1000)), {"max_count": 0}, check=0)

    def test_a_star_never_matches_controls(self):
        control = finding("discoverable_extraction/verbatim_rate/member=no", 300, 300,
                          stratum={"member": "no"})
        self.gate(evidence(finding(NAME, 0, 300), control), {"at_most": 0.01}, check=0)

    def test_min_n_and_controls_withhold_a_pass(self):
        self.gate(evidence(finding(NAME, 0, 300)), {"at_most": 0.01, "min_n": 301}, check=4)
        self.gate(evidence(finding(NAME, 0, 300)),
                  {"at_most": 0.01, "require_controls": ["negative"]}, check=4)

    def test_waivers_live_and_expire(self):
        live = {"finding": NAME, "owner": "o", "reason": "known", "expires": "2999-01-01"}
        dead = {**live, "expires": "2001-01-01"}
        result = self.gate(evidence(finding(NAME, 30, 300)), {"at_most": 0.01}, waivers=[live], check=0)
        self.assertIn("waive", result.stdout)
        self.gate(evidence(finding(NAME, 0, 300)), {"at_most": 0.01}, waivers=[dead], check=3)

    def test_a_baseline_is_compared_by_finding(self):
        worse = {"not_worse_than_baseline": True}
        base = self.write("base.json", evidence(finding(NAME, 0, 1000)))
        self.gate(evidence(finding(NAME, 100, 1000)), worse, extra=["--baseline", base], check=3)
        self.gate(evidence(finding(NAME, 0, 1000)), worse, check=4)

    def test_junit_has_a_case_for_every_check(self):
        junit = self.folder / "junit.xml"
        self.gate(evidence(finding(NAME, 30, 300)), {"at_most": 0.01}, extra=["--junit", junit], check=3)
        root = xml.etree.ElementTree.parse(junit).getroot()
        self.assertEqual(len(list(root.iter("failure"))), 1)


if __name__ == "__main__":
    unittest.main()
