#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "harness/error.h"

namespace souvenir::test {

// Returns what bad input is told, or a text that no refusal is.
inline std::string refusal_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    return error.what();
  }
  return "(not refused)";
}

}  // namespace souvenir::test
