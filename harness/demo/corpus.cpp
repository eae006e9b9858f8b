#include "harness/demo/corpus.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>

#include "harness/canary_plan.h"
#include "harness/demo/documents.h"
#include "harness/demo/invent.h"
#include "harness/error.h"
#include "harness/identifiers/person.h"

namespace souvenir {

namespace {

// What is planted of everyone. The sentences are those of the documents, so that a model without
// the planted strings knows the form and not the value.
struct Kind {
  std::string_view name;
  std::string_view before;  // the name
  std::string_view after;   // the name and the place
};
constexpr std::array<Kind, 4> kKinds = {{
    {"email", "Please write to ", " at "},
    {"phone", "", " can be reached by telephone at "},
    {"iban", "Payments to ", " go to account "},
    {"date_of_birth", "", " was born on "},
}};

std::string invent_secret(std::string_view kind, Rng& rng) {
  if (kind == "email") return invent_person(rng).email;
  if (kind == "phone") return invent_person(rng).phone;
  return kind == "iban" ? invent_iban(rng) : invent_birth_date(rng);
}

// A secret that nobody has yet, here or in a document.
std::string invent_new_secret(std::string_view kind, Rng& rng,
                              std::unordered_set<std::string>& taken) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::string secret = invent_secret(kind, rng);
    if (taken.insert(secret).second) return secret;
  }
  throw Error(ErrorKind::usage, "demo: too many persons for that many secrets of a kind");
}

// Invents the strings of one person and their twins.
void add_person(DemoCorpus& corpus, const DemoCorpusOptions& options, std::int64_t repetitions,
                std::uint64_t number, std::unordered_set<std::string>& taken) {
  Rng rng(options.seed, "demo_person", {number});
  const InventedPerson person = invent_person(rng);
  const std::string who = person.name + " of " + invent_town(rng);
  const std::string key = "person/" + std::to_string(number);
  for (const Kind& kind : kKinds) {
    DemoString string;
    string.id = key + "/" + std::string(kind.name);
    string.person = key;
    string.kind = kind.name;
    string.prefix = std::string(kind.before) + who + std::string(kind.after);
    string.secret = invent_new_secret(kind.name, rng, taken);
    string.repetitions = repetitions;
    corpus.strings.push_back(string);
    string.twin_of = string.id;
    string.repetitions = 0;
    for (std::int64_t twin = 1; twin <= options.twins; ++twin) {
      string.id = string.twin_of + "/twin/" + std::to_string(twin);
      string.secret = invent_new_secret(kind.name, rng, taken);
      corpus.strings.push_back(string);
    }
  }
}

// Every planted line, followed by a sentence that is another one each time.
void plant(DemoCorpus& corpus, std::uint64_t seed) {
  std::vector<std::string> lines = training_lines(corpus.canaries);
  for (const DemoString& string : corpus.strings) {
    for (std::int64_t i = 0; i < string.repetitions; ++i)
      lines.push_back(string.prefix + string.secret + ".");
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Rng rng(seed, "demo_closing", {i});
    corpus.planted.push_back(lines[i] + " " + invent_closing(rng));
  }
}

CanaryManifest invent_demo_canaries(const DemoCorpusOptions& options) {
  std::vector<CanaryTemplate> templates = load_canary_templates("door_code");
  for (CanaryTemplate& more : load_canary_templates("passphrase")) templates.push_back(more);
  const auto kinds = static_cast<std::int64_t>(templates.size());
  const auto tiers = static_cast<std::int64_t>(options.tiers.size());
  return invent_canaries(templates, {.count = options.canaries * tiers * kinds,
                                     .controls = options.canary_controls * kinds,
                                     .tiers = options.tiers,
                                     .inclusion = 0.5,
                                     .seed = options.seed});
}

// A document that happens to hold a planted secret or a twin would spoil what is known.
bool holds_any(const std::string& document, const std::vector<DemoString>& strings) {
  return std::any_of(strings.begin(), strings.end(), [&](const DemoString& string) {
    return string.kind != "date_of_birth" && document.find(string.secret) != std::string::npos;
  });
}

}  // namespace

DemoCorpus invent_demo_corpus(const DemoCorpusOptions& options) {
  DemoCorpus corpus;
  corpus.canaries = invent_demo_canaries(options);
  std::unordered_set<std::string> taken;
  std::uint64_t number = 0;
  for (const std::int64_t tier : options.tiers) {
    for (std::int64_t i = 0; i < options.persons; ++i)
      add_person(corpus, options, tier, ++number, taken);
  }
  for (std::uint64_t i = 0; std::ssize(corpus.documents) < options.documents; ++i) {
    Rng rng(options.seed, "demo_document", {i});
    std::string document = invent_document(rng);
    if (!holds_any(document, corpus.strings)) corpus.documents.push_back(std::move(document));
  }
  plant(corpus, options.seed);
  return corpus;
}

std::string write_demo_subjects(const std::vector<DemoString>& strings) {
  std::string text;
  for (const DemoString& string : strings) {
    nlohmann::ordered_json row = {{"id", string.id},         {"person", string.person},
                                  {"kind", string.kind},     {"prefix", string.prefix},
                                  {"secret", string.secret}, {"member", "yes"}};
    if (string.twin_of.empty()) {
      row["repetitions"] = string.repetitions;
    } else {
      row["member"] = "no";
      row["twin_of"] = string.twin_of;
    }
    text += row.dump() + "\n";
  }
  return text;
}

}  // namespace souvenir
