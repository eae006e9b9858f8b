#include "harness/backend/free_memory.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "harness/backend/control_groups.h"

namespace souvenir {
namespace {

namespace fs = std::filesystem;

// A file of lines "name number" or "name: number kB".
std::map<std::string, std::int64_t> read_table(const fs::path& path) {
  std::map<std::string, std::int64_t> table;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream stream(line);
    std::string name;
    std::int64_t number = 0;
    if (stream >> name >> number) table[name] = number;
  }
  return table;
}

std::optional<std::int64_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;  // not there, or "max"
}

// What one group's folder leaves, in version 2 or 1.
std::optional<std::int64_t> free_in(const fs::path& folder) {
  const bool v2 = fs::exists(folder / "memory.max");
  const auto limit = read_number(folder / (v2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = read_number(folder / (v2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !used) return std::nullopt;
  auto table = read_table(folder / "memory.stat");
  return std::max<std::int64_t>(*limit - *used + table[v2 ? "file" : "total_cache"], 0);
}

}  // namespace

MemoryState read_memory(const fs::path& root) {
  auto machine = read_table(root / "proc/meminfo");
  auto process = read_table(root / "proc/self/status");
  MemoryState state{.total = machine["MemTotal:"] << 10,
                    .available = machine["MemAvailable:"] << 10,
                    .free = machine["MemAvailable:"] << 10,
                    .resident = process["VmRSS:"] << 10};
  for (const fs::path& folder : control_groups(root, "memory"))
    if (const auto left = free_in(folder)) state.free = std::min(state.free, *left);
  return state;
}

}  // namespace souvenir
