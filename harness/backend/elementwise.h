#pragma once

#include <cstdint>

#include "harness/backend/aten.h"
#include "harness/backend/decoder.h"
#include "harness/backend/paths.h"

namespace souvenir {

// A norm's parameters, ready for use: the weight in float32, with 1 already added for rms_plus_one.
struct NormLayer {
  at::Tensor weight, bias;
  double epsilon = 1e-5;
  bool centred = false;  // layer norm

  NormLayer() = default;
  NormLayer(const DecoderSpec& spec, const at::Tensor& weight, const at::Tensor& bias);

  // Returns norm(x) in x's dtype, computed in float32. Shape x [rows, width].
  at::Tensor operator()(const at::Tensor& x, RowPath path = RowPath::automatic) const;

  // Adds `delta` (unless undefined) to `residual` in place, and returns norm(residual) in `dtype`.
  //
  //   residual  [rows, width] float32: sums over the layers lose nothing to a 16-bit dtype
  //   delta     [rows, width] float32 or `dtype`
  at::Tensor add(const at::Tensor& residual, const at::Tensor& delta, at::ScalarType dtype,
                 RowPath path = RowPath::automatic) const;
};

// Cosine and sine of one kind of rotary embedding at given positions: [rows, rotary_dim / 2]
// float32.
struct RopeTable {
  at::Tensor cosine, sine;
};

// Computes a table. Angles are products in float32, as in the reference.
//
//   positions  [rows] int64
//   beyond     [rows] bool, rows of sequences beyond the rope's length; undefined: there are none
RopeTable make_rope_table(const Rope& rope, const at::Tensor& positions,
                          const at::Tensor& beyond = {});

// What is done to query and key heads between projection and attention.
struct HeadTransform {
  std::int64_t heads = 0, key_value_heads = 0, head_dim = 0, rotary_dim = 0;
  at::Tensor query_norm, key_norm;  // float32 or undefined; shape by `norm`
  HeadNorm norm = HeadNorm::none;
  double epsilon = 1e-5;
  bool centred = false;
  double clip = 0.0;  // the largest absolute value of queries, keys and values; 0: none

  // Clips, norms and rotates the heads of `qkv` in place.
  //
  //   qkv    [rows, (heads + 2 key_value_heads) * head_dim], contiguous
  //   table  null: no rotation
  void apply(const at::Tensor& qkv, const RopeTable* table,
             RowPath path = RowPath::automatic) const;

 private:
  void norm_whole(const at::Tensor& qkv, RowPath path) const;
};

}  // namespace souvenir
