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

TOLERANCE = 2e-4  # nats; measured: 2e-7
STEPS = 12


def tiny_models():
    small = {"vocab_size": 96, "bos_token_id": 1, "eos_token_id": 2}
    yield "llama", transformers.LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False, **small), {
            "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]}
    yield "gpt2", transformers.GPT2Config(
        n_embd=32, n_layer=2, n_head=4, n_positions=64, **small), {
            "r": 2, "lora_alpha": 6, "target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True,
            "use_rslora": True}


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


class Lora(unittest.TestCase):
    def score(self, folder, sequences, *extra):
        text = "".join(json.dumps({"id": i, "ids": ids}) + "\n" for i, ids in enumerate(sequences.tolist()))
        out = rows(run("score", folder / "base", "--dtype", "float32", "--device", "cpu", *extra,
                       stdin=text, check=0).stdout)
        return torch.tensor([row["log_probs"][1:] for row in out], dtype=torch.float64)

    def check(self, folder, config, settings):
        base = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        base.save_pretrained(folder / "base")
        sequences = torch.randint(3, config.vocab_size, (6, 20))
        before = log_probs(base, sequences)
        tuned = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
        train(tuned, sequences)
        tuned.save_pretrained(folder / "adapter")
        # Reloaded, so that it is the files that are compared.
        again = peft.PeftModel.from_pretrained(
            transformers.AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32),
            folder / "adapter").eval()
        after = log_probs(again, sequences)
        self.assertGreater((after - before).abs().max().item(), 0.5, "the training changed nothing")
        self.assertLess((self.score(folder, sequences) - before).abs().max().item(), TOLERANCE)
        found = self.score(folder, sequences, "--adapter", folder / "adapter")
        self.assertLess((found - after).abs().max().item(), TOLERANCE)
        # As PEFT saved it before 0.6.
        weights = folder / "adapter/adapter_model.safetensors"
        state = safetensors.torch.load_file(weights)
        first = min(state)
        torch.save({**state, first: state[first].t().contiguous().t()}, folder / "adapter/adapter_model.bin")
        weights.unlink()
        self.assertTrue(torch.equal(self.score(folder, sequences, "--adapter", folder / "adapter"), found))

    def test_a_head_that_is_the_embedding_is_not_changed_alone(self):
        config = transformers.LlamaConfig(
            vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=1,
            num_attention_heads=4, max_position_embeddings=64, tie_word_embeddings=True)
        torch.manual_seed(8)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            base = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
            base.save_pretrained(folder / "base")
            tuned = peft.get_peft_model(base, peft.LoraConfig(
                task_type="CAUSAL_LM", r=2, target_modules=["lm_head"], init_lora_weights="gaussian"))
            for name, parameter in tuned.named_parameters():
                if "lora_B" in name:
                    parameter.data.normal_()
            tuned.save_pretrained(folder / "adapter", save_embedding_layers=False)
            sequences = torch.randint(3, config.vocab_size, (3, 20))
            file = folder / "base/model.safetensors"
            state = safetensors.torch.load_file(file)
            embedding = state.pop("model.embed_tokens.weight")

            def store(*names):
                safetensors.torch.save_file({**state, **{name: embedding.clone() for name in names}}, file)

            store("lm_head.weight")
            result = run("score", folder / "base", "--adapter", folder / "adapter", stdin="", check=2)
            self.assertIn("it is the token embedding too", result.stderr)
            store("lm_head.weight", "model.embed_tokens.weight")
            found = self.score(folder, sequences, "--adapter", folder / "adapter")
            self.assertLess((found - log_probs(tuned, sequences)).abs().max().item(), TOLERANCE)

    def test_what_peft_trained_is_scored_as_peft_scores_it(self):
        torch.manual_seed(7)
        for name, config, settings in tiny_models():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self.check(pathlib.Path(folder), config, settings)


if __name__ == "__main__":
    unittest.main()
