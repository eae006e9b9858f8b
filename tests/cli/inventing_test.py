"""souvenir canaries and souvenir twins through the real program."""

import collections
import hashlib
import json
import stat
import unittest

from program import ProgramTest, rows, run

FILES = ["commitment.json", "manifest.json", "train.jsonl", "train.txt"]


class Canaries(ProgramTest):
    def make(self, *arguments, name="out", check=0):
        return run("canaries", *arguments, "--out", self.folder / name, check=check)

    def manifest(self, name="out"):
        return json.loads((self.folder / name / "manifest.json").read_text())

    def test_files_say_the_same(self):
        self.make("door_code", "--count", 40, "--tiers", "1,4", "--inclusion", 0.5, "--controls", 10,
                  "--seed", 5)
        folder = self.folder / "out"
        self.assertEqual(sorted(p.name for p in folder.iterdir()), FILES)
        manifest = self.manifest()
        text = collections.Counter((folder / "train.txt").read_text().splitlines())
        lines = collections.Counter(row["text"] for row in rows((folder / "train.jsonl").read_text()))
        self.assertEqual(text, lines)
        expected = {row["prefix"] + row["secret"] + ".": row["repetitions"]
                    for row in manifest["canaries"] if row["included"]}
        self.assertEqual(dict(lines), expected)
        self.assertEqual(sum(row["control"] for row in manifest["canaries"]), 10)
        commitment = json.loads((folder / "commitment.json").read_text())
        self.assertEqual(commitment["manifest_sha256"],
                         hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest())
        self.assertNotIn("seed", commitment)
        for row in manifest["canaries"]:
            self.assertNotIn(row["prefix"], (folder / "commitment.json").read_text())

    def test_only_the_commitment_is_for_others(self):
        self.make("phone", "--count", 4)
        for name in FILES:
            mode = stat.S_IMODE((self.folder / "out" / name).stat().st_mode)
            self.assertEqual(mode & 0o077, 0 if name != "commitment.json" else mode & 0o077, name)
            self.assertTrue(name == "commitment.json" or mode == 0o600, name)

    def test_nothing_is_overwritten(self):
        self.make("phone", "--count", 4, "--seed", 1)
        before = (self.folder / "out" / "manifest.json").read_bytes()
        for keep in FILES:
            for other in FILES:
                if other != keep:
                    (self.folder / "out" / other).unlink(missing_ok=True)
            if (self.folder / "out" / keep).exists():
                result = self.make("phone", "--count", 4, check=2)
                self.assertIn(keep, result.stderr)
            else:
                (self.folder / "out" / keep).write_bytes(before)
                self.make("phone", "--count", 4, check=2)

    def test_seeds(self):
        for name, seed in (("a", 7), ("b", 7), ("c", 8)):
            self.make("email", "--count", 8, "--seed", seed, name=name)
        for name in ("d", "e"):
            self.make("email", "--count", 8, name=name)
        read = {name: (self.folder / name / "manifest.json").read_text() for name in "abcde"}
        self.assertEqual(read["a"], read["b"])
        self.assertEqual(len({read[name] for name in "acde"}), 4)
        self.assertNotEqual(self.manifest("d")["seed"], self.manifest("e")["seed"])

    def test_templates_of_a_file(self):
        path = self.write("mine.json", {
            "schema": "souvenir/canary_templates/1",
            "templates": [{"id": "a", "prefix": "Dr {person} keeps {{", "secret": "{words:2}",
                           "suffix": "}}"},
                          {"id": "b", "prefix": "Ticket {digits:8}: ", "secret": "k-{hex:40}"}]})
        self.make(path, "--count", 16, "--controls", 4)
        manifest = self.manifest()
        self.assertEqual([row["size"] for row in manifest["templates"]], [65536, None])
        self.assertEqual(collections.Counter(row["template"] for row in manifest["canaries"]),
                         {"a": 10, "b": 10})
        self.assertTrue(all(row["prefix"].endswith("keeps {") for row in manifest["canaries"]
                            if row["template"] == "a"))

    def test_what_is_wrong_is_refused(self):
        for arguments in (["nothing_like_it", "--count", 4], ["phone", "--count", 0],
                          ["phone", "--count", 4, "--tiers", "1,0"],
                          ["phone", "--count", 4, "--inclusion", 2],
                          ["phone", "--count", 4, "--controls", -1],
                          ["phone", "--count", 4, "--seed", -1],
                          ["phone", "--count", 6000], ["phone"]):
            with self.subTest(arguments=arguments):
                result = self.make(*arguments, check=2)
                self.assertTrue(result.stderr.startswith("souvenir: "), result.stderr)
                self.assertFalse((self.folder / "out").exists())

    def test_the_list_names_every_template(self):
        listed = run("list", "templates", check=0).stdout.splitlines()
        self.assertGreater(len(listed), 3)
        for i, line in enumerate(listed):
            self.make(line.split(":")[0], "--count", 2, name=f"list{i}")


class Twins(ProgramTest):
    SUBJECTS = [
        {"id": "1", "person": "p", "kind": "email", "prefix": "Write to ", "member": "yes",
         "secret": "camille.rouxel@valbrume.example"},
        {"id": "2", "person": "p", "kind": "iban", "prefix": "Pay ", "secret":
         "FR76 3000 6000 0112 3456 7890 189", "strata": {"source": "crm"}},
        {"id": "3", "kind": "phone", "secret": "06 12 34 56 78", "member": "no"},
        {"id": "4", "text": "a whole text"}]

    def test_twins_are_subjects(self):
        subjects = self.write("subjects.jsonl", self.SUBJECTS)
        out = self.folder / "twins.jsonl"
        result = run("twins", subjects, "--per", 3, "--seed", 1, "-o", out, check=0)
        self.assertIn("1 rows have no twins", result.stderr)
        twins = rows(out.read_text())
        self.assertEqual([row["twin_of"] for row in twins], ["1"] * 3 + ["2"] * 3 + ["3"] * 3)
        self.assertTrue(all(row["member"] == "no" for row in twins))
        self.assertTrue(all(row["prefix"] == "Pay " and row["strata"] == {"source": "crm"}
                            for row in twins[3:6]))
        valid = run("validate", "--subjects", subjects, "--subjects", out, check=0).stdout
        self.assertIn("9 rows, of them 9 negative", valid)
        again = run("twins", subjects, "--per", 3, "--seed", 1, check=0).stdout
        self.assertEqual(again, out.read_text())
        self.assertNotEqual(run("twins", subjects, "--per", 3, "--seed", 2, check=0).stdout, again)

    def test_a_row_without_twins_does_not_stop_the_others(self):
        subjects = self.write("subjects.jsonl", [{"id": "7", "secret": "\u79d8\u5bc6"}] + self.SUBJECTS)
        result = run("twins", subjects, "--per", 3, "--seed", 1, check=0)
        self.assertEqual({row["twin_of"] for row in rows(result.stdout)}, {"1", "2", "3"})
        self.assertIn("id 7", result.stderr)
        self.assertIn("1 of 4 rows", result.stderr)

    def test_what_has_no_twins_is_refused_without_its_value(self):
        for row in ({"id": "9", "kind": "phone", "secret": "+49 30 901820"},
                    {"id": "9", "text": "901820 is in a whole text"}):
            result = run("twins", self.write("s.jsonl", [row]), check=2)
            self.assertNotIn("901820", result.stderr)


if __name__ == "__main__":
    unittest.main()
