#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/subjects.h"

namespace souvenir {

// Invents controls that are matched to subjects in structure: the same prefix, kind and format,
// valid check digits, and nobody's. Not thread-safe.
class TwinMaker {
 public:
  // Learns a real value, which no twin may equal. Call for every subject before the first `make`.
  void learn(const Subject& subject);

  // Returns `per` twins of one subject, no two alike.
  //
  // Random  streams "twin" of the seed, one per subject and twin
  // Errors  input: no block is known that values of that kind could be taken from, or it is too
  //         narrow; names the row, never the value
  std::vector<Subject> make(const Subject& subject, std::int64_t per, std::uint64_t seed,
                            const std::string& where) const;

 private:
  std::set<std::string> real_;
};

// Returns whether twins are made of it: not of twins, positive controls and whole texts. A control
// that nobody invented has twins too, since its rank among them says what chance does.
bool wants_twins(const Subject& subject);

// Returns a row of a subjects file. Sensitive.
std::string subject_row(const Subject& subject);

}  // namespace souvenir
