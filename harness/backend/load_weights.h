#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/backend/adapter.h"
#include "harness/backend/architectures.h"
#include "harness/backend/aten.h"
#include "harness/backend/checkpoint.h"
#include "harness/backend/decoder.h"
#include "harness/types.h"

namespace souvenir {

// The tensors of a checkpoint, matched with the places they go to.
//
//   tensors      what to load: the blueprint's, by the names in this checkpoint, and the head if it
//                has one of its own
//   parameters   numbers of these tensors together; a head that equals the embedding is counted
//                until load_weights finds that out
//   stored_dtype the one that holds every weight but the norms' exactly
//   dtypes       how the weights but the norms' are stored, e.g. "BF16, F32"
//   most         how most of them are
//   quantised    whether some of them are stored in blocks
//   replaced     names of tensors that are not taken, because the adapter's have another shape
struct Match {
  std::vector<TensorPlan> tensors;
  std::int64_t parameters = 0;
  at::ScalarType stored_dtype = at::kFloat;
  std::string dtypes;
  std::string most;
  bool quantised = false;
  std::set<std::string> replaced = {};
};

// Compares the tensors a config describes with those the headers list, before any is read.
//
// Errors  input: a tensor missing, surplus, of another shape, or of a dtype that is not
//         supported; each by name, with what was expected and what was found
Match match_tensors(const Blueprint& blueprint, const Checkpoint& checkpoint);

// The shape of a tensor as the reference library publishes it, how many numbers that is, and a
// shape in a message.
std::vector<std::int64_t> stored_shape(const DecoderSpec& spec, const TensorPlan& plan);
std::int64_t elements_of(const DecoderSpec& spec, const TensorPlan& plan);
std::string shape_text(at::IntArrayRef shape);

// Gives the head a weight of its own, for an adapter that changes head and embedding apart.
void add_own_head(const Blueprint& blueprint, Match& match);

enum class WeightsPart { all, outside_layers };

// What loading gives.
struct LoadedWeights {
  DecoderWeights weights;
  std::vector<FileDigest> files;  // digests of the shards
  bool tied = false;              // head and embedding are one tensor
  bool parted = false;            // they were, before the adapter
};

// Reads every shard once, from begin to end: each piece goes from the file to its final place,
// converted, fused and transposed on the way. Needs the weights' memory and a buffer, not more.
//
//   adapter  merged into them; may be null
//   part     outside_layers: the layers' weights are digested and checked, and not kept
//
// Errors  input: a NaN or an infinity in a tensor (by name), a value beyond the compute dtype, a
//         file that changed meanwhile; resource: memory
LoadedWeights load_weights(const Blueprint& blueprint, const Match& match, Checkpoint& checkpoint,
                           at::ScalarType compute_dtype, at::Device device,
                           const Adapter* adapter = nullptr, WeightsPart part = WeightsPart::all);

// Reads the weights of one layer once more, as load_weights would have left them.
//
// Threads  several may read at once
// Errors   input: a file that changed since it was opened; resource: memory
DecoderLayerWeights load_layer(const Blueprint& blueprint, const Match& match,
                               const Checkpoint& checkpoint, std::int64_t layer,
                               at::ScalarType compute_dtype, at::Device device,
                               const Adapter* adapter);

}  // namespace souvenir
