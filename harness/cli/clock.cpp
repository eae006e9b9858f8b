#include "harness/cli/clock.h"

#include <ctime>
#include <fstream>

namespace souvenir::cli {

namespace {

std::string format_now(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

}  // namespace

std::string utc_now() { return format_now("%Y-%m-%dT%H:%M:%SZ"); }

std::string utc_today() { return format_now("%Y-%m-%d"); }

std::string host_cpu() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

}  // namespace souvenir::cli
