#pragma once

#include <memory>

#include "harness/backend/decoder.h"
#include "harness/language_model.h"

namespace souvenir {

// Makes the language model that runs a decoder. Takes the weights over; they must be on one device
// and in one compute dtype (norm weights float32), shaped as decoder.h says.
//
// Errors  internal: a shape that contradicts the spec
std::unique_ptr<LanguageModel> make_decoder_model(DecoderSpec spec, DecoderWeights weights,
                                                  ModelInfo info);

}  // namespace souvenir
