#include <algorithm>
#include <exception>
#include <iostream>
#include <new>

#include "harness/cli/exit_code.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/verb.h"
#include "harness/cli/version.h"
#include "harness/config.h"
#include "harness/error.h"
#include "reports/text.h"

namespace {

using namespace souvenir;

// CLI11 would only say that a subcommand is required.
void refuse_unknown_verb(const CLI::App& program, int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  std::vector<std::string> names;
  for (const CLI::App* known : program.get_subcommands({})) {
    names.push_back(known->get_name());
  }
  if (!verb.empty() && verb[0] != '-' &&
      std::find(names.begin(), names.end(), verb) == names.end()) {
    throw Error(ErrorKind::usage, "no such verb: \"" + verb + "\"; the nearest is \"" +
                                      nearest(verb, names) + "\" (see souvenir --help)");
  }
}

int run_main(int argc, char** argv) {
  CLI::App program{"Measures what a trained language model remembers, and writes it down."};
  program.name("souvenir");
  program.set_version_flag("--version", cli::version_line());
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  program.footer(cli::exit_code_help());
  cli::Action action;
  for (const cli::AddVerb add : cli::verbs()) {
    add(program, action);
  }
  refuse_unknown_verb(program, argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return program.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "souvenir: " << visible(error.what(), "\n") << "\n";
    return cli::kExitUsage;
  }
  return action();
}

// A message may quote a name out of a file that somebody else wrote.
int report(const char* message, int code) {
  std::cerr << "souvenir: " << visible(message, "\n") << "\n";
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    cli::install_interrupt_handlers();
    return run_main(argc, argv);
  } catch (const Error& error) {
    return report(error.what(), cli::exit_code(error.kind()));
  } catch (const std::bad_alloc&) {
    return report("out of memory", cli::kExitFailure);
  } catch (const std::exception& error) {
    return report((std::string("internal error: ") + error.what()).c_str(), cli::kExitFailure);
  }
}
