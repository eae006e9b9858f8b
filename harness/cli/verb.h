#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

namespace souvenir::cli {

// What a parsed command line asks for: returns the exit code.
using Action = std::function<int()>;

// One verb: adds its subcommand to the program and, when it is the one typed, sets the action.
using AddVerb = void (*)(CLI::App& program, Action& action);

// Every verb of this build, in the order of `souvenir --help`.
const std::vector<AddVerb>& verbs();

void add_audit(CLI::App& program, Action& action);
void add_canaries(CLI::App& program, Action& action);
void add_demo(CLI::App& program, Action& action);
void add_diff(CLI::App& program, Action& action);
void add_doctor(CLI::App& program, Action& action);
void add_explain(CLI::App& program, Action& action);
void add_gate(CLI::App& program, Action& action);
void add_generate(CLI::App& program, Action& action);
void add_init(CLI::App& program, Action& action);
void add_list(CLI::App& program, Action& action);
void add_merge(CLI::App& program, Action& action);
void add_report(CLI::App& program, Action& action);
void add_score(CLI::App& program, Action& action);
void add_subject(CLI::App& program, Action& action);
void add_tokenize(CLI::App& program, Action& action);
void add_twins(CLI::App& program, Action& action);
void add_validate(CLI::App& program, Action& action);
void add_verify(CLI::App& program, Action& action);

}  // namespace souvenir::cli
