#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/sqlite.h"

namespace souvenir {

// What the model wrote says of a string that is known by its HMAC alone. Kept with the journal, so
// that a rights request needs no key.
//
//   texts       texts that were read: those whose prompt does not hold the value
//   given_away  texts whose prompt does
//   found       in one of `texts` the first value of the kind is the one that is known
struct Detection {
  std::string subject;
  std::int64_t texts = 0;
  std::int64_t given_away = 0;
  bool found = false;
};

// Replaces what an earlier judgement kept.
void keep_detections(Database& database, const std::vector<Detection>& detections);

// Returns  nothing where the subject was not looked for
std::optional<Detection> kept_detection(Database& database, const std::string& subject);

}  // namespace souvenir
