#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "harness/backend/aten.h"
#include "harness/backend/decoder_layer.h"
#include "harness/backend/layers.h"

namespace souvenir {

// One packed pass.
//
//   wanted  [wanted] int64 rows whose states are asked for; the last layer skips the others
//   cache   takes the new keys and values and supplies the past; null: no sequence has a past
struct ForwardInput {
  PackedTokens tokens;
  at::Tensor wanted;
  KeyValueCache* cache = nullptr;
};

// Runs the blocks of a decoder. Linear layers see all rows of a pass at once, attention each
// sequence by itself. The residual stream is float32 in every compute dtype.
//
// Owns the weights. Threads: const methods are safe from any thread.
class Transformer {
 public:
  // Takes over everything but the head; packs one tensor at a time.
  //
  //   read  where the layers' weights come from, at every pass; nothing: they are in `weights`
  Transformer(const DecoderSpec& spec, DecoderWeights& weights, const DecoderPaths& paths,
              ReadLayer read = {});
  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  // Computes final hidden states, after the last norm: of each pass by itself, layer by layer of
  // all of them.
  //
  //   go_on  is told the share that is done; false stops it
  //
  // Returns  [inputs] of [wanted, hidden], or the head's width, float32: what the head multiplies;
  //          nothing if it was stopped
  std::vector<at::Tensor> forward(std::span<const ForwardInput> inputs,
                                  const std::function<bool(double share)>& go_on) const;
  at::Tensor forward(const PackedTokens& tokens, const at::Tensor& wanted,
                     KeyValueCache* cache) const;

  const DecoderSpec& spec() const { return spec_; }
  at::Device device() const { return embedding_.device(); }
  at::ScalarType dtype() const { return embedding_.scalar_type(); }
  // Whether large passes should be filled up (PackedRows::fill_up).
  bool wants_round_rows() const {
    return !device().is_cpu() || souvenir::wants_round_rows(dtype(), paths_.packing);
  }

 private:
  Placement place(const PackedTokens& tokens) const;
  at::Tensor embed(const PackedTokens& tokens) const;
  at::Tensor finish(const ResidualStream& stream) const;

  DecoderSpec spec_;
  DecoderPaths paths_;
  at::Tensor embedding_, positions_;
  Linear project_in_, project_out_;
  NormLayer embedding_norm_, final_norm_;
  std::unique_ptr<Layers> layers_;
};

}  // namespace souvenir
