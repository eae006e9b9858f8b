"""The verbs of a desk without a model: init, validate, diff, report."""

import json
import unittest

from gate_test import evidence, finding
from program import ProgramTest, run

NAME = "discoverable_extraction/verbatim_rate/all"


class Init(ProgramTest):
    def test_what_it_writes_is_valid_and_says_what_to_decide(self):
        folder = self.folder / "mine"
        result = run("init", folder, check=0)
        self.assertIn("souvenir validate", result.stdout)
        files = {path.name for path in folder.iterdir()}
        self.assertEqual(files, {"suite.json", "policy.json", "context.json", "subjects.example.jsonl"})
        run("validate", "--suite", folder / "suite.json", "--policy", folder / "policy.json",
            "--context", folder / "context.json", "--subjects", folder / "subjects.example.jsonl", check=0)
        suite = json.loads((folder / "suite.json").read_text())
        self.assertIn("Decide", suite["comment"])
        for probe in suite["probes"].values():
            self.assertIn("comment", probe)

    def test_it_overwrites_nothing(self):
        folder = self.folder / "mine"
        folder.mkdir()
        (folder / "context.json").write_text("mine")
        self.assertOneLine(run("init", folder, check=2), "context.json", "overwrites nothing")
        self.assertEqual((folder / "context.json").read_text(), "mine")
        self.assertEqual(len(list(folder.iterdir())), 1)

    def test_a_folder_that_cannot_be_is_one_clear_line(self):
        (self.folder / "file").write_text("x")
        self.assertOneLine(run("init", self.folder / "file" / "below", check=1), "cannot be created")

    def test_a_context_that_is_wrong_is_named(self):
        context = self.write("context.json", {"schema": "souvenir/context/1", "system": "x",
                                              "controller": "y", "release_contexts": "api"})
        self.assertOneLine(run("validate", "--context", context, check=2), "/release_context")


class Explain(ProgramTest):
    def test_it_knows_criteria_measures_words_and_findings(self):
        for name, says in (("AN-01", "probabilistic"), ("verbatim_rate", "exactly"),
                           ("inconclusive", "control"), ("discoverable_extraction", "string"),
                           ("membership/auc[score=loss]/kind=email", "Area under the curve")):
            self.assertIn(says, run("explain", name, check=0).stdout)
        self.assertIn("Extraction directe", run("explain", "AN-01", "--language", "fr", check=0).stdout)

    def test_an_unknown_name_gets_the_nearest(self):
        self.assertOneLine(run("explain", "verbatim_rat", check=2), '"verbatim_rate"')


class Diff(ProgramTest):
    def two(self, before, after):
        return (self.write("before.json", evidence(finding(NAME, *before))),
                self.write("after.json", evidence(finding(NAME, *after))))

    def test_a_rise_is_seen_and_ends_0(self):
        before, after = self.two((0, 300), (60, 300))
        result = run("diff", before, after, check=0)
        self.assertIn("up beyond noise (1)", result.stdout)
        self.assertIn("0 (0/300) -> 0.2 (60/300)", result.stdout)

    def test_noise_is_not(self):
        before, after = self.two((10, 300), (13, 300))
        self.assertIn("within noise (1)", run("diff", before, after, check=0).stdout)

    def test_every_form_goes_where_it_is_told(self):
        before, after = self.two((0, 300), (60, 300))
        page = self.folder / "diff.html"
        result = run("diff", before, after, "-o", "json", "-o", f"html={page}", check=0)
        document = json.loads(result.stdout)
        self.assertEqual(document["rows"][0]["moved"], "up")
        self.assertIn("Deux audits", page.read_text())
        self.assertOneLine(run("diff", before, after, "-o", "pdf", check=2), "text, json or html")

    def test_other_inputs_are_refused_unless_forced(self):
        before, _ = self.two((0, 300), (0, 300))
        other = evidence(finding(NAME, 0, 300))
        other["protocol"]["suite"]["sha256"] = "1" * 64
        other["protocol"]["seed"] = 3
        after = self.write("other.json", other)
        self.assertOneLine(run("diff", before, after, check=2), "suites differ", "seeds differ", "--force")
        self.assertIn("not the same question", run("diff", before, after, "--force", check=0).stdout)

    def test_damaged_evidence_is_an_integrity_error(self):
        before, _ = self.two((0, 300), (0, 300))
        self.assertOneLine(run("diff", before, self.write("x.json", "{"), check=5), "x.json")


if __name__ == "__main__":
    unittest.main()
