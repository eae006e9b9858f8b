// IBAN: a country, two check digits, and as much as can belong to it.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kIbanRecogniser = {
    .kind = "iban",
    .candidates =
        R"re([A-Za-z]{2}[0-9]{2}(?:(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[A-Za-z0-9]){11,30})re",
    .text = "Transfer to FR76 3000 6000 0112 3456 7890 189 by Friday.",
    .value = "FR7630006000011234567890189"};

}  // namespace souvenir
