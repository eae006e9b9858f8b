#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/types.h"

namespace souvenir {

// The sizes of a small decoder of the llama architecture: as many key and value heads as heads, and
// a head that is the embedding.
struct LlamaSizes {
  std::int64_t vocabulary = 1024;
  std::int64_t hidden = 128;
  std::int64_t layers = 4;
  std::int64_t heads = 4;
  std::int64_t intermediate = 384;
  std::int64_t context_tokens = 256;
  double rope_theta = 10000.0;
  double norm_epsilon = 1e-5;
};

// How long and how to train: AdamW, a rate that rises linearly and falls as half a cosine.
//
//   epochs           times that every document is seen, in another order each time
//   sequence_tokens  documents are put end to end and cut into pieces of this length
//   batch            pieces per step
//   warm_up          share of the steps over which the rate rises
//   final_rate       share of the rate that is left in the end
//   clip             norm above which gradients are scaled down
//   max_steps        stop after so many; 0: no limit
struct TrainingPlan {
  std::int64_t epochs = 2;
  std::int64_t sequence_tokens = 128;
  std::int64_t batch = 8;
  double rate = 3e-3;
  double warm_up = 0.05;
  double final_rate = 0.05;
  double weight_decay = 0.1;
  double clip = 1.0;
  std::int64_t max_steps = 0;
  std::uint64_t seed = 0;
  int threads = 0;  // 0: the CPUs this process may use
};

struct TrainingState {
  std::int64_t step = 0;  // steps done
  std::int64_t steps = 0;
  std::int64_t tokens = 0;  // tokens seen
  double loss = 0.0;        // nats per token in the last step
};

// A weight as a Hugging Face checkpoint names it, row-major.
struct NamedWeight {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct TrainedLlama {
  LlamaSizes sizes;
  std::vector<NamedWeight> weights;
  TrainingState last;
};

// Returns how many steps that many tokens, read once, are worth under a plan.
std::int64_t training_steps(std::int64_t tokens, const TrainingPlan& plan);

// Trains a decoder from scratch, in float32 on the CPU.
//
//   documents  token ids; what stands at the beginning and the end of each is the caller's
//   report     called after every step; false stops
//
// Returns   nothing if it was stopped
// Exact     same inputs, threads, CPU type and libtorch: same weights
// Random    streams "train_init" and "train_order" of the seed
// Threads   may run in several threads of the program at once; sets the number of libtorch's
// threads
//           for the one that calls
// Errors    usage: sizes that do not fit each other, fewer tokens than one batch
//           resource: memory; a loss that is not finite
std::optional<TrainedLlama> train_llama(const LlamaSizes& sizes,
                                        std::span<const std::vector<TokenId>> documents,
                                        const TrainingPlan& plan,
                                        const std::function<bool(const TrainingState&)>& report);

}  // namespace souvenir
