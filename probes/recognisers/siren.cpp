// SIREN: nine digits.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kSirenRecogniser = {
    .kind = "siren",
    .candidates =
        R"re([0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3})re",
    .text = "Company 000 012 344 of Valbrume.",
    .value = "000012344"};

}  // namespace souvenir
