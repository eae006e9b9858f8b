// IP addresses, both versions.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kIpRecogniser = {
    .kind = "ip",
    .candidates = R"re([0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})re",
    .text = "Signed in from 192.0.2.17 twice.",
    .value = "192.0.2.17"};

}  // namespace souvenir
