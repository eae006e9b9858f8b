"""A GGUF file as MODEL, through the real program: the model of program.py, stored in blocks."""

import hashlib
import json
import unittest

import bigram
from audit_test import SUBJECTS, SUITE
from program import TRANSITIONS, ProgramTest, rows, run


class GgufTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.file = bigram.write_gguf(self.folder / "model.Q8_0.gguf", TRANSITIONS)

    def both(self, verb, stdin, *extra):
        return [rows(run(verb, model, *extra, stdin=stdin, check=0).stdout)
                for model in (self.file, self.model)]

    def test_tokens_scores_and_texts_are_those_of_the_directory(self):
        text = '{"id":1,"text":"a é  12\\n"}\n{"id":2,"ids":[97,195,169]}\n'
        found, expected = self.both("tokenize", text)
        self.assertEqual(found[0]["ids"], expected[0]["ids"])
        self.assertEqual(found[1], expected[1])

        found, expected = self.both("score", '{"id":1,"prefix":"number 3","text":"45 bcd"}\n')
        for one, other in zip(found[0]["log_probs"], expected[0]["log_probs"]):
            self.assertAlmostEqual(one, other, delta=1e-4)

        found, expected = self.both("generate", '{"id":1,"prefix":"a"}\n', "--max-new-tokens", "9")
        self.assertEqual(found, expected)
        self.assertEqual(found[0]["text"], "bcdefghij")

    def test_an_audit_says_that_the_quantised_model_was_audited(self):
        out = self.folder / "out"
        result = run("audit", self.file, "--suite", self.write("suite.json", SUITE), "--subjects",
                     self.write("subjects.jsonl", SUBJECTS), "--out", out, "--progress", "none",
                     check=0)
        self.assertIn("quantised (F32, Q8_0)", result.stdout)
        evidence = json.loads((out / "evidence.json").read_bytes())
        model = evidence["object"]["model"]
        self.assertEqual((model["stored_dtype"], model["quantisation"], model["compute_dtype"]),
                         ("Q8_0", "F32, Q8_0", "float32"))
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        self.assertEqual([(f["name"], f["sha256"]) for f in model["files"]],
                         [("model.Q8_0.gguf", digest)])
        self.assertIn("GGUF", evidence["object"]["tokenizer"]["kind"])
        rate = next(f for f in evidence["findings"]
                    if f["id"] == "discoverable_extraction/verbatim_rate/all")
        self.assertEqual(rate["estimate"]["count"], 2)
        report = (out / "report.html").read_text()
        self.assertIn("every number speaks of the quantised model", report)
        self.assertIn("chaque chiffre concerne le modèle quantifié", report)

        run("verify", out / "evidence.json", "--model", self.file, check=0)
        moved = self.file.rename(self.folder / "moved.gguf")
        run("verify", out / "evidence.json", "--model", moved, check=0)
        other = bigram.write_gguf(self.folder / "model.Q8_0.gguf", {})
        run("verify", out / "evidence.json", "--model", other, check=5)

    def test_a_gguf_file_that_is_damaged_is_refused_in_one_line(self):
        data = self.file.read_bytes()
        for name, content, word in [("cut.gguf", data[:-1000], "truncated"),
                                    ("not.gguf", b"x" * 100, "GGUF"),
                                    ("model-00001-of-00002.gguf", data, "split")]:
            for verb in ("score", "tokenize"):
                result = run(verb, self.write(name, content), stdin="", check=2)
                self.assertOneLine(result, name, word)

    def test_a_split_model_is_that_of_the_whole_file(self):
        folder = self.folder / "split"
        folder.mkdir()
        paths = bigram.write_split_gguf(folder, TRANSITIONS, 3)
        stdin = '{"id":1,"prefix":"number 3","text":"45 bcd"}\n'
        expected = run("score", self.file, stdin=stdin, check=0).stdout
        for model in (paths[0], folder):
            self.assertEqual(run("score", model, stdin=stdin, check=0).stdout, expected)

        out = self.folder / "out"
        run("audit", paths[0], "--suite", self.write("suite.json", SUITE), "--subjects",
            self.write("subjects.jsonl", SUBJECTS), "--out", out, "--progress", "none", check=0)
        for model in (paths[0], folder):
            run("verify", out / "evidence.json", "--model", model, check=0)

        def refused(*words, model=paths[0]):
            self.assertOneLine(run("score", model, stdin="", check=2), *words)

        refused("model-00002-of-00003.gguf", "name the first, model-00001-of-00003.gguf", model=paths[1])
        third = paths[2].read_bytes()
        paths[2].unlink()
        refused("model-00003-of-00003.gguf")
        paths[2].write_bytes(paths[1].read_bytes())
        refused("part 2 of 3 by its metadata, 3 of 3 by its name")
        keys = [("split.no", 4, 2), ("split.count", 4, 3)]
        paths[2].write_bytes(bigram.gguf_bytes(keys, {}))
        refused("tensors in 3 parts, found")
        held = bigram.tensors(TRANSITIONS)
        names = sorted(held)[1::3][:len(sorted(held)[2::3])]
        paths[2].write_bytes(bigram.gguf_bytes(keys, {name: held[name] for name in names}))
        refused("in another part too")
        run("verify", out / "evidence.json", "--model", paths[0], check=5)
        paths[2].write_bytes(third)
        run("verify", out / "evidence.json", "--model", paths[0], check=0)

    def test_the_listing_names_the_formats(self):
        listing = run("list", "checkpoints", check=0).stdout
        for word in ("safetensors", "gguf", "Q4_K", "IQ4_XS", "qwen3"):
            self.assertIn(word, listing)


if __name__ == "__main__":
    unittest.main()
