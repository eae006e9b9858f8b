// souvenir list: what this build knows.

#include <memory>

#include "harness/canary_template.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/evidence/criteria.h"
#include "harness/suite.h"
#include "probes/registry.h"
#include "reports/report.h"
#ifdef SOUVENIR_BACKEND
#include "harness/backend/load.h"
#include "harness/backend/tokenizer/load.h"
#endif

namespace souvenir::cli {

namespace {

void list_probes(RowWriter& out) {
  for (const auto& probe : probes()) {
    const ProbeInfo& info = probe->info();
    out.line(info.name + " " + info.version + ": " + info.goal);
    out.line("  source: " + info.source);
  }
}

void list_architectures(RowWriter& out) {
#ifdef SOUVENIR_BACKEND
  for (const std::string& name : supported_architectures()) {
    out.line(name);
  }
#else
  out.line("none: this build has no backend");
#endif
}

void list_criteria(RowWriter& out) {
  for (const Criterion& criterion : criteria_catalogue().criteria) {
    out.line(criterion.id + "  " + criterion.title.en + " / " + criterion.title.fr);
  }
}

void list_formats(RowWriter& out) {
  for (const ReportFormat& format : report_formats()) {
    out.line(std::string(format.name) + ": " + std::string(format.description));
  }
}

#ifdef SOUVENIR_BACKEND
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}
#endif

// What a model may be stored in.
void list_checkpoints(RowWriter& out) {
#ifdef SOUVENIR_BACKEND
  out.line("safetensors: Hugging Face directory, one file or several with an index; tensors in " +
           supported_safetensors_types());
  out.line("pytorch_model.bin: the same, of tensors alone, in " + supported_safetensors_types());
  out.line("gguf: GGUF file, version 2 or 3, with its tokenizer; tensors in " +
           supported_gguf_types() + "; architectures " + joined(supported_gguf_architectures()));
#else
  out.line("none: this build has no backend");
#endif
}

// Kinds, not models: whose tokens are the reference library's.
void list_tokenizers(RowWriter& out) {
#ifdef SOUVENIR_BACKEND
  for (const std::string& kind : supported_tokenizers()) {
    out.line(kind);
  }
#else
  out.line("none: this build has no backend");
#endif
}

void list_suites(RowWriter& out) {
  for (const std::string& name : builtin_suites()) {
    out.line(name);
  }
}

void list_templates(RowWriter& out) {
  for (const CanaryTemplate& row : builtin_canary_templates()) {
    out.line(row.id + ": " + row.prefix + row.secret + row.suffix);
  }
}

struct Listing {
  const char* name;
  void (*write)(RowWriter&);
};
constexpr Listing kListings[] = {
    {"probes", list_probes},           {"architectures", list_architectures},
    {"criteria", list_criteria},       {"formats", list_formats},
    {"checkpoints", list_checkpoints}, {"tokenizers", list_tokenizers},
    {"suites", list_suites},           {"templates", list_templates}};

int run_list(const std::string& what) {
  RowWriter out("-");
  for (const Listing& listing : kListings) {
    if (what == listing.name) {
      listing.write(out);
    }
  }
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_list(CLI::App& program, Action& action) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = program.add_subcommand("list", "List what this build knows");
  std::vector<std::string> names;
  for (const Listing& listing : kListings) {
    names.emplace_back(listing.name);
  }
  verb->add_option("WHAT", *what,
                   "probes, architectures, criteria, formats, checkpoints, tokenizers, suites or "
                   "templates")
      ->required()
      ->check(CLI::IsMember(names));
  verb->callback([what, &action] { action = [what] { return run_list(*what); }; });
}

}  // namespace souvenir::cli
