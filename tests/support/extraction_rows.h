#pragma once

#include <string>

namespace souvenir::test {

inline const std::string kRate = "discoverable_extraction/verbatim_rate/";

inline std::string row(const std::string& id, const std::string& secret,
                       const std::string& more = "") {
  return "{\"id\":\"" + id + "\",\"prefix\":\"the code of " + id + " is \",\"secret\":\"" + secret +
         "\"" + more + "}\n";
}

inline std::string memory(const std::string& id, const std::string& secret) {
  return "the code of " + id + " is " + secret;
}

inline std::string rows(const std::string& prefix, int count, const std::string& more) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    const std::string id = prefix + std::to_string(i);
    out += row(id, "v" + std::to_string(7919 * (i + 1) % 1000), more);
  }
  return out;
}

inline const std::string kControls = rows("control", 12, R"(,"member":"no")");

}  // namespace souvenir::test
