#pragma once

#include <stdexcept>
#include <string>

namespace souvenir {

// Says whose problem an error is; each kind has one exit code (README.md, "Exit codes").
enum class ErrorKind {
  internal,   // exit 1: a broken invariant of ours
  resource,   // exit 1: memory, disk, device
  usage,      // exit 2: a flag or verb that does not exist or does not fit
  input,      // exit 2: a checkpoint, suite, subjects file or policy that is wrong
  integrity,  // exit 5: a digest mismatch, damaged journal or evidence, a leak found
};

// Stops the run. The message names the thing, the expected and the found, and never quotes
// subject text. Foreign exceptions are translated into this one at the folder that owns the
// dependency.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace souvenir
