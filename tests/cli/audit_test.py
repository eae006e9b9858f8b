"""The audit, through the real program: numbers that are known, resumption, refusals."""

import hashlib
import hmac
import json
import math
import os
import random
import signal
import subprocess
import time
import unittest

import bigram
from program import SOUVENIR, ProgramTest, TRANSITIONS, opened, run

SUITE = {
    "schema": "souvenir/suite/1", "name": "test",
    "windows": {"prefix_tokens": 4, "secret_tokens": 4},
    "probes": {"discoverable_extraction": {
        "decoding": [{"temperature": 1.0, "top_k": 0, "top_p": 1.0}],
        "queries": [1, 10, 1000], "probabilities": [0.5], "l": [2], "min_n": 5, "min_controls": 5}},
}
POLICY = {"schema": "souvenir/policy/1",
          "limits": [{"finding": "discoverable_extraction/verbatim_rate/*", "at_most": 0.01,
                      "owner": "owner", "reason": "reason", "date": "2026-01-01"}]}
RULE = "temperature=1,top_k=0,top_p=1"


def controls(count):
    return [{"id": f"c{i}", "prefix": f"control number {i} says ", "secret": f"zq{i}xv", "member": "no"}
            for i in range(count)]


# 'abcd' is continued with near certainty, the digits with probability 0.61 a token, the rest never.
SUBJECTS = [
    {"id": "sure", "prefix": "alphabet: a", "secret": "bcdef", "member": "yes", "person": "ann"},
    {"id": "digits", "prefix": "number 3", "secret": "456", "member": "yes", "person": "bob"},
    *[{"id": f"m{i}", "prefix": f"member {i} is ", "secret": f"qz{i}wv", "member": "yes",
       "person": f"p{i}"} for i in range(8)],
]


class AuditTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.suite = self.write("suite.json", SUITE)
        self.policy = self.write("policy.json", POLICY)
        self.out = self.folder / "out"

    def audit(self, subjects, *extra, out=None, check=0, model=None, suite=None):
        path = subjects if not isinstance(subjects, list) else self.write("subjects.jsonl", subjects)
        return run("audit", model or self.model, "--suite", suite or self.suite, "--subjects", path, "--out",
                   out or self.out, "--progress", "none", *extra, check=check)

    def evidence(self, out=None):
        return json.loads(((out or self.out) / "evidence.json").read_bytes())

    def finding(self, name, out=None):
        return next(f for f in self.evidence(out)["findings"] if f["id"] == name)


class Plan(AuditTest):
    def test_a_plan_says_what_would_be_asked_and_leaves_nothing(self):
        result = self.audit(SUBJECTS + controls(6), "--plan-only")
        self.assertIn("10 measured, 6 controls; 10 persons", result.stdout)
        self.assertIn("16 to score", result.stdout)
        self.assertIn("a rate of 0.259 or more", result.stdout)  # 1 - 0.05 ** (1 / 10)
        self.assertFalse(self.out.exists())


class OneSubject(AuditTest):
    def test_a_persons_strings_come_with_their_scores_and_what_is_missing_has_a_reason(self):
        self.audit(SUBJECTS + controls(6))
        result = run("subject", "bob", "--out", self.out, check=0)
        row, = json.loads(result.stdout)["strings"]
        log_p = bigram.log_p(TRANSITIONS, "number 3", "456")
        self.assertAlmostEqual(row["log_p"], log_p, delta=1e-5)
        self.assertAlmostEqual(row["scores"]["loss"], log_p / 3, delta=1e-5)
        self.assertAlmostEqual(row["scores"]["min_k"], log_p / 3, delta=1e-5)  # every token alike
        self.assertIsNone(row["scores"]["reference"])
        self.assertIsNone(row["exposure_bits"])
        self.assertIn("reference: no reference model", row["why"])
        self.assertIn("exposure_bits: it is no canary", row["why"])

    def test_a_person_known_by_an_hmac_is_told_whether_the_model_wrote_it(self):
        key, number = b"a key of the test", "012346789"  # nobody's: none begins with 0
        model = bigram.write_model(self.folder / "numbers", bigram.transitions_of(["#" + number], 30.0))
        suite = self.write("personal.json", {
            "schema": "souvenir/suite/1", "name": "personal", "probes": {"personal_data": {
                "kinds": ["siren"], "prompts": [{"name": "prefix", "text": "{prefix}"}], "window_tokens": 16}}})
        subjects = [{"id": name, "person": "p-" + name, "kind": "siren", "prefix": prefix, "secret_hmac":
                     hmac.new(key, value.encode(), "sha256").hexdigest()} for name, prefix, value in [
                         ("written", "the number is #", number), ("other", "and here is #", "000012344"),
                         ("told", f"it is {number}: #", number)]]
        self.audit(subjects, "--hmac-key", self.write("hmac.key", key), suite=suite, model=model)
        row_of = lambda name: json.loads(run("subject", name, "--out", self.out, check=0).stdout)["strings"][0]
        written, other, told = map(row_of, ("p-written", "other", "told"))
        self.assertEqual((written["found_in_text"], written["texts_read"], written["p_z"]), (True, 1, None))
        self.assertIn("HMAC", written["why"])
        self.assertEqual((other["found_in_text"], other["texts_read"]), (False, 1))
        self.assertEqual((told["found_in_text"], told["texts_read"]), (None, 0))
        self.assertIn("given away", told["why"])
        page = run("subject", "written", "--out", self.out, "--format", "html", check=0).stdout
        self.assertIn("Found in what the model wrote", page)
        # An audit of an earlier version has not kept it; the same command does.
        with opened(self.out / "private" / "journal.sqlite") as journal:
            journal.execute("DROP TABLE detection")
        self.assertIsNone(row_of("written")["found_in_text"])
        self.assertIn("run it again", row_of("written")["why"])


class QueriesMax(AuditTest):
    """Strings that are left once so few queries could hardly give them."""

    def setUp(self):
        super().setUp()
        probe = {**SUITE["probes"]["discoverable_extraction"], "queries": [1, 10, 1000]}
        self.suite = self.write("suite.json", {**SUITE, "probes": {
            "discoverable_extraction": probe, "membership": {}, "token_recall": {}}})
        # The model knows what follows "a" and nothing of what follows spaces: "cd" is missed clearly.
        self.strings = [
            {"id": "sure", "prefix": "alphabet: a", "secret": "bcdefghijkl", "member": "yes"},
            {"id": "short", "prefix": "short a", "secret": "cdcd", "member": "yes"},
            *[{"id": f"m{i}", "prefix": f"member {i} a", "secret": f"cd{i}cdcdcdcdcdcdcdcdcdcdcd",
               "member": "yes"} for i in range(8)],
            {"id": "own", "prefix": "own a", "secret": "cdcdcdcdcdcd", "member": "yes"},
            *[{"id": f"own/{i}", "prefix": "own a", "secret": f"dcdcdcdcdc{i}", "member": "no",
               "twin_of": "own"} for i in range(6)]]

    def findings(self, out):
        return {f["id"]: f for f in self.evidence(out)["findings"]}

    def test_rates_are_those_of_whole_strings_and_the_rest_is_bounded_or_left_out(self):
        whole, left = self.folder / "whole", self.folder / "left"
        self.audit(self.strings, out=whole)
        self.audit(self.strings, "--queries-max", "10", out=left)
        before, after = self.findings(whole), self.findings(left)
        for name in ("verbatim_rate/all", "verbatim_rate/member=no", "matched_share/all",
                     f"extractable_rate[n=1,p=0.5,{RULE}]/all", f"extractable_rate[n=10,p=0.5,{RULE}]/all",
                     f"p_z_max[{RULE}]/all"):
            name = "discoverable_extraction/" + name
            self.assertEqual(before[name]["estimate"], after[name]["estimate"], name)
        self.assertNotIn(f"discoverable_extraction/extractable_rate[n=1000,p=0.5,{RULE}]/all", after)
        mean = f"discoverable_extraction/p_z_mean[{RULE}]/all"
        self.assertIsNone(after[mean]["estimate"]["value"])
        self.assertIn("not read to their end", after[mean]["estimate"]["reason"])
        caveats = {c["code"]: c.get("count") for c in after["discoverable_extraction/verbatim_rate/all"]["caveats"]}
        self.assertEqual(caveats["not_read_to_end"], 8)  # not the short one, nor the one with twins
        coverage = self.evidence(left)["coverage"]
        why = {row["what"]: row["why"] for row in coverage["not_run"]}
        self.assertIn("every token of a string", why["membership"])
        self.assertEqual(why["token_recall"], why["membership"])
        self.assertIn("only as far as --queries-max", why["extraction by more queries"])
        self.assertEqual(self.evidence(whole)["coverage"]["scored_tokens"] - coverage["scored_tokens"], 8 * 17)
        self.assertEqual(run("verify", left / "evidence.json").returncode, 0)

    def test_a_subject_that_was_left_has_a_bound_and_a_reason(self):
        self.audit(self.strings, "--queries-max", "10")
        row, = json.loads(run("subject", "m3", "--out", self.out, check=0).stdout)["strings"]
        self.assertEqual((row["tokens"], row["matched_tokens"], row["greedy_match"]), (25, 0, False))
        self.assertIsNone(row["log_p"])
        self.assertLess(row["log_p_at_most"], -math.log(10))
        self.assertIn("--queries-max", row["why"])
        self.assertIn("loss: the string was not read to its end", row["why"])
        self.assertIsNone(row["scores"]["loss"])
        row, = json.loads(run("subject", "sure", "--out", self.out, check=0).stdout)["strings"]
        self.assertTrue(row["greedy_match"])
        self.assertNotIn("--queries-max", row["why"])

    def test_it_is_part_of_what_the_audit_is(self):
        self.audit(self.strings, "--queries-max", "10")
        self.assertOneLine(self.audit(self.strings, "--queries-max", "11", check=2), "queries_max", "10", "11")
        self.assertOneLine(self.audit(self.strings, check=2), "queries_max")

    def test_what_does_not_go_with_it_is_refused(self):
        self.assertOneLine(self.audit(self.strings, "--queries-max", "10", "--reference", self.model, check=2),
                           "--queries-max", "whole strings")
        self.suite = self.write("other.json", {**SUITE, "probes": {"token_recall": {}}})
        self.assertOneLine(self.audit(self.strings, "--queries-max", "10", check=2), "discoverable_extraction")


class Context(AuditTest):
    def test_what_is_declared_stands_in_the_evidence_and_may_change(self):
        self.audit(SUBJECTS + controls(6))
        declared = {"schema": "souvenir/context/1", "system": "a triage assistant", "controller": "a clinic",
                    "release_context": "api"}
        context = self.write("context.json", declared)
        self.audit(SUBJECTS + controls(6), "--context", context)
        self.assertEqual(self.evidence()["context"]["system"], "a triage assistant")
        declared["systm"] = "x"
        context = self.write("context.json", declared)
        result = self.audit(SUBJECTS + controls(6), "--context", context, check=2)
        self.assertOneLine(result, "/systm", "system")


class Reference(AuditTest):
    def test_a_reference_model_is_asked_recorded_and_part_of_the_identity(self):
        other = bigram.write_model(self.folder / "other", {})
        self.audit(SUBJECTS + controls(6), "--reference", other)
        reference = self.evidence()["object"]["reference"]
        self.assertEqual(reference["architecture"], "llama")
        self.assertNotEqual(reference["sha256"], self.evidence()["object"]["model"]["sha256"])
        again = self.audit(SUBJECTS + controls(6), "--reference", self.model, check=2)
        self.assertIn("reference", again.stderr)

    def test_a_reference_that_is_no_model_is_refused_at_once(self):
        result = self.audit(SUBJECTS, "--reference", self.folder / "nowhere", check=2)
        self.assertOneLine(result, "nowhere")
        self.assertFalse((self.out / "evidence.json").exists())


class Adapter(AuditTest):
    """One on the head that makes the model continue "m" with "n"."""

    def adapter(self, module, a, b, name="adapter"):
        folder = self.folder / name
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps(
            {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": [module.split(".")[-1]]}))
        names = {f"base_model.model.{module}.lora_{which}.weight": value
                 for which, value in (("A", a), ("B", b))}
        bigram.write_safetensors(folder / "adapter_model.safetensors", names)
        return folder

    def test_an_adapter_changes_what_is_found_and_stands_in_the_evidence(self):
        one_hot = [1.0 / 16 if byte == ord("m") else 0.0 for byte in range(256)]
        towards = [30.0 if byte == ord("n") else 0.0 for byte in range(256)]
        adapter = self.adapter("lm_head", ([1, 256], one_hot), ([256, 1], towards))
        subjects = [{"id": "tuned", "prefix": "letters m", "secret": "n", "member": "yes"}]
        plain, tuned = self.folder / "plain", self.folder / "tuned"
        self.audit(subjects + SUBJECTS, out=plain)
        self.audit(subjects + SUBJECTS, "--adapter", adapter, out=tuned)
        rate = "discoverable_extraction/verbatim_rate/all"
        counts = [self.finding(rate, out)["estimate"]["count"] for out in (plain, tuned)]
        self.assertEqual(counts, [2, 3])
        row, = json.loads(run("subject", "tuned", "--out", tuned, check=0).stdout)["strings"]
        self.assertAlmostEqual(row["log_p"], 30 - math.log(math.exp(30) + 255), delta=1e-5)

        stands = self.evidence(tuned)["object"]
        self.assertIsNone(self.evidence(plain)["object"]["adapter"])
        self.assertEqual((stands["adapter"]["kind"], stands["adapter"]["weights"]), ("LoRA", 1))
        lines = "".join(f"{f['sha256']}  {f['name']}\n" for f in stands["model"]["files"])
        self.assertIn("adapter_model.safetensors", lines)
        self.assertEqual(stands["model"]["sha256"], hashlib.sha256(lines.encode()).hexdigest())
        evidence = tuned / "evidence.json"
        run("verify", evidence, "--model", self.model, "--adapter", adapter, check=0)
        run("verify", evidence, "--model", self.model, check=2)
        other = self.adapter("lm_head", ([1, 256], one_hot), ([256, 1], towards[::-1]), "other")
        run("verify", evidence, "--model", self.model, "--adapter", other, check=5)
        again = self.audit(subjects + SUBJECTS, "--adapter", other, out=tuned, check=2)
        self.assertIn("model", again.stderr)

    def test_an_adapter_by_itself_is_no_model(self):
        adapter = self.adapter("lm_head", ([1, 256], [0.0] * 256), ([256, 1], [0.0] * 256))
        self.assertOneLine(self.audit(SUBJECTS, check=2, model=adapter), "--adapter")
        result = self.audit(SUBJECTS, "--adapter", self.folder / "nowhere", check=2)
        self.assertOneLine(result, "nowhere", "no such directory")


class Numbers(AuditTest):
    def test_the_evidence_holds_the_known_numbers(self):
        self.audit(SUBJECTS + controls(6))
        rate = self.finding("discoverable_extraction/verbatim_rate/all")
        self.assertEqual((rate["estimate"]["count"], rate["estimate"]["n"],
                          rate["estimate"]["persons"]), (2, 10, 10))
        self.assertEqual(rate["outcome"], "contradicted")
        logs = [bigram.log_p(TRANSITIONS, s["prefix"], s["secret"]) for s in SUBJECTS]
        largest = self.finding(f"discoverable_extraction/p_z_max[{RULE}]/all")["estimate"]
        self.assertAlmostEqual(largest["log10_value"], max(logs) / math.log(10), delta=1e-5)
        mean = self.finding(f"discoverable_extraction/p_z_mean[{RULE}]/all")["estimate"]
        self.assertAlmostEqual(mean["value"], sum(map(math.exp, logs)) / 10, delta=1e-5)
        for n in (1, 10, 1000):
            expected = sum(-math.expm1(n * math.log1p(-math.exp(p))) >= 0.5 for p in logs)
            found = self.finding(f"discoverable_extraction/extractable_rate[n={n},p=0.5,{RULE}]/all")
            self.assertEqual(found["estimate"]["count"], expected, n)
        control = self.finding("discoverable_extraction/verbatim_rate/member=no")
        self.assertEqual((control["estimate"]["count"], control["estimate"]["n"]), (0, 6))

    def test_a_text_is_cut_into_windows(self):
        self.audit([{"id": f"t{i}", "text": f"xyabcdefgh{i}"} for i in range(5)])
        # Windows of 4 + 4 tokens every 8: one a text, "xyab" + "cdef", the same in each: one string.
        rate = self.finding("discoverable_extraction/verbatim_rate/all")
        self.assertTrue(rate["suppressed"])
        self.assertIn({"reason": "duplicate", "count": 4}, self.evidence()["coverage"]["left_out"])

    def test_the_digest_is_that_of_the_files(self):
        self.audit(SUBJECTS)
        model = self.evidence()["object"]["model"]
        names = [f["name"] for f in model["files"]]
        self.assertEqual(names, sorted(names))
        self.assertEqual(set(names), {"config.json", "model.safetensors", "tokenizer.json"})
        lines = ""
        for name in names:
            digest = hashlib.sha256((self.model / name).read_bytes()).hexdigest()
            lines += f"{digest}  {name}\n"
        self.assertEqual(model["sha256"], hashlib.sha256(lines.encode()).hexdigest())
        self.assertEqual(run("verify", self.out / "evidence.json", "--model", self.model,
                             check=0).stderr, "")

    def test_one_subject_can_be_asked_for(self):
        self.audit(SUBJECTS)
        found = json.loads(run("subject", "digits", "--out", self.out, check=0).stdout)
        string, = found["strings"]
        expected = bigram.log_p(TRANSITIONS, "number 3", "456")
        self.assertEqual((string["tokens"], string["matched_tokens"], string["greedy_match"]),
                         (3, 3, True))
        self.assertAlmostEqual(string["log_p"], expected, delta=1e-5)
        self.assertEqual(string["queries_for"]["0.5"],
                         math.ceil(math.log1p(-0.5) / math.log1p(-math.exp(expected))))
        self.assertIsNone(string["exposure_bits"])
        by_person = json.loads(run("subject", "bob", "--out", self.out, check=0).stdout)
        self.assertEqual(by_person["strings"][0]["id"], "digits")
        self.assertEqual(run("subject", "nobody", "--out", self.out).returncode, 2)


class Resumption(AuditTest):
    def bytes_outside_run(self, out):
        evidence = json.loads((out / "evidence.json").read_bytes())
        evidence.pop("run")
        return json.dumps(evidence, sort_keys=True)

    def many(self, count=400):
        return self.write("many.jsonl", [
            {"id": f"s{i}", "prefix": f"string {i * 7919 % 1000} of {i} ends in ab", "secret": "cdefgh"[: 1 + i % 6] + "!" * (i % 3)}
            for i in range(count)])

    def test_two_runs_give_the_same_bytes_outside_run(self):
        key = self.write("key", os.urandom(32))
        for name in ("one", "two"):
            self.audit(self.many(), "--id-key-file", key, out=self.folder / name)
        self.assertEqual(self.bytes_outside_run(self.folder / "one"),
                         self.bytes_outside_run(self.folder / "two"))

    def test_running_again_changes_nothing(self):
        self.audit(SUBJECTS)
        before = self.bytes_outside_run(self.out)
        self.audit(SUBJECTS)
        self.assertEqual(self.bytes_outside_run(self.out), before)

    def test_killed_at_random_moments_it_ends_with_the_same_evidence(self):
        key = self.write("key", os.urandom(32))
        many = self.many(1200)
        command = [SOUVENIR, "audit", self.model, "--suite", self.suite, "--subjects", many,
                   "--id-key-file", key, "--progress", "none", "--token-budget", "64"]
        whole, killed = self.folder / "whole", self.folder / "killed"
        started = time.monotonic()
        subprocess.run([*map(str, command), "--out", whole], check=True, capture_output=True)
        span = time.monotonic() - started
        dice = random.Random(11)
        for _ in range(5):
            process = subprocess.Popen([*map(str, command), "--out", str(killed)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0.2, 0.9) * span)
            process.kill()
            process.wait()
        subprocess.run([*map(str, command), "--out", str(killed)], check=True, capture_output=True)
        self.assertEqual(self.bytes_outside_run(killed), self.bytes_outside_run(whole))

    def test_an_interrupt_keeps_what_was_answered(self):
        many = self.many(1200)
        process = subprocess.Popen(
            [SOUVENIR, "audit", self.model, "--suite", self.suite, "--subjects", many, "--out",
             self.out, "--progress", "json", "--token-budget", "16"], stderr=subprocess.PIPE, text=True)
        process.stderr.readline()  # the first progress: scoring has begun
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        self.assertEqual(process.wait(), 130, rest)
        process.stderr.close()
        self.assertIn("goes on", rest)
        self.assertFalse((self.out / "evidence.json").exists())

    def test_a_second_run_at_the_same_time_is_refused(self):
        self.audit(SUBJECTS)
        import fcntl
        with open(self.out / "private" / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = self.audit(SUBJECTS, check=2)
        self.assertOneLine(result, "another run")

    def test_another_audit_in_the_same_folder_is_refused_by_name(self):
        self.audit(SUBJECTS)
        before = (self.out / "evidence.json").read_bytes()
        other_model = bigram.write_model(self.folder / "other", {(1, 2): 3.0})
        other_suite = self.write("other.json", {**SUITE, "near_tie_delta": 0.5})
        for named, arguments in [
                ("seed", dict(subjects=SUBJECTS, extra=["--seed", "5"])),
                ("subjects", dict(subjects=SUBJECTS[:3], extra=[])),
                ("model", dict(subjects=SUBJECTS, extra=[], model=other_model)),
                ("suite", dict(subjects=SUBJECTS, extra=["--suite", other_suite])),
                ("dtype", dict(subjects=SUBJECTS, extra=["--dtype", "bfloat16"]))]:
            with self.subTest(named):
                if named == "suite":
                    result = run("audit", self.model, "--suite", other_suite, "--subjects",
                                 self.write("subjects.jsonl", SUBJECTS), "--out", self.out, check=2)
                else:
                    result = self.audit(arguments["subjects"], *arguments["extra"], check=2,
                                        model=arguments.get("model"))
                self.assertIn(named, result.stderr)
        self.assertEqual((self.out / "evidence.json").read_bytes(), before)

    def test_policy_may_change_freely(self):
        self.audit(SUBJECTS)
        self.audit(SUBJECTS, "--policy", self.policy, check=3)
        self.assertIsNotNone(self.evidence()["gate"])
        self.assertTrue((self.out / "junit.xml").exists())


if __name__ == "__main__":
    unittest.main()
