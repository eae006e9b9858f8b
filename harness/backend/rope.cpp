#include "harness/backend/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/error.h"

namespace souvenir {

namespace {

constexpr double kHuge = 1e18;
constexpr double kTiny = 1e-18;

using Kind = Rope (*)(const RopeParameters&, std::int64_t rotated, double original_positions);

// base^(2i / rotated), in float32 from an integer range, as the reference computes it.
at::Tensor wavelengths(double base, std::int64_t rotated) {
  return at::pow(base, at::arange(0, rotated, 2, at::kFloat) / rotated);
}

Rope to_rope(const at::Tensor& inverse, double attention_factor = 1.0) {
  const at::Tensor values = inverse.contiguous();
  const float* begin = values.const_data_ptr<float>();
  return {.inverse_frequencies = {begin, begin + values.numel()},
          .attention_factor = attention_factor};
}

Rope make_default(const RopeParameters& rope, std::int64_t rotated, double /*original*/) {
  return to_rope(1.0 / wavelengths(rope.theta, rotated));
}

Rope make_linear(const RopeParameters& rope, std::int64_t rotated, double /*original*/) {
  return to_rope((1.0 / wavelengths(rope.theta, rotated)) / *rope.factor);
}

Rope make_llama3(const RopeParameters& rope, std::int64_t rotated, double original) {
  const double low = *rope.low_freq_factor;
  const double high = *rope.high_freq_factor;
  const at::Tensor inverse = 1.0 / wavelengths(rope.theta, rotated);
  const at::Tensor length = 2.0 * std::numbers::pi / inverse;
  const at::Tensor is_long = length > original / low;
  const at::Tensor is_short = length < original / high;
  const at::Tensor scaled = at::where(is_long, inverse / *rope.factor, inverse);
  const at::Tensor smooth = (original / length - low) / (high - low);
  const at::Tensor smoothed = (1 - smooth) * scaled / *rope.factor + smooth * scaled;
  return to_rope(at::where(at::logical_or(is_long, is_short), scaled, smoothed));
}

double yarn_scale(double factor, double mscale) {
  return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

double yarn_attention_factor(const RopeParameters& rope, double factor) {
  if (rope.attention_factor) {
    return *rope.attention_factor;
  }
  const double mscale = rope.mscale.value_or(0.0);
  const double all_dim = rope.mscale_all_dim.value_or(0.0);
  return mscale != 0.0 && all_dim != 0.0 ? yarn_scale(factor, mscale) / yarn_scale(factor, all_dim)
                                         : yarn_scale(factor, 1.0);
}

Rope make_yarn(const RopeParameters& rope, std::int64_t rotated, double original) {
  const double factor = *rope.factor;
  const auto dimension_of = [&](double rotations) {
    return static_cast<double>(rotated) *
           std::log(original / (rotations * 2.0 * std::numbers::pi)) / (2.0 * std::log(rope.theta));
  };
  double low = dimension_of(rope.beta_fast);
  double high = dimension_of(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rotated - 1));
  if (low == high) {
    high += 0.001;
  }
  const at::Tensor ramp =
      at::clamp((at::arange(rotated / 2, at::kFloat) - low) / (high - low), 0, 1);
  const at::Tensor frequencies = wavelengths(rope.theta, rotated);
  const at::Tensor extrapolated = 1.0 / frequencies;
  const at::Tensor interpolated = 1.0 / (factor * frequencies);
  const at::Tensor keep = 1 - ramp;
  return to_rope(interpolated * (1 - keep) + extrapolated * keep,
                 yarn_attention_factor(rope, factor));
}

// Scales beyond max_positions only, and no sequence here is longer: the frequencies of the plain
// kind, as in the reference for such sequences.
Rope make_dynamic(const RopeParameters& rope, std::int64_t rotated, double original) {
  return make_default(rope, rotated, original);
}

Rope make_longrope(const RopeParameters& rope, std::int64_t rotated, double original) {
  const at::Tensor lengths = wavelengths(rope.theta, rotated);
  const auto divided = [&](const std::vector<double>& factors) {
    if (static_cast<std::int64_t>(factors.size()) != lengths.numel()) {
      throw Error(ErrorKind::input, "config.json: longrope: expected " +
                                        std::to_string(lengths.numel()) + " factors, found " +
                                        std::to_string(factors.size()));
    }
    return 1.0 / (at::tensor(at::ArrayRef<double>(factors), at::kFloat) * lengths);
  };
  const double factor = *rope.factor;
  const double attention =
      factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(factor) / std::log(original));
  Rope made = to_rope(divided(rope.short_factors), rope.attention_factor.value_or(attention));
  made.beyond = to_rope(divided(rope.long_factors)).inverse_frequencies;
  made.beyond_tokens = static_cast<std::int64_t>(original);
  return made;
}

struct RopeKind {
  const char* name;
  Kind make;
};

constexpr RopeKind kKinds[] = {
    {"default", make_default}, {"linear", make_linear},   {"llama3", make_llama3},
    {"yarn", make_yarn},       {"dynamic", make_dynamic}, {"longrope", make_longrope},
};

const RopeKind* find_kind(const std::string& type) {
  const auto* at = std::find_if(std::begin(kKinds), std::end(kKinds),
                                [&](const RopeKind& kind) { return type == kind.name; });
  return at == std::end(kKinds) ? nullptr : at;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

// yarn takes a zero for "not given".
double positive_or(const ModelConfig& object, const std::string& key, double fallback) {
  const double value = object.maybe_number(key, 0.0, kHuge).value_or(0.0);
  return value > 0.0 ? value : fallback;
}

// Checks that the parameters a kind cannot do without are there.
void check_needs(const ModelConfig& object, const RopeParameters& rope) {
  const auto need = [&](const char* key, bool given) {
    if (!given) {
      object.refuse(key, "missing; rope_type " + in_quotes(rope.type) + " needs it");
    }
  };
  if (rope.type == "longrope") {
    need("short_factor", !rope.short_factors.empty());
    need("long_factor", !rope.long_factors.empty());
  } else if (rope.type != "default") {
    need("factor", rope.factor.has_value());
  }
  if (rope.type == "llama3") {
    need("low_freq_factor", rope.low_freq_factor.has_value());
    need("high_freq_factor", rope.high_freq_factor.has_value());
    if (*rope.high_freq_factor <= *rope.low_freq_factor) {
      object.refuse("high_freq_factor", "expected more than low_freq_factor");
    }
  }
}

}  // namespace

std::vector<std::string> supported_rope_types() {
  std::vector<std::string> names;
  for (const RopeKind& kind : kKinds) {
    names.emplace_back(kind.name);
  }
  return names;
}

RopeParameters read_rope_object(const ModelConfig& object, double theta, double partial) {
  RopeParameters rope;
  rope.type = object.text("rope_type", object.text("type", "default"));
  if (find_kind(rope.type) == nullptr) {
    object.refuse("rope_type", in_quotes(rope.type) + " is not supported; supported: " +
                                   joined(supported_rope_types()));
  }
  rope.theta = object.number("rope_theta", kTiny, kHuge, theta);
  rope.partial = object.number("partial_rotary_factor", 0.0, 1.0, partial);
  rope.factor = object.maybe_number("factor", kTiny, kHuge);
  rope.original_positions = object.maybe_number("original_max_position_embeddings", 1, kHuge);
  rope.low_freq_factor = object.maybe_number("low_freq_factor", kTiny, kHuge);
  rope.high_freq_factor = object.maybe_number("high_freq_factor", kTiny, kHuge);
  rope.attention_factor = object.maybe_number("attention_factor", 0.0, kHuge);
  rope.mscale = object.maybe_number("mscale", 0.0, kHuge);
  rope.mscale_all_dim = object.maybe_number("mscale_all_dim", 0.0, kHuge);
  rope.short_factors =
      object.maybe_numbers("short_factor", kTiny, kHuge).value_or(std::vector<double>{});
  rope.long_factors =
      object.maybe_numbers("long_factor", kTiny, kHuge).value_or(std::vector<double>{});
  rope.beta_fast = positive_or(object, "beta_fast", 32.0);
  rope.beta_slow = positive_or(object, "beta_slow", 1.0);
  rope.truncate = object.flag("truncate", true);
  if (rope.type == "yarn" && rope.theta == 1.0) {
    object.refuse("rope_theta", "1 leaves nothing to interpolate");
  }
  check_needs(object, rope);
  return rope;
}

RopeParameters read_rope(const ModelConfig& config, const RopeNames& names) {
  std::optional<ModelConfig> object = config.maybe_object("rope_scaling");
  if (!object || object->empty()) {
    object = config.maybe_object("rope_parameters");
  }
  for (const char* layer_type : {"full_attention", "sliding_attention"}) {
    if (object && object->has(layer_type)) {
      object->refuse(layer_type, "one rotary embedding per layer type is not supported here");
    }
  }
  const double theta = config.number(names.theta_key, kTiny, kHuge, names.theta);
  const std::string partial_key =
      names.partial_key.empty() ? "partial_rotary_factor" : names.partial_key;
  const double partial = config.number(partial_key, 0.0, 1.0, names.partial);
  RopeParameters rope;
  rope.theta = theta;
  rope.partial = partial;
  if (object) {
    rope = read_rope_object(*object, theta, partial);
  }
  if (names.partial_key.empty() && rope.partial != 1.0) {
    config.refuse("partial_rotary_factor", "expected 1: this architecture rotates whole heads");
  }
  // Where a config says it outside, that wins, as in the reference library.
  if (const auto outside = config.maybe_number("original_max_position_embeddings", 1, kHuge)) {
    rope.original_positions = outside;
  } else if (names.original) {
    rope.original_positions = names.original;
  }
  return rope;
}

Rope make_rope(const RopeParameters& parameters, std::int64_t head_dim,
               std::int64_t max_positions) {
  const auto rotated = static_cast<std::int64_t>(static_cast<double>(head_dim) *
                                                 parameters.partial);  // towards zero, as there
  if (rotated == 0) {
    return {};
  }
  if (rotated % 2 != 0 && (rotated == head_dim || parameters.type == "yarn")) {
    throw Error(ErrorKind::input, "config.json: rotary embedding of " + std::to_string(rotated) +
                                      " dimensions: expected an even number");
  }
  const double original =
      parameters.original_positions.value_or(static_cast<double>(max_positions));
  RopeParameters complete = parameters;
  if (!complete.factor) {  // longrope alone may leave it out
    complete.factor = static_cast<double>(max_positions) / original;
  }
  return find_kind(complete.type)->make(complete, rotated, original);
}

}  // namespace souvenir
