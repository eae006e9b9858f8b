#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/decoder_model.h"
#include "tests/support/aten_catch.h"

namespace souvenir::test {

// The devices that a test of the backend runs on: all that are visible. Says what it skips.
inline std::vector<at::Device> visible_devices() {
  std::vector<at::Device> devices = {at::kCPU};
  for (int i = 0; at::hasCUDA() && i < static_cast<int>(at::getNumGPUs()); ++i)
    devices.emplace_back(at::kCUDA, static_cast<at::DeviceIndex>(i));
  if (devices.size() == 1) WARN("no CUDA device here: skipped, tested on the CPU only");
  return devices;
}

// A decoder of a few layers in awkward sizes: odd head count, grouped heads, a head wider than
// hidden / heads, a vocabulary of several tiles that fills none of them.
inline DecoderSpec tiny_spec() {
  DecoderSpec spec;
  spec.architecture = "tiny";
  spec.vocabulary = 9001;
  spec.hidden = 36;
  spec.heads = 6;
  spec.key_value_heads = 2;
  spec.head_dim = 10;
  spec.intermediate = 50;
  spec.context_tokens = 160;
  spec.attention_scale = 1.0 / std::sqrt(10.0);
  spec.rotary_dim = 8;
  Rope rope;
  for (int i = 0; i < 4; ++i)
    rope.inverse_frequencies.push_back(static_cast<float>(std::pow(100.0, -i / 4.0)));
  spec.ropes = {rope};
  spec.layers = {{.rope = 0, .window = std::nullopt}, {.rope = 0, .window = std::nullopt}};
  return spec;
}

// The other end of the options: layer norm with biases, a parallel block, learned positions, a
// plain feed-forward part, no rope, a tied head.
inline DecoderSpec plain_spec() {
  DecoderSpec spec = tiny_spec();
  spec.norm = Norm::layer_norm;
  spec.block = Block::parallel;
  spec.activation = Activation::gelu_tanh;
  spec.gated_mlp = false;
  spec.learned_positions = true;
  spec.rotary_dim = 0;
  spec.ropes.clear();
  spec.tied_head = true;
  for (DecoderLayerSpec& layer : spec.layers) layer.rope = -1;
  return spec;
}

// Sandwich blocks, norms per head, a scaled embedding, one layer with a window and one without.
inline DecoderSpec windowed_spec() {
  DecoderSpec spec = tiny_spec();
  spec.norm = Norm::rms_plus_one;
  spec.block = Block::sandwich;
  spec.activation = Activation::gelu_tanh;
  spec.query_key_norm = HeadNorm::shared;
  spec.embedding_scale = std::sqrt(36.0);
  spec.layers[0].window = 7;
  return spec;
}

// Random weights, scaled so that distributions are neither flat nor a single token.
inline DecoderWeights tiny_weights(const DecoderSpec& spec, at::ScalarType dtype = at::kFloat,
                                   at::Device device = at::kCPU, std::uint64_t seed = 1) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(seed);
  const auto random = [&](at::IntArrayRef shape, double scale) {
    return at::normal(0.0, scale, shape, generator).to(dtype).to(device);
  };
  const auto linear = [&](std::int64_t out, std::int64_t in) {
    return random({out, in}, 1.0 / std::sqrt(static_cast<double>(in)));
  };
  const bool biased = spec.norm == Norm::layer_norm;
  const auto bias = [&](std::int64_t n) { return biased ? random({n}, 0.1) : at::Tensor(); };
  const double centre = spec.norm == Norm::rms_plus_one ? 0.0 : 1.0;
  const auto norm = [&](std::int64_t n) {
    return (at::normal(0.0, 0.2, {n}, generator) + centre).to(device);
  };
  const auto norm_bias = [&](std::int64_t n) {
    return biased ? at::normal(0.0, 0.1, {n}, generator).to(device) : at::Tensor();
  };
  DecoderWeights weights;
  weights.token_embedding = random({spec.vocabulary, spec.hidden}, 1.0 / 3.0);
  if (spec.learned_positions)
    weights.position_embedding = random({spec.context_tokens, spec.hidden}, 0.3);
  const std::int64_t n = spec.hidden, query = spec.heads * spec.head_dim;
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    DecoderLayerWeights layer;
    layer.attention_norm_weight = norm(n);
    layer.attention_norm_bias = norm_bias(n);
    layer.qkv_weight = linear(query + 2 * spec.key_value_heads * spec.head_dim, n);
    layer.qkv_bias = bias(query + 2 * spec.key_value_heads * spec.head_dim);
    if (spec.query_key_norm != HeadNorm::none) {
      layer.query_norm_weight = norm(spec.head_dim);
      layer.key_norm_weight = norm(spec.head_dim);
    }
    layer.output_weight = linear(n, query);
    layer.output_bias = bias(n);
    layer.mlp_norm_weight = norm(n);
    layer.mlp_norm_bias = norm_bias(n);
    if (spec.block == Block::sandwich) {
      layer.attention_post_norm_weight = norm(n);
      layer.mlp_post_norm_weight = norm(n);
    }
    const std::int64_t up = (spec.gated_mlp ? 2 : 1) * spec.intermediate;
    layer.gate_up_weight = linear(up, n);
    layer.gate_up_bias = bias(up);
    layer.down_weight = linear(n, spec.intermediate);
    layer.down_bias = bias(n);
    weights.layers.push_back(std::move(layer));
  }
  weights.final_norm_weight = norm(n);
  weights.final_norm_bias = norm_bias(n);
  weights.head_weight =
      spec.tied_head ? weights.token_embedding : random({spec.vocabulary, n}, 1.0 / 3.0);
  return weights;
}

struct TinyOptions {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  int threads = 2;
  DecoderPaths paths = {};
  std::uint64_t seed = 1;
};

inline ModelInfo tiny_info(const DecoderSpec& spec, int threads) {
  ModelInfo info;
  info.architecture = spec.architecture;
  info.vocabulary = spec.vocabulary;
  info.context_tokens = spec.context_tokens;
  info.threads = threads;
  info.eos_ids = spec.eos_ids;
  return info;
}

inline std::unique_ptr<LanguageModel> tiny_model(const DecoderSpec& spec,
                                                 const TinyOptions& options = {}) {
  return make_decoder_model(spec, tiny_weights(spec, options.dtype, options.device, options.seed),
                            tiny_info(spec, options.threads), options.paths);
}

// Token ids that depend on nothing but their arguments.
inline std::vector<TokenId> tiny_ids(std::size_t count, std::uint64_t seed,
                                     std::int64_t vocabulary = 9001) {
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    ids.push_back(static_cast<TokenId>((seed >> 33) % static_cast<std::uint64_t>(vocabulary)));
  }
  return ids;
}

// Requests of many lengths, some without a prefix.
inline std::vector<ScoreRequest> tiny_requests(std::size_t count) {
  std::vector<ScoreRequest> requests;
  for (std::size_t i = 0; i < count; ++i)
    requests.push_back({tiny_ids(i * 7 % 60, i + 1), tiny_ids(2 + i * 5 % 40, i + 1000)});
  return requests;
}

}  // namespace souvenir::test
