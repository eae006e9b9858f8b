#pragma once

#include <span>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/attention.h"
#include "harness/backend/decoder.h"
#include "harness/backend/elementwise.h"
#include "harness/backend/experts.h"
#include "harness/backend/linear.h"

namespace souvenir {

// Tokens of several sequences, one after the other, without padding.
//
//   ids, positions  [rows] int64, on the model's device
//   segments        cover the rows in order
struct PackedTokens {
  at::Tensor ids, positions;
  std::vector<Segment> segments;
};

// Runs the blocks of a decoder. Linear layers see all rows at once, attention each sequence by
// itself. The residual stream is float32 in every compute dtype.
//
// Owns the weights. Threads: const methods are safe from any thread.
class Transformer {
 public:
  // Takes over everything but the head; packs one tensor at a time.
  Transformer(const DecoderSpec& spec, DecoderWeights& weights, const DecoderPaths& paths);

  // Computes final hidden states, after the last norm.
  //
  //   wanted  [wanted] int64 rows whose states are asked for; the last layer skips the others
  //   cache   takes the new keys and values and supplies the past; null: no sequence has a past
  //
  // Returns  [wanted, hidden], or the head's width, float32: what the head multiplies
  at::Tensor forward(const PackedTokens& tokens, const at::Tensor& wanted,
                     KeyValueCache* cache) const;

  const DecoderSpec& spec() const { return spec_; }
  at::Device device() const { return embedding_.device(); }
  at::ScalarType dtype() const { return embedding_.scalar_type(); }

 private:
  struct Layer {
    NormLayer attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;
    Linear qkv, output, gate, up, down;
    Experts experts;
    HeadTransform heads;
    AttentionShape shape;
    int rope = -1;
  };
  void set_mlp(Layer& layer, const DecoderLayerSpec& spec, DecoderLayerWeights& weights) const;
  Layer make_layer(const DecoderLayerSpec& spec, DecoderLayerWeights weights) const;
  // What depends on positions alone, the same in all layers.
  struct Placement {
    std::vector<RopeTable> ropes;
    at::Tensor bias;
  };
  Placement place(const PackedTokens& tokens) const;
  at::Tensor embed(const PackedTokens& tokens) const;
  at::Tensor mix(const Layer& layer, const at::Tensor& x, const PackedTokens& tokens,
                 const Placement& placement, KeyValueCache::Layer* cache) const;
  at::Tensor before_attention(const Layer& layer, at::Tensor& residual,
                              const at::Tensor& delta) const;
  at::Tensor before_mlp(const Layer& layer, at::Tensor& residual, const at::Tensor& attended) const;
  at::Tensor mlp(const Layer& layer, const at::Tensor& x) const;
  at::Tensor finish(const at::Tensor& residual, const at::Tensor& delta) const;

  DecoderSpec spec_;
  DecoderPaths paths_;
  at::Tensor embedding_, positions_;
  Linear project_in_, project_out_;
  std::vector<Layer> layers_;
  NormLayer embedding_norm_, final_norm_;
};

}  // namespace souvenir
