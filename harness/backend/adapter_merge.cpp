#include <algorithm>

#include "harness/backend/adapter.h"
#include "harness/backend/load_weights.h"
#include "harness/backend/weight_reader.h"
#include "harness/error.h"

namespace souvenir {

namespace {

[[noreturn]] void refuse(const std::string& label, const std::string& tensor,
                         const std::string& message) {
  throw Error(ErrorKind::input, label + ": weight " + in_quotes(tensor) + ": " + message);
}

// "layers.0.q_proj" of "model.layers.0.q_proj": names may lack what the whole model's begin with.
bool same_tensor(const std::string& one, const std::string& other) {
  return one == other || one.ends_with("." + other) || other.ends_with("." + one);
}

bool is_head(const Blueprint& blueprint, const std::string& tensor) {
  return std::any_of(blueprint.heads.begin(), blueprint.heads.end(),
                     [&](const std::string& head) { return same_tensor(head, tensor); });
}

bool is_head_or_embedding(const Blueprint& blueprint, const std::string& tensor) {
  return is_head(blueprint, tensor) || same_tensor(blueprint.embedding, tensor);
}

// Head and embedding by what PEFT calls them: a file with one weight for both may give it either
// name.
TensorPlan find_plan(const std::string& label, const std::string& tensor, const MergeBase& base) {
  if (same_tensor(base.blueprint.embedding, tensor)) {
    return {.name = tensor, .slot = Slot::token_embedding};
  }
  if (is_head(base.blueprint, tensor)) return {.name = tensor, .slot = Slot::head_weight};
  const auto plan = std::find_if(
      base.plans.begin(), base.plans.end(),
      [&](const TensorPlan& candidate) { return same_tensor(candidate.name, tensor); });
  if (plan == base.plans.end()) refuse(label, tensor, "the base model has none");
  return *plan;
}

void require_shape(const std::string& label, const TensorPlan& plan, const MergeBase& base,
                   at::IntArrayRef found, const std::string& tensor) {
  const std::vector<std::int64_t> expected = stored_shape(base.blueprint.spec, plan);
  if (found.vec() == expected) return;
  const bool of_tokens = plan.slot == Slot::token_embedding || plan.slot == Slot::head_weight;
  refuse(label, tensor,
         "the base model's is " + shape_text(expected) + ", the adapter's " +
             shape_text(found.vec()) +
             (of_tokens ? "; merge it with PEFT where the vocabulary was resized" : ""));
}

std::vector<std::int64_t> published_shape(const StoredTensor& stored) {
  std::vector<std::int64_t> shape = stored.shape;
  if (stored.form == StoredForm::transposed) std::reverse(shape.begin(), shape.end());
  return shape;
}

// Reads a tensor into the place of the base model's.
void put(const std::string& label, const AdapterTensor& tensor, const TensorPlan& plan,
         const MergeBase& base, WeightReader& reader) {
  const std::vector<std::int64_t> shape = published_shape(tensor.stored);
  const bool transposed = tensor.stored.form == StoredForm::transposed;
  require_shape(label, plan, base, shape, tensor.tensor);
  const at::Tensor place = base.place_of(plan);
  if (!transposed) {
    reader.read(tensor.stored, place);
    return;
  }
  const at::Tensor values = at::empty(shape, at::TensorOptions().dtype(place.scalar_type()));
  reader.read(tensor.stored, values.t());
  place.copy_(values.reshape(place.sizes()));
}

// Puts those tensors in their places that are of modules, or the others. The head's comes last: it
// is what stays where PEFT copies both into one weight.
void put_tensors(const Adapter& adapter, const MergeBase& base, bool of_modules) {
  WeightReader reader(*adapter.shard, Reading::again);
  bool read = false;
  for (const bool of_head : {false, true}) {
    for (const AdapterTensor& tensor : adapter.tensors) {
      const TensorPlan plan = find_plan(adapter.label, tensor.tensor, base);
      const bool now =
          tensor.of_module == of_modules && (plan.slot == Slot::head_weight) == of_head;
      if (!now || !base.wanted(plan)) continue;
      put(adapter.label, tensor, plan, base, reader);
      read = true;
    }
  }
  if (read) adapter.shard->file->require_unchanged();
}

// Brings every row to its own length, or every column.
void set_lengths(const at::Tensor& matrix, const at::Tensor& lengths, bool columns) {
  const at::Tensor rows = columns ? matrix.t() : matrix;
  const at::Tensor norms = at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, true);
  rows.mul_(lengths.unsqueeze(1).to(rows.device()).div(norms));
}

void check_kind(const std::string& label, const AdapterChange& change, const TensorPlan& plan,
                const MergeBase& base) {
  const bool of_positions = plan.slot == Slot::position_embedding;
  if (change.embedding != (of_positions || plan.slot == Slot::token_embedding)) {
    refuse(label, change.tensor,
           std::string("expected lora_") + (change.embedding ? "" : "embedding_") + "A and lora_" +
               (change.embedding ? "" : "embedding_") + "B");
  }
  // PEFT looks up rows of the change by what its wrapper is given, which there is a mask.
  if (of_positions && base.blueprint.spec.position_offset > 0) {
    refuse(label, change.tensor,
           "factors of positions that begin at an offset are not supported: PEFT does not compute "
           "with them");
  }
}

void merge(const std::string& label, const AdapterChange& change, const TensorPlan& plan,
           const MergeBase& base) {
  const at::Tensor product = change.a.defined() ? at::mm(change.b, change.a) : change.b;
  const at::Tensor delta = product.mul(change.scale);
  const bool transposed = plan.layout == Layout::transposed;
  check_kind(label, change, plan, base);
  require_shape(label, plan, base, transposed ? delta.t().sizes() : delta.sizes(), change.tensor);
  const at::Tensor found = base.place_of(plan);
  const at::Tensor place = transposed ? found.t() : found;
  const at::Tensor sum = place.to(at::kFloat).reshape(delta.sizes()) + delta.to(place.device());
  if (change.magnitude.defined()) set_lengths(sum, change.magnitude, change.embedding);
  if (!at::isfinite(sum.to(place.scalar_type())).all().item<bool>()) {
    refuse(label, change.tensor, "the sum is not finite");
  }
  place.copy_(sum.reshape(place.sizes()));
}

// Where head and embedding are one weight, only PEFT knows which of different rows counts, or what
// comes of them beside another change of either.
void check_rows(const Adapter& adapter, const MergeBase& base) {
  if (adapter.rows.empty() || !base.blueprint.tied) return;
  const AdapterRows& first = adapter.rows.front();
  bool of_embedding = false, alike = true;
  for (const AdapterRows& rows : adapter.rows) {
    of_embedding = of_embedding || same_tensor(base.blueprint.embedding, rows.tensor);
    alike = alike && rows.tokens == first.tokens && at::equal(rows.rows, first.rows);
  }
  if (!of_embedding || !alike || changes_apart(adapter, base.blueprint)) {
    refuse(adapter.label, first.tensor,
           "trainable_token_indices: head and embedding are one weight in the base model: expected "
           "rows of the embedding, and no other change of either; merge the adapter with PEFT");
  }
}

void put_rows(const std::string& label, const AdapterRows& change, const TensorPlan& plan,
              const MergeBase& base) {
  if (plan.slot != Slot::token_embedding && plan.slot != Slot::head_weight) {
    refuse(label, change.tensor, "trainable_token_indices: expected an embedding of tokens");
  }
  const at::Tensor place = base.place_of(plan);
  if (change.rows.size(1) != place.size(1)) {
    refuse(label, change.tensor,
           "rows of " + std::to_string(place.size(1)) + " expected, found " +
               std::to_string(change.rows.size(1)));
  }
  for (const std::int64_t token : change.tokens) {
    if (token >= 0 && token < place.size(0)) continue;
    refuse(label, change.tensor,
           "trainable_token_indices: the base model has no token " + std::to_string(token));
  }
  const at::Tensor rows = change.rows.to(place.options());
  if (!at::isfinite(rows).all().item<bool>()) {
    refuse(label, change.tensor, "a trained row is not finite");
  }
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(change.tokens), at::kLong);
  place.index_copy_(0, index.to(place.device()), rows);
}

}  // namespace

bool changes_apart(const Adapter& adapter, const Blueprint& blueprint) {
  return std::any_of(adapter.changes.begin(), adapter.changes.end(),
                     [&](const AdapterChange& change) {
                       return is_head_or_embedding(blueprint, change.tensor);
                     }) ||
         std::any_of(adapter.tensors.begin(), adapter.tensors.end(),
                     [&](const AdapterTensor& tensor) {
                       return tensor.of_module && is_head_or_embedding(blueprint, tensor.tensor);
                     });
}

void resize_vocabulary(const Adapter& adapter, Blueprint& blueprint, Match& match) {
  std::vector<std::int64_t> shape = slot_shape(blueprint.spec, Slot::token_embedding);
  const std::int64_t width = shape.back();
  bool has_shared = false, has_head = false, has_bias = blueprint.head_bias.empty();
  for (const AdapterTensor& tensor : adapter.tensors) {
    if (same_tensor(blueprint.embedding, tensor.tensor)) {
      shape = published_shape(tensor.stored);
      has_shared = has_shared || (blueprint.tied && !tensor.of_module);
    }
    has_head = has_head || is_head(blueprint, tensor.tensor);
    has_bias = has_bias || same_tensor(blueprint.head_bias, tensor.tensor);
  }
  const bool has_all = has_bias && (has_head || has_shared);
  const bool fits = shape.size() == 2 && shape[1] == width && shape[0] <= kMaxVocabulary;
  if (!has_all || !fits || shape[0] == blueprint.spec.vocabulary) return;
  const DecoderSpec before = blueprint.spec;
  blueprint.spec.vocabulary = shape[0];
  for (const TensorPlan& plan : match.tensors) {
    const std::int64_t more = elements_of(blueprint.spec, plan) - elements_of(before, plan);
    match.parameters += more;
    if (more != 0) match.replaced.insert(plan.name);
  }
}

void check_saved_modules(const Adapter& adapter, const Blueprint& blueprint) {
  const auto is_missing = [&](const std::string& name) {
    return adapter.config.saves(name) &&
           std::none_of(adapter.tensors.begin(), adapter.tensors.end(),
                        [&](const AdapterTensor& tensor) {
                          return same_tensor(tensor.tensor, name) ||
                                 (is_head(blueprint, name) && is_head(blueprint, tensor.tensor));
                        });
  };
  std::vector<std::string> names = blueprint.heads;
  if (!blueprint.head_bias.empty()) names.push_back(blueprint.head_bias);
  for (const TensorPlan& plan : blueprint.tensors) names.push_back(plan.name);
  const auto missing = std::find_if(names.begin(), names.end(), is_missing);
  if (missing == names.end()) return;
  refuse(adapter.label, *missing,
         "modules_to_save in adapter_config.json names its module, but the adapter has none");
}

void merge_adapter(const Adapter& adapter, const MergeBase& base) {
  put_tensors(adapter, base, false);
  if (changes_apart(adapter, base.blueprint)) base.part();
  put_tensors(adapter, base, true);
  for (const AdapterChange& change : adapter.changes) {
    const TensorPlan plan = find_plan(adapter.label, change.tensor, base);
    if (base.wanted(plan)) merge(adapter.label, change, plan, base);
  }
  check_rows(adapter, base);
  for (const AdapterRows& rows : adapter.rows) {
    const TensorPlan plan = find_plan(adapter.label, rows.tensor, base);
    if (base.wanted(plan)) put_rows(adapter.label, rows, plan, base);
  }
}

}  // namespace souvenir
