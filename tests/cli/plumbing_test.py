"""The plumbing verbs, through the real program, on a model whose every number is known."""

import json
import math
import unittest

import bigram
from program import ProgramTest, TRANSITIONS, rows, run


class Tokenize(ProgramTest):
    def test_text_becomes_ids_with_byte_offsets_and_back(self):
        out = rows(run("tokenize", self.model, stdin='{"id":"a","text":"é b"}\n{"id":7,"ids":[97,98]}\n',
                       check=0).stdout)
        self.assertEqual(out[0], {"id": "a", "ids": [0xC3, 0xA9, 0x20, 0x62],
                                  "offsets": [[0, 2], [0, 2], [2, 3], [3, 4]]})
        self.assertEqual(out[1], {"id": 7, "text": "ab"})

    def test_bytes_that_are_no_text_stay_bytes(self):
        out = rows(run("tokenize", self.model, stdin='{"id":"a","ids":[255,97]}\n', check=0).stdout)
        self.assertEqual(out, [{"id": "a", "bytes_base64": "/2E="}])

    def test_a_row_that_is_wrong_is_answered_and_the_rest_goes_on(self):
        result = run("tokenize", self.model,
                     stdin='{"id":"a"}\nnot json\n{"text":"x"}\n{"id":"b","ids":[999]}\n'
                           '{"id":"c","txt":"x"}\n{"id":"d","text":"x"}\n', check=2)
        out = rows(result.stdout)
        self.assertEqual([row.get("id", row.get("line")) for row in out], ["a", 2, 3, "b", "c", "d"])
        self.assertTrue(all("error" in row for row in out[:5]))
        self.assertIn('"text"', out[4]["error"])
        self.assertEqual(out[5]["ids"], [0x78])

    def test_files_in_and_out(self):
        source = self.write("in.jsonl", [{"id": "a", "text": "x"}])
        target = self.folder / "out.jsonl"
        self.assertEqual(run("tokenize", self.model, "-i", source, "-o", target, check=0).stdout, "")
        self.assertEqual(rows(target.read_text())[0]["ids"], [0x78])

    def test_the_kinds_that_are_proven_are_listed(self):
        kinds = run("list", "tokenizers", check=0).stdout.splitlines()
        self.assertIn("tokenizer.json BPE", kinds)
        self.assertIn("GGUF SentencePiece BPE", kinds)


class Score(ProgramTest):
    def score(self, *request, extra=()):
        text = "".join(json.dumps(row) + "\n" for row in request)
        return rows(run("score", self.model, *extra, stdin=text, check=0).stdout)

    def test_log_probabilities_ranks_and_the_sum_are_the_known_ones(self):
        out, = self.score({"id": 1, "prefix_ids": [97], "ids": [98, 99, 120]})
        expected = [bigram.log_probability(TRANSITIONS, a, b)
                    for a, b in [(97, 98), (98, 99), (99, 120)]]
        for found, wanted in zip(out["log_probs"], expected):
            self.assertAlmostEqual(found, wanted, delta=1e-5)
        self.assertEqual(out["ranks"], [1, 1, 2])
        self.assertAlmostEqual(out["log_p"], sum(expected), delta=3e-5)
        self.assertFalse(out["greedy"])
        self.assertEqual(out["ids"], [98, 99, 120])

    def test_greedy_is_the_argmax_at_every_token(self):
        self.assertTrue(self.score({"id": 1, "prefix_ids": [97], "ids": [98, 99, 100]})[0]["greedy"])

    def test_without_a_prefix_the_first_id_is_unscored(self):
        out, = self.score({"id": 1, "ids": [97, 98]})
        self.assertIsNone(out["log_probs"][0])
        self.assertIsNone(out["ranks"][0])
        self.assertAlmostEqual(out["log_p"], bigram.log_probability(TRANSITIONS, 97, 98), delta=1e-5)

    def test_a_text_is_cut_at_the_prefix(self):
        out, = self.score({"id": 1, "prefix": "xa", "text": "bc"})
        self.assertEqual(out["prefix_ids"], [120, 97])
        self.assertEqual(out["ids"], [98, 99])

    def test_a_decoding_rule_adds_its_own_log_probability(self):
        row = {"id": 1, "prefix_ids": [48], "ids": [49, 50]}
        hot, = self.score(row, extra=["--temperature", "2"])
        self.assertAlmostEqual(
            hot["log_p_decoding"],
            sum(bigram.log_probability(TRANSITIONS, a, b, 2.0) for a, b in [(48, 49), (49, 50)]),
            delta=1e-5)
        first, = self.score(row, extra=["--top-k", "1"])
        self.assertAlmostEqual(first["log_p_decoding"], 0.0, delta=1e-6)
        never, = self.score({"id": 1, "prefix_ids": [48], "ids": [97]}, extra=["--top-k", "1"])
        self.assertIsNone(never["log_p_decoding"])
        self.assertNotIn("log_p_decoding", self.score(row)[0])

    def test_order_and_batches_change_nothing(self):
        requests = [{"id": i, "prefix_ids": [97 + i % 9] * (1 + i % 5), "ids": [98 + i % 7] * (1 + i % 3)}
                    for i in range(200)]
        together = self.score(*requests)
        apart = self.score(*requests, extra=["--token-budget", "1", "--threads", "1"])
        self.assertEqual([row["id"] for row in together], list(range(200)))
        for a, b in zip(together, apart):
            self.assertAlmostEqual(a["log_p"], b["log_p"], delta=1e-5)

    def test_rows_of_ids_need_no_tokenizer_and_rows_of_text_say_so(self):
        bare = bigram.write_model(self.folder / "bare", TRANSITIONS)
        (bare / "tokenizer.json").unlink()
        result = run("score", bare, stdin='{"id":1,"prefix_ids":[97],"ids":[98]}\n'
                                          '{"id":2,"prefix":"a","text":"b"}\n', check=2)
        out = rows(result.stdout)
        self.assertIn("log_p", out[0])
        self.assertIn("tokenizer", out[1]["error"])

    def test_what_does_not_fit_is_refused_by_name(self):
        result = run("score", self.model,
                     stdin='{"id":1,"prefix_ids":[97],"ids":[256]}\n'
                           '{"id":2,"prefix_ids":[97],"ids":%s}\n'
                           '{"id":3,"prefix_ids":[97],"ids":[]}\n'
                           '{"id":4,"prefix_ids":[-1],"ids":[97]}\n' % ([98] * 256), check=2)
        out = rows(result.stdout)
        self.assertIn("256", out[0]["error"])
        self.assertIn("257", out[1]["error"])
        self.assertIn("256", out[1]["error"])
        self.assertTrue(all("error" in row for row in out))


class Generate(ProgramTest):
    def test_ids_are_not_lost_for_a_tokenizer_that_cannot_be_read(self):
        model = bigram.write_model(self.folder / "unread", TRANSITIONS)
        (model / "tokenizer.json").write_text(json.dumps(
            {**bigram.tokenizer_json(), "normalizer": {"type": "BertNormalizer"}}))
        result = run("generate", model, "--max-new-tokens", "2", check=2,
                     stdin='{"id":1,"prefix_ids":[97]}\n{"id":2,"prefix":"a"}\n')
        out = rows(result.stdout)
        self.assertEqual((out[0]["ids"], out[0]["text"]), ([98, 99], None))
        self.assertIn("BertNormalizer", out[1]["error"])
        self.assertEqual(result.stderr.count("BertNormalizer"), 1)

    def test_rows_of_the_model_without_a_token_are_left_out_of_the_text(self):
        import shutil
        model = self.folder / "padded"
        shutil.copytree(self.model, model)
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        del tokenizer["model"]["vocab"]["d"]
        (model / "tokenizer.json").write_text(json.dumps(tokenizer))
        out, = rows(run("generate", model, "--max-new-tokens", "5", stdin='{"id":1,"prefix":"a"}\n',
                        check=0).stdout)
        self.assertEqual((out["ids"], out["text"]), ([98, 99, 100, 101, 102], "bcef"))

    def test_greedy_follows_the_memory(self):
        out, = rows(run("generate", self.model, "--max-new-tokens", "5",
                        stdin='{"id":"g","prefix":"xa"}\n', check=0).stdout)
        self.assertEqual(out, {"id": "g", "sample": 0, "ids": [98, 99, 100, 101, 102],
                               "text": "bcdef", "stop": "length"})

    def test_samples_do_not_depend_on_what_else_is_asked(self):
        flags = ["--max-new-tokens", "8", "--samples", "3", "--temperature", "1", "--seed", "5"]
        row = '{"id":"s","prefix_ids":[48]}\n'
        other = '{"id":"t","prefix_ids":[97,98]}\n'
        alone = rows(run("generate", self.model, *flags, stdin=row, check=0).stdout)
        among = rows(run("generate", self.model, *flags, stdin=other + row, check=0).stdout)
        self.assertEqual(alone, [sample for sample in among if sample["id"] == "s"])
        self.assertEqual([sample["sample"] for sample in alone], [0, 1, 2])
        seeded = rows(run("generate", self.model, *flags[:-1], "6", stdin=row, check=0).stdout)
        self.assertNotEqual([s["ids"] for s in alone], [s["ids"] for s in seeded])

    def test_samples_come_at_the_rate_of_their_probability(self):
        # exp(6) / (exp(6) + 255) = 0.6127. 2,000 draws: outside +-0.045 with probability below 5e-5.
        out = rows(run("generate", self.model, "--max-new-tokens", "1", "--samples", "2000",
                       "--temperature", "1", stdin='{"id":"r","prefix_ids":[48]}\n', check=0).stdout)
        hits = sum(row["ids"] == [49] for row in out)
        expected = math.exp(bigram.log_probability(TRANSITIONS, 48, 49))
        self.assertLess(abs(hits / 2000 - expected), 0.045)


if __name__ == "__main__":
    unittest.main()
