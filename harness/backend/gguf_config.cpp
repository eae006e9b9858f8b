#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/backend/architectures.h"
#include "harness/backend/gguf_checkpoint.h"

namespace souvenir {

namespace {

using nlohmann::json;

// Keys, behind the architecture's name, that would change the arithmetic and are not supported;
// a zero or false in them says that they are not in use.
constexpr std::array<std::string_view, 16> kRefused = {
    "expert_count", "attention.clamp_kqv", "attention.max_alibi_bias", "attention.scale",
    "attention.temperature_scale", "attention.temperature_length", "attention.value_scale",
    "attn_logit_softcapping", "final_logit_softcapping", "router_logit_softcapping",
    "embedding_scale", "residual_scale", "logit_scale", "use_parallel_residual",
    "rope.scaling.yarn_log_multiplier",
    // Means what the whole factor is to some, and what it is multiplied by to others.
    "rope.scaling.yarn_attn_factor"};

class Reader {
 public:
  Reader(const GgufHeader& header, const std::string& label,
         const std::function<std::vector<double>(const StoredTensor&)>& factors)
      : header_(header), factors_(factors), keys_(header.metadata, label) {
    architecture_ = keys_.text("general.architecture", "");
  }

  ModelConfig run(const std::string& label) {
    refuse_unsupported();
    config_["model_type"] = architecture_;
    config_["tie_word_embeddings"] = tensor("output.weight") == nullptr;
    const StoredTensor* embedding = tensor("token_embd.weight");
    if (embedding == nullptr) {
      keys_.refuse("token_embd.weight", "a tensor of this name is missing");
    }
    config_["vocab_size"] = embedding->shape.front();
    if (architecture_ == "gpt2") {
      read_gpt2();
    } else {
      read_llama();
    }
    return {config_, label};
  }

 private:
  std::string key(const std::string& name) const { return architecture_ + "." + name; }

  const StoredTensor* tensor(const std::string& name) const {
    const auto& all = header_.weights.tensors;
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const StoredTensor& each) { return each.name == name; });
    return at == all.end() ? nullptr : &*at;
  }

  std::int64_t integer(const std::string& name, std::int64_t high) const {
    if (!keys_.has(key(name))) {
      keys_.refuse(key(name), "missing");
    }
    return keys_.integer(key(name), 1, high, 0);
  }

  double number(const std::string& name, double low, double high) const {
    if (!keys_.has(key(name))) {
      keys_.refuse(key(name), "missing");
    }
    return keys_.number(key(name), low, high, 0);
  }

  void refuse_unsupported() const {
    for (const std::string_view name : kRefused) {
      const json value = keys_.raw(key(std::string(name)));
      const bool unused = value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
                          (value.is_number() && value.get<double>() == 0.0);
      if (!unused) {
        keys_.refuse(key(std::string(name)), "not supported in a GGUF file");
      }
    }
    if (!keys_.flag(key("attention.causal"), true)) {
      keys_.refuse(key("attention.causal"), "false is not supported: it predicts no next token");
    }
    const bool slides = keys_.has(key("attention.sliding_window")) &&
                        keys_.integer(key("attention.sliding_window"), 0, kMaxPositions, 0) > 0;
    if (slides && architecture_ != "phi3") {
      keys_.refuse(key("attention.sliding_window"), "not supported in this architecture");
    }
  }

  void read_gpt2() {
    config_["n_positions"] = integer("context_length", kMaxPositions);
    config_["n_embd"] = integer("embedding_length", kMaxHidden);
    config_["n_layer"] = integer("block_count", kMaxLayers);
    config_["n_head"] = integer("attention.head_count", kMaxHeads);
    config_["n_inner"] = integer("feed_forward_length", kMaxIntermediate);
    config_["layer_norm_epsilon"] = number("attention.layer_norm_epsilon", 0.0, 1.0);
  }

  void read_llama() {
    config_["max_position_embeddings"] = integer("context_length", kMaxPositions);
    config_["hidden_size"] = integer("embedding_length", kMaxHidden);
    config_["num_hidden_layers"] = integer("block_count", kMaxLayers);
    config_["intermediate_size"] = integer("feed_forward_length", kMaxIntermediate);
    config_["rms_norm_eps"] = number("attention.layer_norm_rms_epsilon", 0.0, 1.0);
    const std::int64_t heads = integer("attention.head_count", kMaxHeads);
    config_["num_attention_heads"] = heads;
    config_["num_key_value_heads"] =
        keys_.integer(key("attention.head_count_kv"), 1, kMaxHeads, heads);
    read_head_dim(heads);
    config_["attention_bias"] = tensor("blk.0.attn_q.bias") != nullptr;
    config_["mlp_bias"] = tensor("blk.0.ffn_gate.bias") != nullptr;
    const std::int64_t window = keys_.integer(key("attention.sliding_window"), 0, kMaxPositions, 0);
    config_["sliding_window"] = window > 0 ? json(window) : json();
    config_["rope_theta"] = keys_.number(key("rope.freq_base"), 1e-18, 1e18, 10000.0);
    read_rope();
  }

  void read_head_dim(std::int64_t heads) {
    const std::int64_t hidden = config_["hidden_size"];
    const std::int64_t head_dim =
        keys_.integer(key("attention.key_length"), 1, kMaxHeadDim, hidden / heads);
    if (keys_.integer(key("attention.value_length"), 1, kMaxHeadDim, head_dim) != head_dim) {
      keys_.refuse(key("attention.value_length"), "expected as long as keys");
    }
    config_["head_dim"] = head_dim;
    const std::int64_t rotated = keys_.integer(key("rope.dimension_count"), 1, head_dim, head_dim);
    if (rotated != head_dim && architecture_ != "phi3") {
      keys_.refuse(key("rope.dimension_count"), "expected " + std::to_string(head_dim) +
                                                    ": this architecture rotates whole heads");
    }
    // A little above, because the share times the head's length is rounded towards zero.
    config_["partial_rotary_factor"] =
        rotated == head_dim ? 1.0
                            : (static_cast<double>(rotated) + 1e-6) / static_cast<double>(head_dim);
  }

  // What is stored for rotary embeddings, and would be left out silently.
  void refuse_unused_rope(const std::string& type) const {
    const bool phi3 = architecture_ == "phi3";
    const bool both = tensor("rope_factors_short.weight") != nullptr &&
                      tensor("rope_factors_long.weight") != nullptr;
    const bool scaled =
        type != "none" || keys_.number(key("rope.scale_linear"), 1e-18, 1e18, 1.0) != 1.0;
    const bool long_factors = phi3 && both && (!scaled || type == "longrope");
    const auto refuse_tensor = [&](const char* name, bool used) {
      if (tensor(name) != nullptr && !used) {
        keys_.refuse(name, "a tensor of this name is not supported in architecture " +
                               architecture_ + " with rope.scaling.type " + in_quotes(type));
      }
    };
    refuse_tensor("rope_factors_short.weight", long_factors);
    refuse_tensor("rope_factors_long.weight", long_factors);
    refuse_tensor("rope_freqs.weight", architecture_ == "llama" && !scaled);
    const std::string factor = key("rope.scaling.attn_factor");
    if (!long_factors && keys_.number(factor, -1e18, 1e18, 1.0) != 1.0) {
      keys_.refuse(factor, "expected 1");
    }
  }

  void read_rope() {
    const double original = keys_.number(key("rope.scaling.original_context_length"), 1.0, 1e18,
                                         config_["max_position_embeddings"].get<double>());
    // A factor without a type is of the linear kind.
    const std::string type = keys_.text(key("rope.scaling.type"),
                                        keys_.has(key("rope.scaling.factor")) ? "linear" : "none");
    refuse_unused_rope(type);
    const StoredTensor* common = tensor("rope_freqs.weight");
    const StoredTensor* shorter = tensor("rope_factors_short.weight");
    const StoredTensor* longer = tensor("rope_factors_long.weight");
    if (architecture_ == "phi3") {
      config_["original_max_position_embeddings"] = original;
    }
    if (shorter != nullptr) {
      config_["rope_scaling"] = {{"rope_type", "longrope"},
                                 {"short_factor", factors_(*shorter)},
                                 {"long_factor", factors_(*longer)}};
      const std::string factor = key("rope.scaling.attn_factor");
      if (keys_.has(factor)) {
        config_["rope_scaling"]["attention_factor"] = keys_.number(factor, 0.0, 1e18, 1.0);
      }
    } else if (common != nullptr) {
      // Llama 3's scaling, as the factors it comes to: the same ones at every length.
      const std::vector<double> factors = factors_(*common);
      config_["rope_scaling"] = {{"rope_type", "longrope"},
                                 {"short_factor", factors},
                                 {"long_factor", factors},
                                 {"attention_factor", 1.0}};
    } else if (type == "linear" || type == "yarn") {
      read_scaling(type, original);
    } else if (type != "none" && !(type == "longrope" && architecture_ == "phi3")) {
      keys_.refuse(key("rope.scaling.type"),
                   in_quotes(type) +
                       " is not supported; supported: none, linear, yarn, longrope "
                       "(phi3)");
    } else if (keys_.has(key("rope.scale_linear"))) {  // of older files
      config_["rope_scaling"] = {{"rope_type", "linear"},
                                 {"factor", number("rope.scale_linear", 1e-18, 1e18)}};
    }
  }

  void read_scaling(const std::string& type, double original) {
    json rope = {{"rope_type", type}, {"factor", number("rope.scaling.factor", 1e-18, 1e18)}};
    if (type == "yarn") {
      rope["original_max_position_embeddings"] = original;
      rope["beta_fast"] = keys_.number(key("rope.scaling.yarn_beta_fast"), 0.0, 1e18, 32.0);
      rope["beta_slow"] = keys_.number(key("rope.scaling.yarn_beta_slow"), 0.0, 1e18, 1.0);
      if (keys_.number(key("rope.scaling.yarn_ext_factor"), -1e18, 1e18, 1.0) != 1.0) {
        keys_.refuse(key("rope.scaling.yarn_ext_factor"), "expected 1");
      }
    }
    config_["rope_scaling"] = std::move(rope);
  }

  const GgufHeader& header_;
  const std::function<std::vector<double>(const StoredTensor&)>& factors_;
  ModelConfig keys_;
  std::string architecture_;
  json config_ = json::object();
};

}  // namespace

ModelConfig gguf_config(const GgufHeader& header, const std::string& label,
                        const std::function<std::vector<double>(const StoredTensor&)>& factors) {
  return Reader(header, label, factors).run(label);
}

}  // namespace souvenir
