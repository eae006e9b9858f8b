// NIR: thirteen characters in the groups people write, with or without the key.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kNirRecogniser = {
    .kind = "nir",
    .candidates =
        R"re([1-478](?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{2}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{2}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9][0-9AaBb](?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{3}(?:(?:[ .\-/]|\x{A0}|\x{202F}|\x{2009}|\x{2011})?[0-9]{2})?)re",
    .text = "Registered under 2 95 10 44 126 000 40 since May.",
    .value = "295104412600040"};

}  // namespace souvenir
