#include "harness/backend/layers.h"

#include <future>
#include <utility>
#include <vector>

#include "harness/backend/memory.h"
#include "harness/backend/parallel.h"

namespace souvenir {
namespace {

class InMemory : public Layers {
 public:
  InMemory(const DecoderSpec& spec, std::vector<DecoderLayerWeights>& weights,
           const DecoderPaths& paths) {
    layers_.reserve(spec.layers.size());
    for (std::size_t i = 0; i < spec.layers.size(); ++i)
      layers_.emplace_back(spec, spec.layers[i], std::move(weights[i]), paths);
  }

  bool each(const Use& use) const override {
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (!use(i, layers_[i])) return false;
    return true;
  }

 private:
  std::vector<DecoderLayer> layers_;
};

class ReadEachTime : public Layers {
 public:
  ReadEachTime(const DecoderSpec& spec, ReadLayer read, const DecoderPaths& paths)
      : spec_(spec), read_(std::move(read)), paths_(paths) {}

  bool each(const Use& use) const override {
    std::future<DecoderLayer> next = begin(0);
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
      const DecoderLayer layer = next.get();
      // Else what is kept of the layer before, in pieces that the next does not fill, adds up.
      give_back_freed_memory();
      if (i + 1 < spec_.layers.size()) next = begin(i + 1);
      if (!use(i, layer)) return false;
    }
    return true;
  }

 private:
  // The future's destructor waits, so that `this` outlives the thread whatever is thrown.
  std::future<DecoderLayer> begin(std::size_t index) const {
    return std::async(std::launch::async, [this, index] {
      const c10::InferenceMode no_gradients;
      stay_on_one_thread();  // the cores are computing with the layer before
      return DecoderLayer(spec_, spec_.layers[index], read_(index), paths_);
    });
  }

  const DecoderSpec& spec_;
  ReadLayer read_;
  DecoderPaths paths_;
};

}  // namespace

std::unique_ptr<Layers> layers_in_memory(const DecoderSpec& spec,
                                         std::vector<DecoderLayerWeights>& weights,
                                         const DecoderPaths& paths) {
  return std::make_unique<InMemory>(spec, weights, paths);
}

std::unique_ptr<Layers> layers_read_each_time(const DecoderSpec& spec, ReadLayer read,
                                              const DecoderPaths& paths) {
  return std::make_unique<ReadEachTime>(spec, std::move(read), paths);
}

}  // namespace souvenir
