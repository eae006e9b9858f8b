"""Weights that torch.save has just written (pytorch_model.bin), against the same in safetensors.

Needs torch and transformers: ./dev test puts them into build/venv, and CTest runs this there.
"""

import collections
import json
import os
import pathlib
import pickle
import subprocess
import tempfile
import unittest
import zipfile

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import torch
import transformers

from program import rows, run

SMALL = {"vocab_size": 96, "bos_token_id": 1, "eos_token_id": 2}
LLAMA = transformers.LlamaConfig(
    hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False, **SMALL)
GPT2 = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, **SMALL)
REQUESTS = "".join(json.dumps({"id": i, "ids": [(7 * i + 5 * k) % 93 + 3 for k in range(20)]}) + "\n"
                   for i in range(5))


class Calls:
    """What unpickling would run."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class Pickled(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def model(self, config, dtype=torch.float32):
        torch.manual_seed(11)
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
        model.save_pretrained(self.folder / "twin")
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin/config.json").write_bytes((self.folder / "twin/config.json").read_bytes())
        return model

    def save(self, state, name="pytorch_model.bin", **options):
        torch.save(state, self.folder / "bin" / name, **options)

    def score(self, which):
        return rows(run("score", self.folder / which, "--dtype", "float32", "--device", "cpu",
                        stdin=REQUESTS, check=0).stdout)

    def assertTwins(self):
        self.assertEqual(self.score("bin"), self.score("twin"))

    def assertRefused(self, *words):
        result = run("score", self.folder / "bin", stdin=REQUESTS, check=2)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse((self.folder / "ran").exists(), "something was executed")

    def test_the_same_numbers_as_from_safetensors(self):
        self.save(self.model(LLAMA).state_dict())
        self.assertTwins()

    def test_the_format_before_pytorch_1_6(self):
        for config in (LLAMA, GPT2):  # GPT-2's head is its embedding
            for dtype in (torch.float32, torch.bfloat16):
                with self.subTest(config.model_type, dtype=dtype):
                    state = self.model(config, dtype).state_dict()
                    name = next(name for name in state if name.endswith(("up_proj.weight", "c_fc.weight")))
                    state[name] = state[name].t().contiguous().t()
                    self.save(state, _use_new_zipfile_serialization=False)
                    self.assertEqual((self.folder / "bin/pytorch_model.bin").read_bytes()[:3], b"\x80\x02\x8a")
                    self.assertTwins()

    def test_half_precision(self):
        for dtype in (torch.bfloat16, torch.float16):
            with self.subTest(dtype):
                self.save(self.model(LLAMA, dtype).state_dict())
                self.assertTwins()

    def test_a_head_that_is_the_embedding(self):
        state = self.model(GPT2).state_dict()
        self.assertEqual(state["lm_head.weight"].data_ptr(), state["transformer.wte.weight"].data_ptr())
        self.save(state)
        self.assertTwins()

    def test_matrices_stored_transposed_and_tensors_of_one_storage(self):
        state = self.model(LLAMA).state_dict()
        for name, tensor in state.items():
            if "up_proj" in name or "embed" in name:
                state[name] = tensor.t().contiguous().t()
        both = torch.cat([state["model.layers.0.self_attn.k_proj.weight"],
                          state["model.layers.0.self_attn.v_proj.weight"]])
        state["model.layers.0.self_attn.k_proj.weight"] = both[:16]
        state["model.layers.0.self_attn.v_proj.weight"] = both[16:]
        self.save(state)
        self.assertTwins()

    def test_parameters_and_a_plain_dictionary(self):
        self.save({name: torch.nn.Parameter(tensor) for name, tensor in self.model(LLAMA).state_dict().items()})
        self.assertTwins()

    def test_shards_and_their_index(self):
        state = self.model(GPT2).state_dict()
        names = sorted(state)
        shards = {"pytorch_model-00001-of-00002.bin": [n for n in names if ".h.0." in n],
                  "pytorch_model-00002-of-00002.bin": [n for n in names if ".h.0." not in n]}
        for file, part in shards.items():
            self.save(collections.OrderedDict((n, state[n]) for n in part), file)
        index = {"metadata": {}, "weight_map": {n: file for file, part in shards.items() for n in part}}
        (self.folder / "bin/pytorch_model.bin.index.json").write_text(json.dumps(index))
        self.assertTwins()

    def test_what_would_be_executed_is_refused_by_name(self):
        state = self.model(LLAMA).state_dict()
        ran = f"touch {self.folder / 'ran'}"
        for call, name in ((Calls(os.system, ran), "posix.system"),
                           (Calls(eval, "1"), "builtin"),
                           (Calls(subprocess.check_output, ["touch", str(self.folder / "ran")]),
                            "check_output"),
                           (Calls(getattr, "x", "join"), "builtin"),
                           (Calls(torch.load, "x"), "torch.serialization.load"),
                           (Calls(print, "x"), "builtin")):
            for place in ("alone", "beside", "inside", "metadata"):
                with self.subTest(name, place=place):
                    evil = collections.OrderedDict(state)
                    if place == "alone":
                        evil = call
                    elif place == "beside":
                        evil["x"] = call
                    elif place == "inside":
                        evil["x"] = [{"y": (call, call)}]
                    else:
                        evil._metadata = {"x": call}
                    for is_zip in (True, False):
                        self.save(evil, _use_new_zipfile_serialization=is_zip)
                        self.assertRefused("names", name, "nothing of it was executed")

    def test_other_contents_are_refused(self):
        state = self.model(LLAMA).state_dict()
        for what, words in (({"state_dict": state}, ["something else", "state_dict"]),
                            ({**state, "epoch": 3}, ["something else", "epoch"]),
                            ([1], ["expected a dictionary"]),
                            ({**state, "x": torch.zeros(4, 4)[:, 1]}, ["side by side"]),
                            ({**state, "x": torch.zeros(4, 1).expand(4, 4)}, ['"x"']),
                            ({**state, "x": torch.zeros(3).to_sparse()}, ["names"]),
                            ({**state, "x": torch.zeros(3, dtype=torch.complex64)}, ["ComplexFloat"])):
            with self.subTest(words):
                self.save(what)
                self.assertRefused(*words)

    def test_other_files_are_refused(self):
        self.save(self.model(LLAMA).state_dict(), _use_new_zipfile_serialization=False, pickle_protocol=4)
        self.assertRefused("safe_serialization=True")
        (self.folder / "bin/pytorch_model.bin").write_bytes(pickle.dumps(Calls(os.system, "false")))
        self.assertRefused("safe_serialization=True")
        with zipfile.ZipFile(self.folder / "bin/pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", pickle.dumps({}, 2))
        self.assertRefused("compressed")
        torch.jit.script(torch.nn.Linear(2, 2)).save(self.folder / "bin/pytorch_model.bin")
        self.assertRefused("code", "compressed")


if __name__ == "__main__":
    unittest.main()
