"""Bad input and faults: one clear line each, the right exit code, nothing half-written."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import unittest

import bigram
from audit_test import POLICY, SUBJECTS, SUITE, AuditTest
from program import ProgramTest, SOUVENIR, TRANSITIONS, run

ROW = '{"id":1,"prefix_ids":[97],"ids":[98]}\n'


class Checkpoints(ProgramTest):
    def damaged(self, change):
        folder = bigram.write_model(self.folder / "damaged", TRANSITIONS)
        change(folder)
        return folder

    def refused(self, change, *named):
        result = run("score", self.damaged(change), stdin=ROW, check=2)
        self.assertOneLine(result, *named)
        self.assertEqual(result.stdout, "")

    def config(self, **changes):
        def change(folder):
            path = folder / "config.json"
            config = json.loads(path.read_text())
            for key, value in changes.items():
                config.pop(key, None) if value is None else config.update({key: value})
            path.write_text(json.dumps(config))
        return change

    def test_no_such_folder(self):
        self.assertOneLine(run("score", self.folder / "nowhere", stdin=ROW, check=2), "nowhere")

    def test_a_folder_that_is_no_checkpoint(self):
        self.assertOneLine(run("score", self.folder, stdin=ROW, check=2), "config.json")

    def test_weights_that_are_missing(self):
        self.refused(lambda f: (f / "model.safetensors").unlink(), "model.safetensors")

    def test_weights_that_are_cut_short(self):
        def change(folder):
            path = folder / "model.safetensors"
            path.write_bytes(path.read_bytes()[:-4])
        self.refused(change, "model.safetensors")

    def test_weights_that_are_no_numbers(self):
        def change(folder):
            named = bigram.tensors(TRANSITIONS)
            named["lm_head.weight"][1][5] = float("nan")
            bigram.write_safetensors(folder / "model.safetensors", named)
        self.refused(change, "lm_head.weight")

    def test_a_tensor_of_the_wrong_shape(self):
        self.refused(self.config(intermediate_size=16), "gate_proj", "[16, 256]", "[8, 256]")

    def test_a_tensor_too_few_and_one_too_many(self):
        def fewer(folder):
            named = bigram.tensors(TRANSITIONS)
            named.pop("model.norm.weight")
            bigram.write_safetensors(folder / "model.safetensors", named)
        self.refused(fewer, "model.norm.weight")

        def more(folder):
            named = bigram.tensors(TRANSITIONS)
            named["model.extra.weight"] = ([1], [0.0])
            bigram.write_safetensors(folder / "model.safetensors", named)
        self.refused(more, "model.extra.weight")

    def test_a_config_that_is_no_json(self):
        self.refused(lambda f: (f / "config.json").write_text("{"), "config.json", "JSON")

    def test_what_is_not_supported_is_refused_by_name(self):
        self.refused(self.config(model_type="mamba"), "mamba", "llama")
        self.refused(self.config(rope_scaling={"rope_type": "mrope", "factor": 2.0}), "mrope", "llama3")
        self.refused(self.config(quantization_config={"quant_method": "gptq"}), "quantization_config")
        self.refused(self.config(hidden_act="tanh"), "tanh", "silu")

    def test_a_tokenizer_that_does_not_fit(self):
        def change(folder):
            tokenizer = bigram.tokenizer_json()
            tokenizer["model"]["vocab"]["more"] = 256
            (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        folder = self.damaged(change)
        result = run("audit", folder, "--suite", "quick", "--subjects",
                     self.write("s.jsonl", SUBJECTS), "--out", self.folder / "out", check=2)
        self.assertOneLine(result, "257", "256")

    def test_a_tokenizer_with_something_unknown(self):
        def change(folder):
            tokenizer = bigram.tokenizer_json()
            tokenizer["normalizer"] = {"type": "BertNormalizer"}
            (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        result = run("tokenize", self.damaged(change), stdin='{"id":1,"text":"x"}\n', check=2)
        self.assertOneLine(result, "tokenizer.json", "BertNormalizer")

    def test_a_device_that_is_not_there(self):
        result = run("score", self.model, "--device", "cuda:63", stdin=ROW, check=2)
        self.assertOneLine(result, "cuda")


class Inputs(AuditTest):
    def test_every_wrong_input_is_one_line_and_exit_2(self):
        good = self.write("good.jsonl", SUBJECTS)
        for subjects, suite, policy, named in [
                (self.folder / "none.jsonl", self.suite, self.policy, "none.jsonl"),
                (self.write("bad.jsonl", '{"id":"a"'), self.suite, self.policy, "line 1"),
                (self.write("key.jsonl", [{"id": "a", "secret": "hush", "membr": "yes"}]), self.suite,
                 self.policy, "member"),
                (self.write("twice.jsonl", [SUBJECTS[0]] * 2), self.suite, self.policy, "twice"),
                (good, "nosuchsuite", self.policy, "quick"),
                (good, self.write("s1.json", {**SUITE, "sede": 1}), self.policy, "seed"),
                (good, self.write("s2.json", {**SUITE, "probes": {"nosuch": {}}}), self.policy,
                 "discoverable_extraction"),
                (good, self.write("s3.json", {**SUITE, "probes": {"discoverable_extraction": {"querys": []}}}),
                 self.policy, "queries"),
                (good, self.suite, self.write("p1.json", {**POLICY, "limit": []}), "limits"),
                (good, self.suite, self.write("p2.json", "[]"), "p2.json")]:
            with self.subTest(named):
                result = run("audit", self.model, "--suite", suite, "--subjects", subjects, "--policy",
                             policy, "--out", self.out, "--progress", "none", check=2)
                self.assertOneLine(result, named)
                self.assertNotIn("hush", result.stderr)
                self.assertFalse((self.out / "evidence.json").exists())

    def test_flags_and_verbs_that_do_not_exist(self):
        self.assertEqual(run("audit").returncode, 2)
        self.assertEqual(run("score", self.model, "--tempreature", "1").returncode, 2)
        self.assertIn("audit", run("audti").stderr)
        self.assertEqual(run("audti").returncode, 2)
        self.assertEqual(run("score", self.model, "--device", "abacus", stdin=ROW).returncode, 2)

    def test_help_is_on_standard_output(self):
        for verb in ("audit", "score", "gate", "tokenize", "generate", "doctor", "verify", "report",
                     "validate", "subject", "list"):
            result = run(verb, "--help", check=0)
            self.assertIn(verb, result.stdout)
            self.assertEqual(result.stderr, "")

    def test_strings_that_cannot_be_asked_are_left_out_and_counted(self):
        long = {"id": "long", "prefix": "a", "secret": "b" * 300}
        self.audit([*SUBJECTS, long, {"id": "bare", "secret": "xyz"}])
        left_out = {row["reason"]: row["count"] for row in self.evidence()["coverage"]["left_out"]}
        self.assertEqual(left_out, {"longer_than_context": 1, "no_context": 1})

    def test_a_token_in_front_that_the_model_has_no_row_for_is_refused(self):
        self.model = bigram.write_model(self.folder / "fronted", TRANSITIONS)
        tree = bigram.tokenizer_json()
        tree["added_tokens"] = [{"id": 256, "content": "<s>", "single_word": False, "lstrip": False,
                                 "rstrip": False, "normalized": False, "special": True}]
        tree["post_processor"] = {
            "type": "TemplateProcessing", "pair": [],
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [256], "tokens": ["<s>"]}}}
        (self.model / "tokenizer.json").write_text(json.dumps(tree))
        result = self.audit(SUBJECTS, check=2)
        self.assertIn("256, which the tokenizer puts in front, is no token of the model", result.stderr)

    def test_a_string_with_a_token_that_the_model_has_no_row_for_is_left_out(self):
        self.model = bigram.write_model(self.folder / "padded", TRANSITIONS)
        (self.model / "tokenizer_config.json").write_text('{"pad_token": "<pad>"}')
        self.audit([*SUBJECTS, {"id": "pad", "prefix": "a", "secret": "bc<pad>"}])
        self.assertEqual(self.evidence()["coverage"]["left_out"],
                         [{"reason": "id_outside_vocabulary", "count": 1}])


class Faults(AuditTest):
    def test_a_full_disk(self):
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w") as full:
                result = subprocess.run([SOUVENIR, "score", str(self.model)], input=ROW, text=True,
                                        stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(result.returncode, 1)
            self.assertIn("standard output", result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)

    def test_a_file_size_limit_stands_for_a_full_disk(self):
        # The thread sanitizer maps a larger file before the program begins, and ends with 66.
        if subprocess.run(["bash", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" --version", SOUVENIR],
                          capture_output=True).returncode == 66:
            self.skipTest("this build cannot start under a file size limit")
        path = self.write("subjects.jsonl", SUBJECTS + [
            {"id": f"f{i}", "prefix": f"filler {i} a", "secret": "b" * 60} for i in range(400)])
        result = subprocess.run(
            ["bash", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash", SOUVENIR, "audit",
             self.model, "--suite", self.suite, "--subjects", path, "--out", self.out,
             "--progress", "none"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertFalse((self.out / "evidence.json").exists())
        self.audit(path)  # with room again, the same command goes on
        self.assertTrue((self.out / "evidence.json").exists())

    def test_a_folder_that_cannot_be_written(self):
        target = self.write("file", "not a folder")
        result = self.audit(SUBJECTS, out=target / "out", check=1)
        self.assertOneLine(result, "file")

    def test_a_damaged_journal(self):
        self.audit(SUBJECTS)
        (self.out / "private" / "journal.sqlite").write_bytes(b"x" * 20000)
        for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
            (self.out / "private" / name).unlink(missing_ok=True)
        before = (self.out / "evidence.json").read_bytes()
        self.assertOneLine(self.audit(SUBJECTS, check=5), "journal")
        self.assertEqual((self.out / "evidence.json").read_bytes(), before)

    def test_damaged_evidence(self):
        self.audit(SUBJECTS)
        path = self.out / "evidence.json"
        whole = path.read_bytes()
        for damaged in (whole[:-10], whole.replace(b'"count":2', b'"count":"2"', 1)):
            path.write_bytes(damaged)
            self.assertOneLine(run("gate", path, "--policy", self.policy, check=5))
            self.assertOneLine(run("verify", path, check=5))
        path.write_bytes(whole)
        self.assertIn("whole", run("verify", path, check=0).stdout)
        path.write_bytes(whole.replace(b'"count":2', b'"count":1', 1))
        self.assertOneLine(run("verify", path, check=5), "edited")
        # Canonical numbers are doubles: this one is no integer that a double holds exactly.
        large = re.sub(rb'"value":[0-9.]+', b'"value":58108765981475440', whole, count=1)
        bare = re.sub(rb'"content_sha256":"[0-9a-f]+",', b"", large)
        path.write_bytes(re.sub(rb'("content_sha256":")[0-9a-f]+',
                                rb"\g<1>" + hashlib.sha256(bare).hexdigest().encode(), large))
        self.assertIn("whole", run("verify", path, check=0).stdout)
        path.write_bytes(b"[]")  # not damaged: something else
        self.assertOneLine(run("gate", path, "--policy", self.policy, check=2), "evidence")
        path.write_bytes(whole.replace(b'"count":2', b'"count": 2', 1))
        self.assertOneLine(run("verify", path, check=5), "canonical")

    def test_a_model_that_is_not_the_one_audited(self):
        self.audit(SUBJECTS)
        other = bigram.write_model(self.folder / "other", {(1, 2): 3.0})
        result = run("verify", self.out / "evidence.json", "--model", other, check=5)
        self.assertOneLine(result, "model.safetensors", "expected SHA-256")


if __name__ == "__main__":
    unittest.main()
