// Telephone numbers: a plus, two noughts or one, then digits in any grouping.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kPhoneRecogniser = {
    .kind = "phone",
    .candidates =
        R"re((?:\+|00|0|\()[0-9]?(?:(?:(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})|[()]){0,3}[0-9]){7,16})re",
    .text = "Call 06 39 98 12 34 after 18 hours.",
    .value = "+33639981234"};

}  // namespace souvenir
