#pragma once

#include <string>

namespace souvenir::cli {

// Returns the time in UTC: 2026-01-31T23:59:59Z.
std::string utc_now();

// Returns the date in UTC: 2026-01-31.
std::string utc_today();

// Returns the processor's name as the system gives it; empty if it gives none.
std::string host_cpu();

}  // namespace souvenir::cli
