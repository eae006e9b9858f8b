// Payment cards: digits in groups of any size.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kCardRecogniser = {
    .kind = "card",
    .candidates = R"re([0-9](?:(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]){11,18})re",
    .text = "Paid by card 4242 4242 4242 4242, order 17.",
    .value = "4242424242424242"};

}  // namespace souvenir
