#include "harness/backend/stored_dtype.h"

#include <algorithm>
#include <array>

#include "harness/backend/dequantise.h"

namespace souvenir {

namespace {

constexpr std::array<StoredDtype, 15> kDtypes = {{
    {"F32", 1, 4, nullptr},
    {"BF16", 1, 2, nullptr},
    {"F16", 1, 2, nullptr},
    {"Q8_0", 32, 34, dequantise_q8_0},
    {"Q4_0", 32, 18, dequantise_q4_0},
    {"Q4_1", 32, 20, dequantise_q4_1},
    {"Q5_0", 32, 22, dequantise_q5_0},
    {"Q5_1", 32, 24, dequantise_q5_1},
    {"Q2_K", 256, 84, dequantise_q2_k},
    {"Q3_K", 256, 110, dequantise_q3_k},
    {"Q4_K", 256, 144, dequantise_q4_k},
    {"Q5_K", 256, 176, dequantise_q5_k},
    {"Q6_K", 256, 210, dequantise_q6_k},
    {"IQ4_NL", 32, 18, dequantise_iq4_nl},
    {"IQ4_XS", 256, 136, dequantise_iq4_xs},
}};

}  // namespace

const StoredDtype* find_stored_dtype(std::string_view name) {
  const auto* at = std::find_if(kDtypes.begin(), kDtypes.end(),
                                [&](const StoredDtype& each) { return each.name == name; });
  return at == kDtypes.end() ? nullptr : at;
}

std::string stored_dtype_names(bool quantised) {
  std::string names;
  for (const StoredDtype& each : kDtypes) {
    if (quantised || each.decode == nullptr) {
      names += (names.empty() ? "" : ", ") + std::string(each.name);
    }
  }
  return names;
}

}  // namespace souvenir
