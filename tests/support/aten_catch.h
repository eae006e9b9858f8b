#pragma once

// libtorch's logging defines CHECK, and so does Catch: the last one wins. Tests that see a header
// of the backend which includes libtorch include this instead of Catch, after it.

// clang-format off
#include "harness/backend/aten.h"
#include <catch2/catch.hpp>
// clang-format on
