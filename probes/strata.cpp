#include "probes/strata.h"

#include <tuple>

namespace souvenir {

Population population_of(const JudgedString& string) {
  if (string.positive_control) {
    return Population::positive_control;
  }
  return string.member == Member::no ? Population::negative_control : Population::measured;
}

std::vector<Stratum> strata_of(const JudgedString& string) {
  std::vector<Stratum> strata = {{}, {"kind", string.kind}};
  strata.push_back({"member", std::string(member_name(string.member))});
  if (string.repetitions) {
    strata.push_back({"repetitions", *string.repetitions});
  }
  for (const auto& [key, value] : string.strata) {
    strata.push_back({key, value});
  }
  return strata;
}

bool StratumOrder::operator()(const Stratum& a, const Stratum& b) const {
  return std::tie(a.key, a.value) < std::tie(b.key, b.value);
}

}  // namespace souvenir
