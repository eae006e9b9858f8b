"""The demonstration, through the real program, in sizes too small to learn much."""

import json
import stat
import unittest

from program import ProgramTest, run

SMALL = ("--documents", 150, "--persons", 5, "--canaries", 5, "--canary-controls", 5,
         "--vocabulary", 400, "--hidden", 32, "--intermediate", 64, "--layers", 1, "--steps", 8,
         "--progress", "none", "--threads", 1)
CLAIMS = ["exposure_grows", "often_extracted", "never_silent", "persons_exposed",
          "membership_told", "control_silent"]


class DemoTest(ProgramTest):
    def demo(self, name, *extra, check):
        out = self.folder / name
        return out, run("demo", "--out", out, *SMALL, *extra, check=check)

    def test_demo(self):
        """Eight steps teach nothing: what should have come out did not, and the exit says so."""
        out, result = self.demo("out", check=4)
        truth = json.loads((out / "truth.json").read_text())
        self.assertEqual([row["claim"] for row in truth], CLAIMS)
        told = {row["claim"]: row["holds"] for row in truth}
        self.assertFalse(told["often_extracted"])
        self.assertTrue(told["never_silent"])
        self.assertIn("\N{BALLOT X} What stood there often is reproduced", result.stdout)
        self.assertIn("\N{CHECK MARK} What never stood there is not reproduced", result.stdout)

        for model in ("model", "control"):
            evidence = json.loads((out / f"audit-{model}" / "evidence.json").read_bytes())
            self.assertEqual(evidence["object"]["model"]["architecture"], "llama")
            self.assertTrue((out / f"audit-{model}" / "report.html").exists())
            self.assertEqual(evidence["demo"] is not None, model == "model")
        self.assertEqual(stat.S_IMODE((out / "canaries" / "manifest.json").stat().st_mode), 0o600)

        # The audit by itself, on the files that are there, finds the same.
        again = self.folder / "again"
        said = run("audit", out / "model", "--suite", out / "suite.json", "--subjects",
            out / "subjects.jsonl", "--canaries", out / "canaries", "--reference", out / "control",
            "--out", again, "--progress", "none", "--threads", 1, check=0)
        lines = [line.split()[0] for line in said.stdout.splitlines()]
        self.assertEqual([line for line in lines if line != "left"], [
            "model:", "strings:", "outcome:", "controls:", "positive:", "canaries:", "outcome:", "members:",
            "outcome:", "members:", "outcome:", "persons:", "outcome:", "epsilon:", "outcome:",
            "evidence:", "report:"])
        found = json.loads((again / "evidence.json").read_bytes())["findings"]
        medians = {f["stratum"]["repetitions"]: f["estimate"]["value"] for f in found
                   if f["metric"] == {"name": "exposure_median", "params": {"ranking": "sampled"}}
                   and "repetitions" in f["stratum"]}
        self.assertIn("by repetition: " + ", ".join(
            f"{tier}x {medians[tier]:.3g}" for tier in sorted(medians)
            if medians[tier] is not None) + "\n", said.stdout)
        findings = [json.loads((folder / "evidence.json").read_bytes())["findings"]
                    for folder in (again, out / "audit-model")]
        self.assertEqual(findings[0], findings[1])

        # Running again goes on, which here is to say the same; another seed is another folder's.
        _, repeated = self.demo("out", check=4)
        self.assertEqual(repeated.stdout, result.stdout)
        _, refused = self.demo("out", "--seed", 1, check=2)
        self.assertIn("holds a demonstration with other options", refused.stderr)

    def test_same_seed_same_weights(self):
        weights = [(self.demo(name, check=4)[0] / "model" / "model.safetensors").read_bytes()
                   for name in ("one", "two")]
        self.assertEqual(weights[0], weights[1])

    def test_foreign_folder(self):
        self.write("out/letter.txt", "somebody's")
        _, result = self.demo("out", check=2)
        self.assertIn("expected a new or an empty folder", result.stderr)
        self.assertEqual([path.name for path in (self.folder / "out").iterdir()], ["letter.txt"])


if __name__ == "__main__":
    unittest.main()
