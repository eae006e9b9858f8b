#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/types.h"

namespace souvenir {

// The options by which the supported decoders differ (reference: Hugging Face transformers). One
// small file per architecture fills this in from config.json; the transformer reads nothing else.

enum class Norm { layer_norm, rms, rms_plus_one };  // rms_plus_one: the weight is (1 + w)
enum class Activation { gelu_erf, gelu_tanh, silu, relu };

// Where a block's norms stand.
//   pre                 x += attention(norm1 x); x += mlp(norm2 x)
//   parallel            x += attention(norm1 x) + mlp(norm2 x)
//   sandwich            x += norm_post1 attention(norm1 x); x += norm_post2 mlp(norm2 x)
enum class Block { pre, parallel, sandwich };

// Rotary embedding of one kind of layer, after any scaling: ready to be turned into a table.
//
//   inverse_frequencies  [rotary_dim / 2], radians per position
//   attention_factor     multiplies cosine and sine (yarn); 1 otherwise
struct Rope {
  std::vector<float> inverse_frequencies;
  double attention_factor = 1.0;
};

struct DecoderLayerSpec {
  int rope = -1;                       // index into DecoderSpec::ropes; -1: none
  std::optional<std::int64_t> window;  // key j is visible to query i iff i - window < j <= i
};

struct DecoderSpec {
  std::string architecture;
  std::int64_t vocabulary = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t intermediate = 0;
  std::int64_t context_tokens = 0;
  Norm norm = Norm::rms;
  double norm_epsilon = 1e-5;
  Block block = Block::pre;
  Activation activation = Activation::silu;
  bool gated_mlp = true;  // activation(gate x) * (up x), else activation(up x)
  bool learned_positions = false;
  std::int64_t rotary_dim = 0;  // first dimensions of each head, half-split; 0: no rope
  std::vector<Rope> ropes;
  double attention_scale = 1.0;  // multiplies q k^T
  bool query_key_norm = false;   // per head, before rope, of the kind `norm`
  double embedding_scale = 1.0;  // rounded to the compute dtype before use, as the reference does
  bool tied_head = false;
  std::vector<DecoderLayerSpec> layers;
  std::vector<TokenId> eos_ids;
};

// Weights of one layer, in the compute dtype, contiguous, [out, in]. Undefined where absent.
//
//   qkv_weight      [(heads + 2 key_value_heads) * head_dim, hidden]: all of q, then k, then v
//   gate_up_weight  [2 * intermediate, hidden]: gate, then up; [intermediate, hidden] if not gated
struct DecoderLayerWeights {
  at::Tensor attention_norm_weight, attention_norm_bias;
  at::Tensor qkv_weight, qkv_bias;
  at::Tensor query_norm_weight, key_norm_weight;  // [head_dim]
  at::Tensor output_weight, output_bias;
  at::Tensor attention_post_norm_weight;
  at::Tensor mlp_norm_weight, mlp_norm_bias;
  at::Tensor gate_up_weight, gate_up_bias;
  at::Tensor down_weight, down_bias;
  at::Tensor mlp_post_norm_weight;
};

// Norm weights stay float32 whatever the compute dtype: they are few, and computed in float32.
struct DecoderWeights {
  at::Tensor token_embedding;     // [vocabulary, hidden]
  at::Tensor position_embedding;  // [context_tokens, hidden]
  at::Tensor final_norm_weight, final_norm_bias;
  at::Tensor head_weight;  // [vocabulary, hidden]; the same storage as token_embedding if tied
  at::Tensor head_bias;
  std::vector<DecoderLayerWeights> layers;
};

}  // namespace souvenir
