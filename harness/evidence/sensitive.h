#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace souvenir {

// Holds subject data (text, or bytes that decode to it) and gives it back only through reveal().
//
// A value; owns its bytes. Not convertible to a string, not streamable, not serialisable to JSON,
// so that subject data cannot reach a report by accident. `reveal()` may be called only in the
// files that tests/layering.cmake lists, each with its reason.
// Threads: const methods are safe from any thread.
class Sensitive {
 public:
  Sensitive() = default;
  explicit Sensitive(std::string bytes) : bytes_(std::move(bytes)) {}

  // Sensitive: returns subject data.
  std::string_view reveal() const noexcept { return bytes_; }

  bool empty() const noexcept { return bytes_.empty(); }
  std::size_t size_bytes() const noexcept { return bytes_.size(); }

  bool operator==(const Sensitive&) const = default;

 private:
  std::string bytes_;
};

}  // namespace souvenir
