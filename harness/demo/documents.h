#pragma once

#include <string>

#include "metrics/rng.h"

namespace souvenir {

// Writes one document that is about nobody: a letter, a medical record, an invoice, a biography, a
// notice or minutes, of 4 to 9 sentences. People, places and identifiers in it are invented for it
// alone.
std::string invent_document(Rng& rng);

// Writes one sentence of a letter, to stand behind a planted one.
std::string invent_closing(Rng& rng);

}  // namespace souvenir
