// The French VAT number.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kVatRecogniser = {
    .kind = "vat",
    .candidates =
        R"re([Ff][Rr](?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{2}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3})re",
    .text = "VAT number FR 87 000 012 344 applies.",
    .value = "FR87000012344"};

}  // namespace souvenir
