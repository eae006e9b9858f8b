#!/usr/bin/env python3
"""Writes tests/golden/pickled/pytorch_model.bin and old.bin: a state dictionary of every kind of tensor
the reader takes, as torch.save writes it now, and wrote it before PyTorch 1.6. Committed; run it again
only to change them.

    python make_pickled.py        (needs torch)
"""

import collections
import pathlib

import torch

HERE = pathlib.Path(__file__).resolve().parent


def main():
    both = torch.arange(12, dtype=torch.float32) + 100  # one storage, two tensors
    turned = (torch.arange(6, dtype=torch.float32) + 200).reshape(2, 3).t()
    plain = both[:6].reshape(2, 3)
    state = collections.OrderedDict(
        plain=torch.nn.Parameter(plain), tied=plain, slice=both[6:].reshape(3, 2), turned=turned,
        half=torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float16),
        brain=torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.bfloat16),
        scalar=torch.tensor([7.0]))
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    (HERE / "pickled").mkdir(exist_ok=True)
    torch.save(state, HERE / "pickled/pytorch_model.bin")
    torch.save(state, HERE / "pickled/old.bin", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
