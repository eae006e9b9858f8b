"""Shards of audits that search for canaries, and of a model that is read layer by layer."""

import json
import pathlib
import re
import unittest

import bigram
import shards_test
from audit_test import SUBJECTS, controls
from program import TRANSITIONS, opened, run
from shards_test import FULL, outside_run


class Search(shards_test.ShardsTest):
    def test_canaries_are_searched_for_alike_in_shards(self):
        suite = self.write("search.json", {
            "schema": "souvenir/suite/1", "name": "search",
            "probes": {"canary_exposure": {"exact_up_to": 1, "sampled": 50, "search_tokens": 300, "min_n": 5}}})
        templates = self.write("templates.json", {
            "schema": "souvenir/canary_templates/1", "templates": [
                {"id": "pin", "kind": "text", "prefix": "The code of {person} is ", "secret": "{digits:3}"},
                {"id": "box", "kind": "text", "prefix": "{person} has box ", "secret": "{letters:6}"}]})
        canaries = self.folder / "canaries"
        run("canaries", templates, "--count", 24, "--tiers", "1,4", "--controls", 8, "--seed", 3, "--out",
            canaries, check=0)
        extra = ["--canaries", canaries]
        run(*self.command(*extra, out=self.whole, suite=suite), check=0)
        self.shards(2, *extra, suite=suite)
        searches = []
        for index in range(2):
            with opened(self.folder_of(index, 2) / "private" / "journal.sqlite") as journal:
                searches.append(journal.execute(
                    "SELECT count(*) FROM candidate_batch WHERE first < 0").fetchone()[0])
        self.assertGreater(min(searches), 2)
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        ids = [finding["id"] for finding in self.evidence()["findings"]]
        self.assertTrue(any("[ranking=searched]" in id for id in ids), ids)


class LayerByLayer(shards_test.ShardsTest):
    """A model larger than --memory scores, and leaves its prompts open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = bigram.write_deep_model(pathlib.Path(cls._shared.name) / "deep", TRANSITIONS, 12, 2048)

    def setUp(self):
        super().setUp()
        self.suite = self.write("full.json", FULL)
        rows = SUBJECTS + controls(40) + [
            {"id": f"mail{i}", "prefix": f"write to person {i} at ", "secret": f"p{i}.quill@example.org",
             "kind": "email", "member": "yes", "person": f"mail{i}"} for i in range(40)]
        self.subjects = self.write("rows.jsonl", rows)
        # What is there already counts too, so the least that will do is asked for.
        refused = run(*self.command("--memory", "1MiB", out=self.folder / "none"), check=1)
        least = int(re.search(r"at least (\d+) MiB", refused.stderr).group(1))
        # Eleven layers of 8 MB would be needed besides to hold them all.
        self.memory = ["--memory", f"{least + 24}MiB"]

    def why_not_run(self, out):
        evidence = json.loads((out / "evidence.json").read_text())
        return [row["why_code"] for row in evidence["coverage"]["not_run"]]

    def test_shards_are_the_evidence_of_one_run(self):
        run(*self.command(*self.memory, out=self.whole), check=0)
        self.assertIn("layer_by_layer", self.why_not_run(self.whole))
        # More shards than batches of prompts: one has none to leave open.
        self.shards(5, *self.memory)
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))

    def test_a_shard_that_wrote_and_one_that_did_not_are_no_audit(self):
        self.shard(0, 2, *self.memory)
        self.shard(1, 2)
        result = run("merge", self.out, check=2)
        self.assertOneLine(result, "1/2", "run otherwise", "not_run")
        # Once both have written, layer by layer or not says nothing any more.
        self.shard(0, 2)
        run("merge", self.out, check=0)
        run(*self.command(out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        run(*self.command(*self.memory, out=self.whole), check=0)
        self.assertNotIn("layer_by_layer", self.why_not_run(self.whole))

    def test_prompts_that_were_answered_in_part_are_not_left_so(self):
        run(*self.command(out=self.whole), check=0)
        with opened(self.whole / "private" / "journal.sqlite") as journal:
            journal.execute("DELETE FROM generation WHERE prompt IN (SELECT ordinal FROM prompt WHERE batch = 0)")
            journal.execute("UPDATE prompt_batch SET done = 0 WHERE ordinal = 0")
        refused = run(*self.command(*self.memory, out=self.whole), check=2)
        self.assertIn("--memory", refused.stderr)
        run(*self.command(out=self.whole), check=0)

    def test_a_shard_begun_again_is_not_complete_until_its_end(self):
        self.shards(2, *self.memory)
        path = self.folder_of(1, 2) / "private" / "journal.sqlite"
        with opened(path) as journal:
            journal.execute("UPDATE meta SET value = 'null' WHERE key = 'sheet'")
        self.assertOneLine(run("merge", self.out, check=2), "1/2", "not complete", "open")
        self.shard(1, 2, *self.memory)
        run("merge", self.out, check=0)


if __name__ == "__main__":
    unittest.main()
