#include "harness/backend/control_groups.h"

#include <fstream>
#include <optional>
#include <sstream>

namespace souvenir {
namespace {

struct Group {
  std::filesystem::path folder;
  std::filesystem::path base;  // the outermost
};

// Where a line of proc/self/cgroup points: "0::/a" is version 2, "4:cpu,cpuacct:/a" version 1.
std::optional<Group> group_of(const std::string& line, const std::filesystem::path& mount,
                              const std::string& wanted) {
  const std::size_t first = line.find(':'), second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  Group group{.folder = {}, .base = mount};
  if (!controllers.empty()) {
    std::istringstream list(controllers);
    std::string controller;
    bool has = false;
    while (std::getline(list, controller, ',')) has = has || controller == wanted;
    if (!has) return std::nullopt;
    group.base =
        std::filesystem::exists(mount / controllers) ? mount / controllers : mount / wanted;
  }
  group.folder = group.base / std::filesystem::path(line.substr(second + 1)).relative_path();
  return group;
}

}  // namespace

std::vector<std::filesystem::path> control_groups(const std::filesystem::path& root,
                                                  const std::string& controller) {
  const std::filesystem::path mount = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  std::vector<std::filesystem::path> folders;
  for (std::string line; std::getline(groups, line);) {
    const auto group = group_of(line, mount, controller);
    if (!group) continue;
    // Inside a container the path may be one of the host's, which is not there: the mount is.
    for (std::filesystem::path at = group->folder;; at = at.parent_path()) {
      folders.push_back(at);
      if (at == group->base || at == at.parent_path()) break;
    }
  }
  return folders;
}

}  // namespace souvenir
