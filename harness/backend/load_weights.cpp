#include "harness/backend/load_weights.h"

#include <algorithm>
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
    layer.qkv_weight.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
    layer.qkv_bias.narrow(0, 0, query).mul_(blueprint.query_scales[i]);
  }
}

void fill_with_ones(const Blueprint& blueprint, DecoderWeights& weights, at::Device device) {
  for (const TensorPlan& plan : blueprint.ones) {
    place_of(blueprint.spec, weights, plan.slot, plan.layer, at::kFloat, device).fill_(1.0);
  }
}

}  // namespace

LoadedWeights load_weights(const Blueprint& blueprint, const Match& match, Checkpoint& checkpoint,
                           at::ScalarType compute_dtype, at::Device device,
                           const Adapter* adapter) {
  std::unordered_map<std::string, const TensorPlan*> plans;
  for (const TensorPlan& plan : match.tensors) {
    plans.emplace(plan.name, &plan);
  }
  LoadedWeights loaded;
  loaded.weights.layers.resize(blueprint.spec.layers.size());
  const auto place = [&](const TensorPlan& plan) {
    return in_reference_order(
        plan, blueprint.spec,
        place_of(blueprint.spec, loaded.weights, plan.slot, plan.layer, compute_dtype, device));
  };
  for (Shard& shard : checkpoint.shards) {
    WeightReader reader(shard);
    for (const StoredTensor& tensor : shard.header.tensors) {
      const auto plan = plans.find(tensor.name);
      if (plan != plans.end()) {
        const std::int64_t head_dim = blueprint.spec.head_dim;
        reader.read(tensor, in_stored_order(tensor.form, head_dim, place(*plan->second)));
      }
    }
    loaded.files.push_back(reader.finish());
  }
  if (adapter != nullptr) merge_adapter(*adapter, match.tensors, place);
  fill_with_ones(blueprint, loaded.weights, device);
  reorder_rows(blueprint, loaded.weights);
  scale_queries(blueprint, loaded.weights);
  loaded.tied = tie(blueprint, loaded.weights);
  return loaded;
}

}  // namespace souvenir
