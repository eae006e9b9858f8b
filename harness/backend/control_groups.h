#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace souvenir {

// Returns the folders of this process's control groups that have a controller, and of their
// parents, the innermost first: version 1 or 2. Some may not be there.
//
//   root  where proc and sys/fs/cgroup are; "/" outside tests
std::vector<std::filesystem::path> control_groups(const std::filesystem::path& root,
                                                  const std::string& controller);

}  // namespace souvenir
