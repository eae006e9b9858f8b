#include "harness/cli/version.h"

namespace souvenir::cli {

std::string version() { return SOUVENIR_VERSION; }

std::string libtorch_version() { return SOUVENIR_LIBTORCH; }

std::string compiler_version() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

std::string version_line() {
  const std::string torch = libtorch_version();
  return "souvenir " + version() + (torch.empty() ? ", without a backend" : ", libtorch " + torch);
}

}  // namespace souvenir::cli
