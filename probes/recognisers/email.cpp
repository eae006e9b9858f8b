// E-mail addresses.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

const Recogniser kEmailRecogniser = {
    .kind = "email",
    .candidates =
        R"re([A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}@[A-Za-z0-9\x{80}-\x{10FFFF}\-]{1,63}(?:\.[A-Za-z0-9\x{80}-\x{10FFFF}\-]{1,63}){1,8})re",
    .text = "Write to zinc.harbor42@example.org today.",
    .value = "zinc.harbor42@example.org"};

}  // namespace souvenir
