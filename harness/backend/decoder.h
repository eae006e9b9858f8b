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
//   parallel_shared     x += attention(norm1 x) + mlp(norm1 x)
//   sandwich            x += norm_post1 attention(norm1 x); x += norm_post2 mlp(norm2 x)
//   post                x += norm_post1 attention(x); x += norm_post2 mlp(x)
//   after               x = norm1(x + attention(x)); x = norm2(x + mlp(x))
enum class Block { pre, parallel, parallel_shared, sandwich, post, after };

// What the norms on queries and keys span.
//
//   shared   one head, with the same weight for every head
//   by_head  one head, with a weight of its own
//   whole    all heads together
enum class HeadNorm { none, shared, by_head, whole };

// Biases that grow with the distance of the key (Press et al., 2022), by the position of the key
// alone: what a query's own position would add, softmax takes off again.
//
//   slopes   [heads]
//   scale    multiplies the products of slope and position
//   rounded  the products are rounded to bfloat16 first, as the reference does for Falcon
struct Alibi {
  std::vector<float> slopes;
  double scale = 1.0;
  bool rounded = false;
};

// Rotary embedding of one kind of layer, after any scaling: ready to be turned into a table.
//
//   inverse_frequencies  [rotary_dim / 2], radians per position
//   attention_factor     multiplies cosine and sine (yarn, longrope); 1 otherwise
//   beyond               takes the place of inverse_frequencies in sequences of more than
//                        `beyond_tokens` (longrope); empty: there is no such length
struct Rope {
  std::vector<float> inverse_frequencies;
  double attention_factor = 1.0;
  std::vector<float> beyond = {};
  std::int64_t beyond_tokens = 0;
};

// A mixture of experts in place of some layers' MLP.
//
//   chosen        of `count`, for each row
//   intermediate  of one expert
//   normalised    the chosen experts' shares sum to 1
//   shared        width of the expert that every row goes through; 0: there is none
struct ExpertsSpec {
  std::int64_t count = 0, chosen = 0, intermediate = 0;
  bool normalised = false;
  std::int64_t shared = 0;
};

struct DecoderLayerSpec {
  bool sparse = false;                 // experts in place of the MLP
  int rope = -1;                       // index into DecoderSpec::ropes; -1: none
  std::optional<std::int64_t> window;  // key j is visible to query i iff i - window < j <= i
};

struct DecoderSpec {
  std::string architecture;
  std::int64_t vocabulary = 0;
  std::int64_t hidden = 0;
  std::int64_t embedding = 0;  // width of embedding and head, projected to hidden; 0: hidden
  std::int64_t heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t intermediate = 0;
  std::int64_t context_tokens = 0;
  Norm norm = Norm::rms;
  double norm_epsilon = 1e-5;
  Block block = Block::pre;
  ExpertsSpec experts;
  Activation activation = Activation::silu;
  bool gated_mlp = true;  // activation(gate x) * (up x), else activation(up x)
  bool final_norm = true;
  bool embedding_norm = false;  // a norm on the embeddings
  bool learned_positions = false;
  std::int64_t position_offset = 0;  // rows of the position table before that of the first token
  std::int64_t rotary_dim = 0;       // first dimensions of each head, half-split; 0: no rope
  std::vector<Rope> ropes;
  double attention_scale = 1.0;       // multiplies q k^T
  double attention_cap = 0.0;         // s becomes cap tanh(s / cap); 0: none
  double query_key_value_clip = 0.0;  // the largest absolute value of q, k and v; 0: none
  std::optional<Alibi> alibi;
  HeadNorm query_key_norm = HeadNorm::none;  // before rope, of the kind `norm`
  double embedding_scale = 1.0;
  bool embedding_scale_rounded = false;  // to the compute dtype before use, as the reference does
  double residual_scale = 1.0;           // multiplies what attention and MLP add
  double logit_scale = 1.0;
  double logit_cap = 0.0;  // as attention_cap, on the scaled logits
  bool tied_head = false;
  std::vector<DecoderLayerSpec> layers;
  std::vector<TokenId> eos_ids;
};

// Weights of one layer, in the compute dtype, contiguous, [out, in]. Undefined where absent.
//
//   qkv_weight      [(heads + 2 key_value_heads) * head_dim, hidden]: all of q, then k, then v
//   expert_gate_up_weight  [2 * count * intermediate, hidden]: all gates, then all ups
//   expert_down_weight     [count * hidden, intermediate]
//   gate_up_weight  [2 * intermediate, hidden]: gate, then up; [intermediate, hidden] if not gated
struct DecoderLayerWeights {
  at::Tensor attention_norm_weight, attention_norm_bias;
  at::Tensor qkv_weight, qkv_bias;
  at::Tensor query_norm_weight, key_norm_weight;  // [head_dim], or as many as what is normed
  at::Tensor output_weight, output_bias;
  at::Tensor attention_post_norm_weight;
  at::Tensor mlp_norm_weight, mlp_norm_bias;
  at::Tensor gate_up_weight, gate_up_bias;
  at::Tensor down_weight, down_bias;
  at::Tensor mlp_post_norm_weight;
  at::Tensor router_weight;  // [count, hidden]
  at::Tensor expert_gate_up_weight, expert_down_weight;
  at::Tensor shared_gate_up_weight, shared_down_weight;
  at::Tensor shared_gate_weight;  // [1, hidden]: how far the shared expert is open
};

// Norm weights stay float32 whatever the compute dtype: they are few, and computed in float32.
struct DecoderWeights {
  at::Tensor token_embedding;          // [vocabulary, hidden], or [vocabulary, embedding]
  at::Tensor position_embedding;       // [position_offset + context_tokens, hidden]
  at::Tensor project_in, project_out;  // [hidden, embedding] and back, where they differ
  at::Tensor embedding_norm_weight, embedding_norm_bias;
  at::Tensor final_norm_weight, final_norm_bias;
  at::Tensor head_weight;  // as token_embedding; the same storage as token_embedding if tied
  at::Tensor head_bias;
  std::vector<DecoderLayerWeights> layers;
};

}  // namespace souvenir
