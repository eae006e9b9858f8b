// Dates, in digits and in words.

#include "probes/recognisers/recogniser.h"

namespace souvenir {

namespace {

constexpr std::string_view kDates =
    R"re([0-9]{4}[\-/.][0-9]{1,2}[\-/.][0-9]{1,2}|[0-9]{1,2}[\-/. ][0-9]{1,2}[\-/. ][0-9]{4}|[0-9]{1,2}(?:er|st|nd|rd|th)? (?:of |de )?\pL{3,9}\.?,? (?:de )?[0-9]{4}|\pL{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})re";

}  // namespace

const Recogniser kDateRecogniser = {.kind = "date",
                                    .candidates = kDates,
                                    .text = "Seen on 17 mars 1985 in Valbrume.",
                                    .value = "1985-03-17"};

const Recogniser kDateOfBirthRecogniser = {.kind = "date_of_birth",
                                           .candidates = kDates,
                                           .text = "Born 17/03/1985 in Valbrume.",
                                           .value = "1985-03-17"};

}  // namespace souvenir
