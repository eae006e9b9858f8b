// SIRET: fourteen digits.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kSiretRecogniser = {
    .kind = "siret",
    .candidates =
        R"re([0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{5})re",
    .text = "Establishment 000 012 344 00040 of Valbrume.",
    .value = "00001234400040"};

}  // namespace souvenir
