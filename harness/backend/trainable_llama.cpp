#include "harness/backend/trainable_llama.h"

#include <cmath>

#include "metrics/rng.h"

namespace souvenir {

namespace {

// Root mean square norm, as LlamaRMSNorm computes it.
at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  return x * at::rsqrt(x.pow(2).mean(-1, true) + epsilon) * weight;
}

struct RotaryTable {
  at::Tensor cosine, sine;  // [tokens, head_dim], both halves alike
};

RotaryTable rotary_table(const LlamaSizes& sizes, std::int64_t tokens) {
  const std::int64_t head_dim = sizes.hidden / sizes.heads;
  const at::Tensor exponent =
      at::arange(0, head_dim, 2, at::kFloat) / static_cast<double>(head_dim);
  const at::Tensor frequencies = 1.0 / at::pow(at::Scalar(sizes.rope_theta), exponent);
  const at::Tensor half = at::outer(at::arange(tokens, at::kFloat), frequencies);
  const at::Tensor angles = at::cat({half, half}, -1);
  return {angles.cos(), angles.sin()};
}

// Shape x [batch, heads, tokens, head_dim]
at::Tensor rotate(const at::Tensor& x, const RotaryTable& table) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  return x * table.cosine + at::cat({-halves[1], halves[0]}, -1) * table.sine;
}

}  // namespace

TrainableLlama::TrainableLlama(const LlamaSizes& given, std::uint64_t seed) : sizes(given) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(Rng(seed, "train_init").next());
  const auto drawn = [&](std::int64_t rows, std::int64_t columns, double deviation) {
    return at::normal(0.0, deviation, {rows, columns}, generator).requires_grad_(true);
  };
  const auto ones = [&] { return at::ones({sizes.hidden}).requires_grad_(true); };
  const std::int64_t width = sizes.hidden, inner = sizes.intermediate;
  const double read = 1.0 / std::sqrt(static_cast<double>(width));
  const double depth = 1.0 / std::sqrt(2.0 * static_cast<double>(sizes.layers));
  embedding = drawn(sizes.vocabulary, width, 0.02);
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    Layer layer;
    layer.attention_norm = ones();
    layer.query = drawn(width, width, read);
    layer.key = drawn(width, width, read);
    layer.value = drawn(width, width, read);
    layer.output = drawn(width, width, read * depth);
    layer.mlp_norm = ones();
    layer.gate = drawn(inner, width, read);
    layer.up = drawn(inner, width, read);
    layer.down = drawn(width, inner, depth / std::sqrt(static_cast<double>(inner)));
    layers.push_back(std::move(layer));
  }
  final_norm = ones();
}

at::Tensor TrainableLlama::logits(const at::Tensor& ids) const {
  const std::int64_t batch = ids.size(0), tokens = ids.size(1);
  const std::int64_t head_dim = sizes.hidden / sizes.heads;
  const RotaryTable table = rotary_table(sizes, tokens);
  at::Tensor x = at::embedding(embedding, ids);
  for (const Layer& layer : layers) {
    const at::Tensor in = norm(x, layer.attention_norm, sizes.norm_epsilon);
    const auto heads = [&](const at::Tensor& weight) {
      return at::linear(in, weight).view({batch, tokens, sizes.heads, head_dim}).transpose(1, 2);
    };
    const at::Tensor attended = at::scaled_dot_product_attention(rotate(heads(layer.query), table),
                                                                 rotate(heads(layer.key), table),
                                                                 heads(layer.value), {}, 0.0, true);
    x = x +
        at::linear(attended.transpose(1, 2).reshape({batch, tokens, sizes.hidden}), layer.output);
    const at::Tensor middle = norm(x, layer.mlp_norm, sizes.norm_epsilon);
    x = x + at::linear(at::silu(at::linear(middle, layer.gate)) * at::linear(middle, layer.up),
                       layer.down);
  }
  return at::linear(norm(x, final_norm, sizes.norm_epsilon), embedding);
}

std::vector<TrainableLlama::Named> TrainableLlama::parameters() const {
  std::vector<Named> all = {{"model.embed_tokens.weight", embedding},
                            {"model.norm.weight", final_norm}};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const Layer& layer = layers[i];
    all.push_back({at + "input_layernorm.weight", layer.attention_norm});
    all.push_back({at + "self_attn.q_proj.weight", layer.query});
    all.push_back({at + "self_attn.k_proj.weight", layer.key});
    all.push_back({at + "self_attn.v_proj.weight", layer.value});
    all.push_back({at + "self_attn.o_proj.weight", layer.output});
    all.push_back({at + "post_attention_layernorm.weight", layer.mlp_norm});
    all.push_back({at + "mlp.gate_proj.weight", layer.gate});
    all.push_back({at + "mlp.up_proj.weight", layer.up});
    all.push_back({at + "mlp.down_proj.weight", layer.down});
  }
  return all;
}

}  // namespace souvenir
