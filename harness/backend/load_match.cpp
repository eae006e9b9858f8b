#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>

#include "harness/backend/load_weights.h"
#include "harness/backend/stored_dtype.h"
#include "harness/backend/weight_reader.h"
#include "harness/error.h"

namespace souvenir {

namespace {

[[noreturn]] void refuse(const Checkpoint& checkpoint, const std::string& message) {
  throw Error(ErrorKind::input, checkpoint.label + ": " + message);
}

// "tensor" and what the file calls it.
std::string named(const Checkpoint& checkpoint, const std::string& name) {
  const auto at = checkpoint.names.find(name);
  return "tensor " + in_quotes(at == checkpoint.names.end() ? name : at->second);
}

// Constant masks and tables that older versions saved beside the weights, and nobody reads.
bool is_ignored(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kEndings = {"rotary_emb.inv_freq", "attn.bias",
                                                               "attn.masked_bias", "attention.bias",
                                                               "attention.masked_bias"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    const bool ends = std::string_view(name).ends_with(ending);
    return ends && (name.size() == ending.size() || name[name.size() - ending.size() - 1] == '.');
  });
}

// Returns how many leading characters of the blueprint's names this checkpoint leaves out: a
// checkpoint of the bare model, without a head, has no prefix.
std::size_t absent_prefix(const Blueprint& blueprint, const Checkpoint& checkpoint) {
  const bool has_prefix =
      std::any_of(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                  [&](const auto& entry) { return entry.first.starts_with(blueprint.prefix); });
  return has_prefix ? 0 : blueprint.prefix.size();
}

// Finds the head's own weight, under either of its names.
std::optional<std::string> find_head(const Blueprint& blueprint, const Checkpoint& checkpoint) {
  std::optional<std::string> found;
  for (const std::string& name : blueprint.heads) {
    if (!found && checkpoint.tensors.contains(name)) {
      found = name;
    }
  }
  return found;
}

// Adds the head; where head and embedding are one, either name may stand for both.
void plan_head(const Blueprint& blueprint, const Checkpoint& checkpoint, Match& match) {
  const std::optional<std::string> head = find_head(blueprint, checkpoint);
  const auto embedding =
      std::find_if(match.tensors.begin(), match.tensors.end(),
                   [](const TensorPlan& plan) { return plan.slot == Slot::token_embedding; });
  if (!head && !blueprint.tied) {
    refuse(checkpoint, named(checkpoint, blueprint.heads.front()) +
                           ": missing; config.json says "
                           "(or leaves at its default) that tie_word_embeddings is false");
  }
  if (head && blueprint.tied && !checkpoint.tensors.contains(embedding->name)) {
    embedding->name = *head;
  } else if (head) {
    match.tensors.push_back({.name = *head, .slot = Slot::head_weight});
  }
  if (!blueprint.head_bias.empty()) {
    match.tensors.push_back({.name = blueprint.head_bias, .slot = Slot::head_bias});
  }
}

void check_missing(const Blueprint& blueprint, const Checkpoint& checkpoint, const Match& match) {
  const TensorPlan* first = nullptr;
  std::size_t missing = 0;
  for (const TensorPlan& plan : match.tensors) {
    if (!checkpoint.tensors.contains(plan.name)) {
      first = first == nullptr ? &plan : first;
      ++missing;
    }
  }
  if (first != nullptr) {
    refuse(checkpoint, named(checkpoint, first->name) + ": missing (" + std::to_string(missing) +
                           " in all); expected " +
                           shape_text(stored_shape(blueprint.spec, *first)));
  }
}

void check_surplus(const Checkpoint& checkpoint, const Match& match) {
  std::unordered_set<std::string_view> expected;
  for (const TensorPlan& plan : match.tensors) {
    expected.insert(plan.name);
  }
  std::set<std::string_view> surplus;  // sorted: the same message every time
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!expected.contains(name) && !is_ignored(name)) {
      surplus.insert(name);
    }
  }
  if (!surplus.empty()) {
    refuse(checkpoint, "tensor " + in_quotes(*surplus.begin()) + ": unexpected (" +
                           std::to_string(surplus.size()) +
                           " in all): the config describes no place for it");
  }
}

void check_one(const Blueprint& blueprint, const Checkpoint& checkpoint, const TensorPlan& plan) {
  const StoredTensor& stored = *checkpoint.tensors.at(plan.name);
  std::vector<std::int64_t> expected = stored_shape(blueprint.spec, plan);
  if (stored.form == StoredForm::transposed) {
    std::reverse(expected.begin(), expected.end());
  }
  if (stored.shape != expected) {
    refuse(checkpoint, named(checkpoint, plan.name) + ": expected " + shape_text(expected) +
                           ", found " + shape_text(stored.shape));
  }
  if (find_stored_dtype(stored.dtype) == nullptr) {
    refuse(checkpoint, named(checkpoint, plan.name) + ": dtype " + stored.dtype +
                           " is not supported; supported: " + stored_dtype_names(false));
  }
}

// Says how the weights but the norms' are stored.
void describe(const std::map<std::string, std::int64_t>& elements, Match& match) {
  std::int64_t most = 0;
  for (const auto& [dtype, count] : elements) {
    match.dtypes += (match.dtypes.empty() ? "" : ", ") + dtype;
    match.quantised = match.quantised || find_stored_dtype(dtype)->decode != nullptr;
    if (count > most) {
      most = count;
      match.most = dtype;
    }
  }
  match.stored_dtype = elements.size() == 1 ? decoded_dtype(match.most) : at::kFloat;
}

}  // namespace

std::string shape_text(at::IntArrayRef shape) {
  std::string out = "[";
  for (const std::int64_t dimension : shape) {
    out += (out.size() == 1 ? "" : ", ") + std::to_string(dimension);
  }
  return out + "]";
}

std::vector<std::int64_t> stored_shape(const DecoderSpec& spec, const TensorPlan& plan) {
  std::vector<std::int64_t> shape = slot_shape(spec, plan.slot);
  if (plan.layout == Layout::transposed) {
    std::reverse(shape.begin(), shape.end());
  }
  shape[0] /= plan.parts;
  if (plan.layout == Layout::heads_apart) {
    shape = {shape[0] / spec.head_dim, spec.head_dim};
  }
  return shape;
}

std::int64_t elements_of(const DecoderSpec& spec, const TensorPlan& plan) {
  std::int64_t elements = 1;
  for (const std::int64_t dimension : stored_shape(spec, plan)) elements *= dimension;
  return elements;
}

void add_own_head(const Blueprint& blueprint, Match& match) {
  const bool has_head =
      std::any_of(match.tensors.begin(), match.tensors.end(),
                  [](const TensorPlan& plan) { return plan.slot == Slot::head_weight; });
  if (has_head) return;
  match.tensors.push_back({.name = blueprint.heads.front(), .slot = Slot::head_weight});
  match.parameters += elements_of(blueprint.spec, match.tensors.back());
}

Match match_tensors(const Blueprint& blueprint, const Checkpoint& checkpoint) {
  Match match{.tensors = blueprint.tensors, .dtypes = {}, .most = {}};
  const std::size_t drop = absent_prefix(blueprint, checkpoint);
  for (TensorPlan& plan : match.tensors) {
    plan.name.erase(0, drop);
  }
  plan_head(blueprint, checkpoint, match);
  check_missing(blueprint, checkpoint, match);
  check_surplus(checkpoint, match);

  std::map<std::string, std::int64_t> by_dtype;
  for (const TensorPlan& plan : match.tensors) {
    check_one(blueprint, checkpoint, plan);
    const std::int64_t elements = elements_of(blueprint.spec, plan);  // in the file: no overflow
    match.parameters += elements;
    if (!is_norm(plan.slot)) {
      by_dtype[checkpoint.tensors.at(plan.name)->dtype] += elements;
    }
  }
  describe(by_dtype, match);
  return match;
}

}  // namespace souvenir
