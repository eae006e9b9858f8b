#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/trainer.h"

namespace souvenir {

// The parameters of a llama decoder as separate tensors that gradients can be taken of.
struct TrainableLlama {
  struct Layer {
    at::Tensor attention_norm, query, key, value, output;
    at::Tensor mlp_norm, gate, up, down;
  };

  LlamaSizes sizes;
  at::Tensor embedding;  // [vocabulary, hidden]; the head too
  at::Tensor final_norm;
  std::vector<Layer> layers;

  // Draws the parameters: normal, scaled by the width of what they read, and down by the depth
  // where they write to the residual stream.
  //
  // Random  stream "train_init" of the seed
  TrainableLlama(const LlamaSizes& sizes, std::uint64_t seed);

  // Returns logits by composed ATen operations that autograd can follow: the arithmetic of
  // LlamaForCausalLM, and nothing of the engine's own.
  //
  //   ids  [batch, tokens] int64
  //
  // Shape  [batch, tokens, vocabulary]
  at::Tensor logits(const at::Tensor& ids) const;

  struct Named {
    std::string name;  // as in a Hugging Face checkpoint
    at::Tensor tensor;
  };

  // Returns every parameter. Borrows the storage.
  std::vector<Named> parameters() const;
};

}  // namespace souvenir
