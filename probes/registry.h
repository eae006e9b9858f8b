#pragma once

#include <memory>
#include <vector>

#include "harness/probe.h"

namespace souvenir {

// Returns every probe, in the order of the table in registry.cpp.
const std::vector<std::unique_ptr<Probe>>& probes();

// Returns the probe called `name`.
//
// Errors  input: none is; names those there are
const Probe& find_probe(const std::string& name);

// One factory per probe file.
std::unique_ptr<Probe> make_canary_exposure();
std::unique_ptr<Probe> make_discoverable_extraction();
std::unique_ptr<Probe> make_membership();
std::unique_ptr<Probe> make_one_run_audit();
std::unique_ptr<Probe> make_personal_data();
std::unique_ptr<Probe> make_token_recall();

}  // namespace souvenir
