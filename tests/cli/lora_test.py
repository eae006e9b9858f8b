"""LoRA adapters that PEFT has trained a moment ago, against PEFT's own log-probabilities.

Needs torch, transformers and peft: ./dev test puts them into build/venv, and CTest runs this there.
"""

import json
import os
import pathlib
import tempfile
import unittest

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
               "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

import peft
import safetensors.torch
import torch
import transformers

from program import rows, run

TOLERANCE = 2e-4  # nats; measured: 6e-6
STEPS = 12


def llama(**options):
    return transformers.LlamaConfig(**{
        "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2, **options})


def gpt2():
    return transformers.GPT2Config(vocab_size=96, n_embd=32, n_layer=2, n_head=4, n_positions=64,
                                   bos_token_id=1, eos_token_id=2)


LLAMA = {"r": 4, "lora_alpha": 8,
         "target_modules": ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]}
GPT2 = {"r": 2, "lora_alpha": 6, "target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}


def tuned_models():
    yield "llama", llama(), LLAMA
    yield "gpt2", gpt2(), {**GPT2, "use_rslora": True}
    for tied in (False, True):
        for saved in (["embed_tokens", "lm_head"], ["embed_tokens"], ["lm_head"]):
            yield f"{saved} saved, tied: {tied}", llama(tie_word_embeddings=tied), {
                **LLAMA, "modules_to_save": saved}
    yield "tied and saved as one", llama(tie_word_embeddings=True), {
        **LLAMA, "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True}
    yield "norms and an MLP saved", llama(), {**LLAMA, "modules_to_save": ["norm", "layers.1.mlp"]}
    for tied in (False, True):
        for changed in (["embed_tokens"], ["lm_head"], ["embed_tokens", "lm_head"]):
            yield f"{changed} changed, tied: {tied}", llama(tie_word_embeddings=tied), {
                **LLAMA, "target_modules": ["q_proj", *changed]}
    yield "tied and changed as one", llama(tie_word_embeddings=True), {
        **LLAMA, "target_modules": ["q_proj", "embed_tokens"], "ensure_weight_tying": True}
    yield "DoRA of an embedding", llama(tie_word_embeddings=True), {
        **LLAMA, "target_modules": ["q_proj", "embed_tokens"], "use_dora": True}
    yield "an embedding of positions", gpt2(), {**GPT2, "target_modules": ["c_attn", "wpe"]}
    yield "biases of all", gpt2(), {**GPT2, "bias": "all"}
    yield "biases of the changed modules", llama(attention_bias=True), {**LLAMA, "bias": "lora_only"}
    yield "biases of none, where there are none", llama(), {**LLAMA, "bias": "lora_only"}
    yield "biases of products", gpt2(), {**GPT2, "lora_bias": True}
    for tied in (False, True):
        yield f"rows of tokens, tied: {tied}", llama(tie_word_embeddings=tied), {
            **LLAMA, "trainable_token_indices": [7, 3, 95]}
    yield "rows of tokens, of embedding and head", llama(), {
        **LLAMA, "trainable_token_indices": {"embed_tokens": [7, 3], "lm_head": [5, 4, 9]}}
    yield "rows of tokens in GPT-2", gpt2(), {**GPT2, "trainable_token_indices": [9, 4]}
    yield "DoRA", llama(), {**LLAMA, "use_dora": True, "modules_to_save": ["embed_tokens"]}
    yield "DoRA, transposed", gpt2(), {
        **GPT2, "r": 4, "use_dora": True, "target_modules": ["c_attn", "c_fc", "c_proj"]}
    yield "transposed weights saved", gpt2(), {**GPT2, "modules_to_save": ["wte", "h.0.attn", "ln_f"]}


def train(model, sequences):
    """Teaches the adapter the sequences, a few steps; the base stays as it is."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-2)
    model.train()
    for _ in range(STEPS):
        loss = model(input_ids=sequences, labels=sequences).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def log_probs(model, sequences):
    with torch.no_grad():
        found = torch.log_softmax(model(input_ids=sequences).logits.double(), -1)
    return found[:, :-1].gather(2, sequences[:, 1:, None])[..., 0]


def base_model(folder, rows=None):
    base = transformers.AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32).eval()
    if rows is not None and rows != base.config.vocab_size:
        base.resize_token_embeddings(rows)
    return base


def reloaded(folder, rows=None):
    """The files, as PEFT reads them: the adapter beside the base model."""
    return peft.PeftModel.from_pretrained(base_model(folder, rows), folder / "adapter").eval()


class Lora(unittest.TestCase):
    def score(self, folder, sequences, *extra):
        text = "".join(json.dumps({"id": i, "ids": ids}) + "\n" for i, ids in enumerate(sequences.tolist()))
        out = rows(run("score", folder / "base", "--dtype", "float32", "--device", "cpu", *extra,
                       stdin=text, check=0).stdout)
        return torch.tensor([row["log_probs"][1:] for row in out], dtype=torch.float64)

    def check(self, folder, config, settings, before_too):
        base = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        base.save_pretrained(folder / "base")
        sequences = torch.randint(3, config.vocab_size, (6, 20))
        before = log_probs(base, sequences)
        tuned = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
        train(tuned, sequences)
        tuned.save_pretrained(folder / "adapter")
        after = log_probs(reloaded(folder), sequences)
        self.assertGreater((after - before).abs().max().item(), 0.5, "the training changed nothing")
        found = self.score(folder, sequences, "--adapter", folder / "adapter")
        self.assertLess((found - after).abs().max().item(), TOLERANCE)
        if before_too:
            self.assertLess((self.score(folder, sequences) - before).abs().max().item(), TOLERANCE)
            self.check_pickled(folder, sequences, found)

    def check_pickled(self, folder, sequences, found):
        """As PEFT saved it before 0.6."""
        weights = folder / "adapter/adapter_model.safetensors"
        state = safetensors.torch.load_file(weights)
        first = min(state)
        torch.save({**state, first: state[first].t().contiguous().t()}, folder / "adapter/adapter_model.bin")
        weights.unlink()
        self.assertTrue(torch.equal(self.score(folder, sequences, "--adapter", folder / "adapter"), found))

    def prepared(self, folder, config, settings, rows=None, **saving):
        """An adapter of random numbers, on the disk."""
        base = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        base.save_pretrained(folder / "base")
        base = base_model(folder, rows)
        tuned = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
        for parameter in tuned.parameters():
            if parameter.requires_grad:
                parameter.data += torch.randn_like(parameter) * 0.1
        tuned.save_pretrained(folder / "adapter", **saving)

    def edit(self, file, change):
        state = safetensors.torch.load_file(file)
        change(state)
        safetensors.torch.save_file(state, file, {"format": "pt"})

    def assert_as_peft(self, folder, expected=None, rows=96):
        sequences = torch.randint(3, rows, (3, 20))
        expected = log_probs(reloaded(folder, rows), sequences) if expected is None else expected(sequences)
        found = self.score(folder, sequences, "--adapter", folder / "adapter")
        self.assertLess((found - expected).abs().max().item(), TOLERANCE)

    def test_a_head_that_is_the_embedding_is_changed_alone(self):
        torch.manual_seed(8)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            self.prepared(folder, llama(tie_word_embeddings=True),
                          {"r": 2, "target_modules": ["lm_head"]}, save_embedding_layers=False)
            tuned = reloaded(folder)
            file = folder / "base/model.safetensors"
            embedding = safetensors.torch.load_file(file)["model.embed_tokens.weight"]
            for names in [["model.embed_tokens.weight"], ["lm_head.weight"],
                          ["lm_head.weight", "model.embed_tokens.weight"]]:
                def store(state):
                    state.pop("model.embed_tokens.weight", None)
                    state.pop("lm_head.weight", None)
                    state.update({name: embedding.clone() for name in names})
                with self.subTest(names):
                    self.edit(file, store)
                    self.assert_as_peft(folder, lambda sequences: log_probs(tuned, sequences))

    def test_embeddings_saved_beside_an_adapter_are_the_models(self):
        torch.manual_seed(9)
        names = ["lm_head.weight", "model.embed_tokens.weight"]
        for tied, targets, names in [(False, [], names), (True, [], names), (
                True, ["embed_tokens"], ["model.embed_tokens.base_layer.weight"])]:
            with self.subTest(tied=tied, targets=targets), tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                self.prepared(folder, llama(tie_word_embeddings=tied),
                              {"r": 2, "target_modules": ["q_proj", *targets]}, save_embedding_layers=True)

                def move(state):
                    for name in names:
                        state["base_model.model." + name].add_(torch.randn(96, 32))
                self.edit(folder / "adapter/adapter_model.safetensors", move)
                self.assert_as_peft(folder)

    def test_a_vocabulary_that_was_resized_is_taken_whole(self):
        torch.manual_seed(10)
        for name, tied, settings in [
                ("saved", False, {"modules_to_save": ["embed_tokens", "lm_head"]}),
                ("saved apart", True, {"modules_to_save": ["embed_tokens", "lm_head"]}),
                ("embedding saved", True, {"modules_to_save": ["embed_tokens"]}),
                ("embedding saved, head beside", False, {"modules_to_save": ["embed_tokens"]}),
                ("head saved", False, {"modules_to_save": ["lm_head"]}),
                ("embedding changed", True, {"target_modules": ["q_proj", "embed_tokens"]}),
                ("rows of tokens", True, {"trainable_token_indices": [2, 88, 89]}),
                ("rows of tokens", False, {"trainable_token_indices": [2, 88, 89]}),
                ("beside", True, {}), ("beside", False, {})]:
            for rows in (99, 90):
                with self.subTest(name, tied=tied, rows=rows), tempfile.TemporaryDirectory() as folder:
                    folder = pathlib.Path(folder)
                    self.prepared(folder, llama(tie_word_embeddings=tied), {**LLAMA, **settings}, rows)
                    self.assert_as_peft(folder, rows=rows)

    def test_a_vocabulary_that_was_resized_in_part_is_refused(self):
        torch.manual_seed(10)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for tied in (False, True):
                self.prepared(folder, llama(tie_word_embeddings=tied),
                              {**LLAMA, "modules_to_save": ["embed_tokens"]}, 99, save_embedding_layers=False)
                result = run("score", folder / "base", "--adapter", folder / "adapter", stdin="", check=2)
                self.assertIn("the base model's is [96, 32], the adapter's [99, 32]", result.stderr)

    def test_a_bias_that_the_base_model_does_not_have_is_refused(self):
        torch.manual_seed(11)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            self.prepared(folder, llama(), {**LLAMA, "lora_bias": True})
            result = run("score", folder / "base", "--adapter", folder / "adapter", stdin="", check=2)
            self.assertIn('down_proj.bias": the base model has none', result.stderr)

    def test_rows_of_tokens_that_cannot_be_placed_are_refused(self):
        torch.manual_seed(13)
        settings = {"r": 2, "target_modules": ["q_proj"]}
        for name, tied, more, edit, expected in [
                ("head changed", True, {"target_modules": ["lm_head"]}, {}, "no other change of either"),
                ("no such token", False, {}, {"trainable_token_indices": [3, 96]}, "no token 96"),
                ("fewer", False, {}, {"trainable_token_indices": [3]}, "no 2 tokens for its rows"),
                ("of two", False, {}, {"trainable_token_indices": {"embed_tokens": [3, 4], "lm_head": [3]}},
                 "of 2 embeddings, the file has 1")]:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                self.prepared(folder, llama(tie_word_embeddings=tied),
                              {**settings, "trainable_token_indices": [3, 4], **more})
                file = folder / "adapter/adapter_config.json"
                file.write_text(json.dumps({**json.loads(file.read_text()), **edit}))
                result = run("score", folder / "base", "--adapter", folder / "adapter", stdin="", check=2)
                self.assertIn(expected, result.stderr)

    def test_positions_that_peft_does_not_compute_with_are_refused(self):
        torch.manual_seed(12)
        config = transformers.OPTConfig(vocab_size=96, hidden_size=32, ffn_dim=48, num_hidden_layers=1,
                                        num_attention_heads=4, max_position_embeddings=64)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            self.prepared(folder, config, {"r": 2, "target_modules": ["embed_positions"]})
            with self.assertRaises(RuntimeError):
                log_probs(reloaded(folder), torch.randint(3, 96, (3, 20)))
            result = run("score", folder / "base", "--adapter", folder / "adapter", stdin="", check=2)
            self.assertIn("positions that begin at an offset", result.stderr)

    def test_what_peft_trained_is_scored_as_peft_scores_it(self):
        torch.manual_seed(7)
        for name, config, settings in tuned_models():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self.check(pathlib.Path(folder), config, settings,
                           before_too=name in ("llama", "gpt2", "transposed weights saved"))


if __name__ == "__main__":
    unittest.main()
