#include "harness/backend/check_weights.h"

#include <sstream>
#include <string>

#include "harness/error.h"

namespace souvenir {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorKind::internal, "decoder: " + message);
}

void require(bool holds, const std::string& message) {
  if (!holds) fail(message);
}

// Checks tensors against one compute dtype and device.
class Checker {
 public:
  explicit Checker(const at::Tensor& reference) : options_(reference.options()) {}

  void weight(const at::Tensor& t, const std::string& name, at::IntArrayRef shape) const {
    require(t.defined(), name + " is missing");
    this->shape(t, name, shape);
    require(t.scalar_type() == options_.dtype().toScalarType(), name + " has another dtype");
  }

  void norm(const at::Tensor& t, const std::string& name, at::IntArrayRef shape) const {
    require(t.defined(), name + " is missing");
    this->shape(t, name, shape);
    require(t.scalar_type() == at::kFloat, name + ": expected float32");
  }

  void bias(const at::Tensor& t, const std::string& name, at::IntArrayRef shape) const {
    if (t.defined()) weight(t, name, shape);
  }

  void norm_bias(const at::Tensor& t, const std::string& name, at::IntArrayRef shape) const {
    if (t.defined()) norm(t, name, shape);
  }

 private:
  void shape(const at::Tensor& t, const std::string& name, at::IntArrayRef shape) const {
    if (t.sizes() != shape) {
      std::ostringstream text;
      text << name << ": expected shape " << shape << ", found " << t.sizes();
      fail(text.str());
    }
    require(t.device() == options_.device(), name + " is on another device");
  }

  at::TensorOptions options_;
};

void check_spec(const DecoderSpec& s) {
  require(s.vocabulary >= 2 && s.hidden > 0 && s.heads > 0 && s.key_value_heads > 0 &&
              s.head_dim > 0 && s.intermediate > 0 && !s.layers.empty(),
          "sizes must be positive");
  require(s.heads % s.key_value_heads == 0, "heads must be a multiple of key_value_heads");
  require(s.rotary_dim % 2 == 0 && s.rotary_dim <= s.head_dim, "rotary_dim does not fit");
  for (const Rope& rope : s.ropes)
    require(static_cast<std::int64_t>(rope.inverse_frequencies.size()) * 2 == s.rotary_dim,
            "a rope's frequencies do not fit rotary_dim");
  for (const DecoderLayerSpec& layer : s.layers) {
    require(layer.rope < static_cast<int>(s.ropes.size()),
            "a layer names a rope that is not there");
    require(!layer.window || *layer.window > 0, "a window must be positive");
  }
}

// Checks the norms around attention and MLP: which there are depends on the block.
void check_block_norms(const DecoderSpec& s, const DecoderLayerWeights& w, const Checker& check,
                       const std::string& where) {
  const auto norm = [&](const at::Tensor& t, const std::string& name, bool wanted) {
    if (wanted) check.norm(t, where + name, {s.hidden});
    require(wanted || !t.defined(), where + name + " is surplus");
  };
  const bool post = s.block == Block::sandwich || s.block == Block::post;
  norm(w.attention_norm_weight, "attention_norm_weight", s.block != Block::post);
  norm(w.attention_post_norm_weight, "attention_post_norm_weight", post);
  norm(w.mlp_norm_weight, "mlp_norm_weight",
       s.block != Block::post && s.block != Block::parallel_shared);
  norm(w.mlp_post_norm_weight, "mlp_post_norm_weight", post);
  check.norm_bias(w.attention_norm_bias, where + "attention_norm_bias", {s.hidden});
  check.norm_bias(w.mlp_norm_bias, where + "mlp_norm_bias", {s.hidden});
}

void check_head_norms(const DecoderSpec& s, const DecoderLayerWeights& w, const Checker& check,
                      const std::string& where) {
  const bool wanted = s.query_key_norm != HeadNorm::none;
  require(wanted == w.query_norm_weight.defined(), where + "query norm is surplus or missing");
  if (!wanted) return;
  const bool shared = s.query_key_norm == HeadNorm::shared;
  check.norm(w.query_norm_weight, where + "query_norm_weight",
             {shared ? s.head_dim : s.heads * s.head_dim});
  check.norm(w.key_norm_weight, where + "key_norm_weight",
             {shared ? s.head_dim : s.key_value_heads * s.head_dim});
}

void check_experts(const DecoderSpec& s, const DecoderLayerWeights& w, const Checker& check,
                   const std::string& where) {
  const ExpertsSpec& e = s.experts;
  check.weight(w.router_weight, where + "router_weight", {e.count, s.hidden});
  check.weight(w.expert_gate_up_weight, where + "expert_gate_up_weight",
               {2 * e.count * e.intermediate, s.hidden});
  check.weight(w.expert_down_weight, where + "expert_down_weight",
               {e.count * s.hidden, e.intermediate});
  if (e.shared == 0) return;
  check.weight(w.shared_gate_up_weight, where + "shared_gate_up_weight", {2 * e.shared, s.hidden});
  check.weight(w.shared_down_weight, where + "shared_down_weight", {s.hidden, e.shared});
  check.weight(w.shared_gate_weight, where + "shared_gate_weight", {1, s.hidden});
}

void check_layer(const DecoderSpec& s, const DecoderLayerSpec& layer, const DecoderLayerWeights& w,
                 const Checker& check, const std::string& where) {
  const std::int64_t query = s.heads * s.head_dim;
  const std::int64_t qkv = query + 2 * s.key_value_heads * s.head_dim;
  const std::int64_t up = (s.gated_mlp ? 2 : 1) * s.intermediate;
  check_block_norms(s, w, check, where);
  check_head_norms(s, w, check, where);
  check.weight(w.qkv_weight, where + "qkv_weight", {qkv, s.hidden});
  check.bias(w.qkv_bias, where + "qkv_bias", {qkv});
  check.weight(w.output_weight, where + "output_weight", {s.hidden, query});
  check.bias(w.output_bias, where + "output_bias", {s.hidden});
  if (layer.sparse) {
    check_experts(s, w, check, where);
    return;
  }
  check.weight(w.gate_up_weight, where + "gate_up_weight", {up, s.hidden});
  check.bias(w.gate_up_bias, where + "gate_up_bias", {up});
  check.weight(w.down_weight, where + "down_weight", {s.hidden, s.intermediate});
  check.bias(w.down_bias, where + "down_bias", {s.hidden});
}

}  // namespace

void check_weights(const DecoderSpec& spec, const DecoderWeights& weights, LayersChecked layers) {
  check_spec(spec);
  require(weights.token_embedding.defined(), "token_embedding is missing");
  const Checker check(weights.token_embedding);
  const std::int64_t width = spec.embedding > 0 ? spec.embedding : spec.hidden;
  check.weight(weights.token_embedding, "token_embedding", {spec.vocabulary, width});
  if (width != spec.hidden) {
    check.weight(weights.project_in, "project_in", {spec.hidden, width});
    check.weight(weights.project_out, "project_out", {width, spec.hidden});
  }
  if (spec.learned_positions)
    check.weight(weights.position_embedding, "position_embedding",
                 {spec.position_offset + spec.context_tokens, spec.hidden});
  if (spec.embedding_norm)
    check.norm(weights.embedding_norm_weight, "embedding_norm_weight", {spec.hidden});
  check.norm_bias(weights.embedding_norm_bias, "embedding_norm_bias", {spec.hidden});
  if (spec.final_norm) check.norm(weights.final_norm_weight, "final_norm_weight", {spec.hidden});
  check.norm_bias(weights.final_norm_bias, "final_norm_bias", {spec.hidden});
  check.weight(weights.head_weight, "head_weight", {spec.vocabulary, width});
  check.bias(weights.head_bias, "head_bias", {spec.vocabulary});
  if (layers == LayersChecked::no) return;
  require(weights.layers.size() == spec.layers.size(), "layers: weights and spec differ in number");
  for (std::size_t i = 0; i < weights.layers.size(); ++i)
    check_layer(spec, spec.layers[i], weights.layers[i], check, "layer " + std::to_string(i) + " ");
}

}  // namespace souvenir
