#pragma once

#include <memory>

#include "harness/backend/decoder.h"
#include "harness/backend/layers.h"
#include "harness/backend/paths.h"
#include "harness/language_model.h"

namespace souvenir {

// Makes the language model that runs a decoder. Takes the weights over; they must be on one device
// and in one compute dtype (norm weights float32), shaped as decoder.h says. Computes with
// info.threads threads (0: libtorch's default).
//
//   read  where the layers come from at every pass; nothing: they are in `weights`
//
// Errors  internal: a shape that contradicts the spec
std::unique_ptr<LanguageModel> make_decoder_model(DecoderSpec spec, DecoderWeights weights,
                                                  ModelInfo info, const DecoderPaths& paths = {},
                                                  ReadLayer read = {});

}  // namespace souvenir
