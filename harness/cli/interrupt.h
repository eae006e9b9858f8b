#pragma once

namespace souvenir::cli {

// Makes SIGINT and SIGTERM ask for a stop: the batch at work is finished and committed. A second
// signal ends the process at once. A broken pipe becomes a write error.
void install_interrupt_handlers();

// Returns 0, or 128 plus the signal that asked for a stop: the exit code.
int interrupted();

}  // namespace souvenir::cli
