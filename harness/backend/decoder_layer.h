#pragma once

#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/attention.h"
#include "harness/backend/decoder.h"
#include "harness/backend/elementwise.h"
#include "harness/backend/experts.h"
#include "harness/backend/gated_linear.h"
#include "harness/backend/linear.h"
#include "harness/backend/paths.h"

namespace souvenir {

// Tokens of several sequences, one after the other, without padding.
//
//   ids, positions  [rows] int64, on the model's device
//   segments        cover the rows in order
struct PackedTokens {
  at::Tensor ids, positions;
  std::vector<Segment> segments;
};

// What depends on positions alone, the same in all layers.
struct Placement {
  std::vector<RopeTable> ropes;
  at::Tensor bias;
};

// The residual stream on its way through the layers.
//
//   residual  [rows, hidden] float32
//   delta     what the last part added, not yet in `residual`; undefined: nothing
struct ResidualStream {
  at::Tensor residual, delta;
};

NormLayer norm_or_none(const DecoderSpec& spec, const at::Tensor& weight, const at::Tensor& bias);

// One block of a decoder: attention and MLP, with the norms around them.
//
// Owns its weights, borrows the spec. Threads: const methods are safe from any thread.
class DecoderLayer {
 public:
  // Takes the weights over; packs one tensor at a time.
  DecoderLayer(const DecoderSpec& spec, const DecoderLayerSpec& layer, DecoderLayerWeights weights,
               const DecoderPaths& paths);

  // Passes a residual stream on.
  //
  //   wanted  [wanted] int64 rows that anybody looks at afterwards: the stream keeps only these;
  //           undefined: all
  //   cache   takes the new keys and values and supplies the past; null: no sequence has a past
  void operator()(ResidualStream& stream, const PackedTokens& tokens, const Placement& placement,
                  const at::Tensor& wanted, KeyValueCache::Layer* cache) const;

 private:
  void set_mlp(const DecoderLayerSpec& layer, DecoderLayerWeights& weights);
  at::Tensor mix(const at::Tensor& x, const PackedTokens& tokens, const Placement& placement,
                 KeyValueCache::Layer* cache) const;
  at::Tensor before_attention(at::Tensor& residual, const at::Tensor& delta) const;
  at::Tensor before_mlp(at::Tensor& residual, const at::Tensor& attended) const;
  at::Tensor mlp(const at::Tensor& x) const;

  const DecoderSpec& spec_;
  DecoderPaths paths_;
  at::ScalarType dtype_;
  NormLayer attention_norm_, attention_post_norm_, mlp_norm_, mlp_post_norm_;
  Linear qkv_, output_, up_, down_;
  GatedLinear gated_;  // in place of up_
  Experts experts_;
  HeadTransform heads_;
  AttentionShape shape_;
  int rope_ = -1;
};

}  // namespace souvenir
