// souvenir explain: what a criterion, probe, measure, outcome or finding means, in a few lines.

#include <memory>

#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/config.h"
#include "harness/error.h"
#include "harness/evidence/criteria.h"
#include "probes/registry.h"
#include "reports/text.h"

namespace souvenir::cli {

namespace {

struct ExplainArguments {
  std::string id;
  std::string language = "en";
};

struct Speaker {
  RowWriter& out;
  const Words& words;

  const std::string& of(const BilingualText& text) const {
    return words.language() == Language::en ? text.en : text.fr;
  }
  // Says the text of a code, if there is one.
  bool say(const std::string& code, const std::string& indent) const {
    if (!words.has(code)) {
      return false;
    }
    out.line(indent + words.plain(code));
    return true;
  }
};

bool explain_criterion(const Speaker& speaker, const std::string& id) {
  for (const Criterion& criterion : criteria_catalogue().criteria) {
    if (criterion.id != id) {
      continue;
    }
    speaker.out.line(criterion.id + ": " + speaker.of(criterion.title));
    speaker.out.line("  " + speaker.of(criterion.question));
    speaker.out.line("  " + speaker.words.plain("criteria.human") + ": " +
                     speaker.of(criterion.human));
    for (const CriterionSource& source : criterion.sources) {
      if (source.mark != "M") {  // what is not verified is not printed
        speaker.out.line("  " + speaker.of(source.cite) + " [" + source.mark + "], " +
                         speaker.words.plain("force." + source.force));
      }
    }
    for (const std::string& finding : criterion.findings) {
      speaker.out.line("  " + finding);
    }
    return true;
  }
  return false;
}

bool explain_probe(const Speaker& speaker, const std::string& id) {
  bool known = false;
  for (const auto& probe : probes()) {
    const ProbeInfo& info = probe->info();
    if (info.name == id) {
      known = true;
      speaker.out.line(info.name + " " + info.version + ": " + info.goal);
      speaker.out.line("  " + info.source);
    }
  }
  if (!known && speaker.words.has("probe." + id)) {
    speaker.out.line(id + ": " + speaker.words.plain("probe." + id));
    known = true;
  }
  return known && (speaker.say("probe." + id + ".means", "  "), true);
}

bool explain_word(const Speaker& speaker, const std::string& group, const std::string& id) {
  const std::string code = group + "." + id;
  if (!speaker.words.has(code)) {
    return false;
  }
  speaker.out.line(id + ": " + speaker.words.plain(code));
  speaker.say(code + ".means", "  ");
  return true;
}

// "probe/metric[name=value,...]/stratum": its parts, one after the other.
bool explain_finding(const Speaker& speaker, const std::string& id) {
  const std::size_t first = id.find('/');
  const std::size_t last = id.rfind('/');
  if (first == std::string::npos || first == last) {
    return false;
  }
  const std::string metric = id.substr(first + 1, last - first - 1);
  const std::size_t bracket = metric.find('[');
  const bool known = explain_probe(speaker, id.substr(0, first));
  return explain_word(speaker, "metric", metric.substr(0, bracket)) || known;
}

std::vector<std::string> known_ids() {
  std::vector<std::string> ids;
  for (const Criterion& criterion : criteria_catalogue().criteria) {
    ids.push_back(criterion.id);
  }
  for (const std::string& code : text_codes()) {
    for (const std::string group : {"probe.", "metric.", "outcome."}) {
      const std::string id = code.rfind(group, 0) == 0 ? code.substr(group.size()) : "";
      if (!id.empty() && id.find('.') == std::string::npos) {
        ids.push_back(id);
      }
    }
  }
  return ids;
}

int run_explain(const ExplainArguments& options) {
  const Words words(options.language == "fr" ? Language::fr : Language::en);
  RowWriter out("-");
  const Speaker speaker{out, words};
  const bool known = explain_criterion(speaker, options.id) || explain_probe(speaker, options.id) ||
                     explain_word(speaker, "metric", options.id) ||
                     explain_word(speaker, "outcome", options.id) ||
                     explain_finding(speaker, options.id);
  if (!known) {
    throw Error(ErrorKind::input,
                "explain: expected a criterion, probe, measure, outcome or finding; the nearest "
                "known name is \"" +
                    nearest(options.id, known_ids()) + "\"");
  }
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_explain(CLI::App& program, Action& action) {
  auto options = std::make_shared<ExplainArguments>();
  CLI::App* verb = program.add_subcommand(
      "explain", "Say what a criterion, probe, measure, outcome or finding means");
  verb->add_option("ID", options->id, "e.g. AN-01, verbatim_rate, inconclusive, or a finding's id")
      ->required();
  verb->add_option("--language", options->language, "en or fr")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
  verb->callback([options, &action] { action = [options] { return run_explain(*options); }; });
}

}  // namespace souvenir::cli
