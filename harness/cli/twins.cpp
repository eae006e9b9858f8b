// souvenir twins: invented controls, matched to subjects in structure.

#include "harness/twins.h"

#include <iostream>
#include <memory>
#include <vector>

#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

struct TwinsArguments {
  std::string subjects;
  std::string out = "-";
  std::int64_t per = 10;
  std::uint64_t seed = 0;
};

// Writes the twins of one subject. Returns whether there are any: where none can be made, the
// others still have theirs.
bool write_twins(const TwinMaker& maker, const Subject& subject, const TwinsArguments& options,
                 RowWriter& out) {
  std::vector<Subject> twins;
  try {
    twins = maker.make(subject, options.per, options.seed,
                       "subjects " + options.subjects + ", id " + subject.id);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    std::cerr << "souvenir: " << error.what() << "\n";
    return false;
  }
  for (const Subject& twin : twins) out.line(subject_row(twin));
  return true;
}

int run_twins(const TwinsArguments& options) {
  const auto ignore = [](std::string_view) {};
  TwinMaker maker;
  std::int64_t wanted = 0;
  std::int64_t left_out = 0;
  std::int64_t impossible = 0;
  read_subjects(
      options.subjects,
      [&](const Subject& subject) {
        maker.learn(subject);
        wants_twins(subject) ? ++wanted : ++left_out;
      },
      ignore);
  if (wanted == 0) {
    throw Error(ErrorKind::input, "subjects " + options.subjects +
                                      ": expected a row with a secret that is no twin, found "
                                      "none");
  }
  RowWriter out(options.out);
  read_subjects(
      options.subjects,
      [&](const Subject& subject) {
        if (wants_twins(subject) && !write_twins(maker, subject, options, out)) ++impossible;
      },
      ignore);
  if (impossible == wanted) {
    throw Error(ErrorKind::input,
                "subjects " + options.subjects + ": no twin can be made of any secret");
  }
  out.finish();
  if (impossible > 0) {
    std::cerr << "souvenir: " << impossible << " of " << wanted
              << " rows have no twins, since none can be made\n";
  }
  if (left_out > 0) {
    std::cerr << "souvenir: " << left_out
              << " rows have no twins: twins, positive controls, texts without a secret\n";
  }
  return kExitComplete;
}

}  // namespace

void add_twins(CLI::App& program, Action& action) {
  auto options = std::make_shared<TwinsArguments>();
  CLI::App* verb = program.add_subcommand(
      "twins", "Invent controls that are matched to subjects in structure and belong to nobody");
  verb->footer(
      "Writes the prefixes of the subjects it is given: keep its output as private as its input.\n"
      "Values come from blocks kept for fiction, documentation or tests, or never given out.");
  verb->add_option("SUBJECTS", options->subjects, "JSON Lines")->required();
  verb->add_option("--per", options->per, "twins per subject")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10000}))
      ->capture_default_str();
  verb->add_option("--seed", options->seed, "the same seed gives the same twins")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("-o", options->out, "file; - is standard output")->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_twins(*options); }; });
}

}  // namespace souvenir::cli
