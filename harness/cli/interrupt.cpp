#include "harness/cli/interrupt.h"

#include <csignal>
#include <cstdlib>

namespace souvenir::cli {

namespace {

volatile std::sig_atomic_t g_signal = 0;

extern "C" void remember_signal(int signal) {
  if (g_signal != 0) {
    std::_Exit(128 + signal);
  }
  g_signal = signal;
}

}  // namespace

void install_interrupt_handlers() {
  std::signal(SIGINT, remember_signal);
  std::signal(SIGTERM, remember_signal);
  std::signal(SIGPIPE, SIG_IGN);
}

int interrupted() { return g_signal == 0 ? 0 : 128 + static_cast<int>(g_signal); }

}  // namespace souvenir::cli
