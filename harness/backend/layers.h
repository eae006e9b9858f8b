#pragma once

#include <functional>
#include <memory>

#include "harness/backend/decoder_layer.h"

namespace souvenir {

// Reads the weights of one layer, again at every call. Called from a thread of its own, one call at
// a time.
using ReadLayer = std::function<DecoderLayerWeights(std::size_t index)>;

// Hands out a decoder's layers, in order: from memory, or from where they are stored.
//
// Threads: const methods are safe from any thread.
class Layers {
 public:
  virtual ~Layers() = default;

  using Use = std::function<bool(std::size_t index, const DecoderLayer& layer)>;

  // Calls `use` for every layer in order, until it returns false; the layer is there during the
  // call only.
  //
  // Returns  whether it came to the end
  virtual bool each(const Use& use) const = 0;
};

// Keeps all layers in memory.
//
//   spec  borrowed
std::unique_ptr<Layers> layers_in_memory(const DecoderSpec& spec,
                                         std::vector<DecoderLayerWeights>& weights,
                                         const DecoderPaths& paths);

// Keeps at most two: while one is used, the next is read and packed.
//
//   spec  borrowed
// Errors  of `each`: those of `read`
std::unique_ptr<Layers> layers_read_each_time(const DecoderSpec& spec, ReadLayer read,
                                              const DecoderPaths& paths);

}  // namespace souvenir
