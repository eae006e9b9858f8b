#include "probes/registry.h"

#include "harness/error.h"

namespace souvenir {

const std::vector<std::unique_ptr<Probe>>& probes() {
  static const std::vector<std::unique_ptr<Probe>> table = [] {
    std::vector<std::unique_ptr<Probe>> rows;
    rows.push_back(make_discoverable_extraction());
    rows.push_back(make_canary_exposure());
    rows.push_back(make_membership());
    rows.push_back(make_one_run_audit());
    rows.push_back(make_personal_data());
    rows.push_back(make_token_recall());
    return rows;
  }();
  return table;
}

const Probe& find_probe(const std::string& name) {
  std::string known;
  for (const auto& probe : probes()) {
    if (probe->info().name == name) {
      return *probe;
    }
    known += (known.empty() ? "" : ", ") + probe->info().name;
  }
  throw Error(ErrorKind::input, "suite: probe \"" + name + "\": not known; known are " + known);
}

}  // namespace souvenir
