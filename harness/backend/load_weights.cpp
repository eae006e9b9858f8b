#include "harness/backend/load_weights.h"

#include <functional>
#include <unordered_map>
#include <utility>

#include "harness/backend/row_order.h"
#include "harness/backend/weight_reader.h"
#include "harness/error.h"

namespace souvenir {

namespace {

// Returns a view of a tensor's place whose elements are in the order the reference library keeps
// them in.
at::Tensor in_reference_order(const TensorPlan& plan, const DecoderSpec& spec,
                              const at::Tensor& slot) {
  const std::int64_t rows = slot.size(0) / plan.parts;
  const at::Tensor place = slot.narrow(0, plan.part * rows, rows);
  if (plan.layout == Layout::heads_apart) {
    return place.view({-1, spec.head_dim});
  }
  if (plan.layout == Layout::transposed) {
    return place.t();
  }
  if (plan.layout == Layout::head_by_head) {
    std::vector<std::int64_t> parts = {3, spec.heads, spec.head_dim};
    if (place.dim() == 2) {
      parts.push_back(spec.hidden);
    }
    return place.view(parts).transpose(0, 1);
  }
  return place;
}

// Makes head and embedding one where the file says so, or where both are there and equal. The
// reference library keeps a head that differs, whatever tie_word_embeddings says.
bool tie(const Blueprint& blueprint, DecoderWeights& weights) {
  if (blueprint.tied &&
      (!weights.head_weight.defined() || at::equal(weights.head_weight, weights.token_embedding))) {
    weights.head_weight = weights.token_embedding;
    return true;
  }
  return false;
}

// Multiplies the queries of each layer, instead of its attention scores.
void scale_queries(const Blueprint& blueprint, DecoderWeights& weights) {
  const std::int64_t query = blueprint.spec.heads * blueprint.spec.head_dim;
  for (std::size_t i = 0; i < blueprint.query_scales.size(); ++i) {
    DecoderLayerWeights& layer = weights.layers[i];
    if (!layer.qkv_weight.defined()) continue;
    layer.qkv_weight.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
    layer.qkv_bias.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
  }
}

// Reads the weights that are wanted into their places, and brings them into the decoder's form.
class Loading {
 public:
  using Wanted = std::function<bool(const TensorPlan&)>;

  Loading(const Blueprint& blueprint, const Match& match, at::ScalarType compute_dtype,
          at::Device device, Wanted wanted)
      : blueprint_(blueprint),
        match_(match),
        dtype_(compute_dtype),
        device_(device),
        wanted_(std::move(wanted)) {
    for (const TensorPlan& plan : match.tensors) plans_.emplace(plan.name, &plan);
    weights.layers.resize(blueprint.spec.layers.size());
  }

  // Reads a file whole; what is not wanted is checked and let go.
  FileDigest read_whole(const Shard& shard) {
    WeightReader reader(shard);
    for (const StoredTensor& tensor : shard.header.tensors) {
      const auto plan = plans_.find(tensor.name);
      if (plan == plans_.end()) continue;
      reader.read(tensor, wanted_(*plan->second) && !match_.replaced.contains(tensor.name)
                              ? in_file(tensor, *plan->second)
                              : at::empty(tensor.shape, at::TensorOptions().dtype(dtype_)));
    }
    return reader.finish();
  }

  void read_again(const Shard& shard) {
    WeightReader reader(shard, Reading::again);
    bool read = false;
    for (const StoredTensor& tensor : shard.header.tensors) {
      const auto plan = plans_.find(tensor.name);
      if (plan == plans_.end() || !wanted_(*plan->second)) continue;
      reader.read(tensor, in_file(tensor, *plan->second));
      read = true;
    }
    if (read) shard.file->require_unchanged();
  }

  // Gives what is not taken from the file a place; alike, so that what was tied stays tied.
  void make_room() {
    for (const TensorPlan& plan : match_.tensors) {
      if (match_.replaced.contains(plan.name)) place_of(plan, dtype_).zero_();
    }
  }

  // Merges an adapter into weights as the file has them, and says whether it parted head and
  // embedding.
  bool merge(const Adapter& adapter) {
    bool parted = false;
    merge_adapter(adapter, {.blueprint = blueprint_,
                            .plans = match_.tensors,
                            .place_of = [&](const TensorPlan& plan) { return in_reference(plan); },
                            .wanted = wanted_,
                            .part = [&] { parted = part(); }});
    return parted;
  }

  void finish() {
    for (const TensorPlan& plan : blueprint_.ones)
      if (wanted_(plan)) place_of(plan, at::kFloat).fill_(1.0);
    reorder_rows(blueprint_, weights);
    scale_queries(blueprint_, weights);
  }

  DecoderWeights weights;

 private:
  bool part() {
    if (!weights.head_weight.defined() || !weights.head_weight.is_same(weights.token_embedding)) {
      return false;
    }
    weights.head_weight = weights.token_embedding.clone();
    return true;
  }

  at::Tensor place_of(const TensorPlan& plan, at::ScalarType dtype) {
    return souvenir::place_of(blueprint_.spec, weights, plan.slot, plan.layer, dtype, device_);
  }

  at::Tensor in_reference(const TensorPlan& plan) {
    return in_reference_order(plan, blueprint_.spec, place_of(plan, dtype_));
  }

  at::Tensor in_file(const StoredTensor& tensor, const TensorPlan& plan) {
    return in_stored_order(tensor.form, blueprint_.spec.head_dim, in_reference(plan));
  }

  const Blueprint& blueprint_;
  const Match& match_;
  at::ScalarType dtype_;
  at::Device device_;
  Wanted wanted_;
  std::unordered_map<std::string, const TensorPlan*> plans_;
};

}  // namespace

LoadedWeights load_weights(const Blueprint& blueprint, const Match& match, Checkpoint& checkpoint,
                           at::ScalarType compute_dtype, at::Device device, const Adapter* adapter,
                           WeightsPart part) {
  Loading loading(blueprint, match, compute_dtype, device, [part](const TensorPlan& plan) {
    return part == WeightsPart::all || !is_in_layer(plan.slot);
  });
  LoadedWeights loaded;
  for (const Shard& shard : checkpoint.shards) loaded.files.push_back(loading.read_whole(shard));
  loading.make_room();
  loaded.tied = tie(blueprint, loading.weights);
  loaded.parted = adapter != nullptr && loading.merge(*adapter);
  if (loaded.parted) loaded.tied = tie(blueprint, loading.weights);
  loading.finish();
  loaded.weights = std::move(loading.weights);
  return loaded;
}

DecoderLayerWeights load_layer(const Blueprint& blueprint, const Match& match,
                               const Checkpoint& checkpoint, std::int64_t layer,
                               at::ScalarType compute_dtype, at::Device device,
                               const Adapter* adapter) {
  Loading loading(blueprint, match, compute_dtype, device, [layer](const TensorPlan& plan) {
    return is_in_layer(plan.slot) && plan.layer == layer;
  });
  for (const Shard& shard : checkpoint.shards) loading.read_again(shard);
  if (adapter != nullptr) loading.merge(*adapter);
  loading.finish();
  return std::move(loading.weights.layers[static_cast<std::size_t>(layer)]);
}

}  // namespace souvenir
