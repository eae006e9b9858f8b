#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/canaries.h"

namespace souvenir {

// How much to invent.
//
//   documents        about nobody
//   tiers            how often the strings of a person stand in the corpus
//   persons          for each tier
//   twins            invented secrets for each planted one, held out
//   canaries         for each tier and template, each included by a fair coin
//   canary_controls  for each template, held out
struct DemoCorpusOptions {
  std::int64_t documents = 2500;
  std::vector<std::int64_t> tiers = {1, 4, 16, 64};
  std::int64_t persons = 8;
  std::int64_t twins = 5;
  std::int64_t canaries = 16;
  std::int64_t canary_controls = 24;
  std::uint64_t seed = 0;
};

// A string with what is known of it: the row of a subjects file. Plain text, since everyone in it
// is invented.
struct DemoString {
  std::string id;
  std::string person;
  std::string kind;
  std::string prefix;
  std::string secret;
  std::int64_t repetitions = 0;  // 0: a twin
  std::string twin_of;           // empty: planted
};

// A corpus whose truth is known.
//
//   documents  what both models are trained on
//   planted    what the first model is trained on besides, each as often as it says
//   strings    planted ones and their twins
struct DemoCorpus {
  std::vector<std::string> documents;
  std::vector<std::string> planted;
  std::vector<DemoString> strings;
  CanaryManifest canaries;
};

// Invents a corpus. No secret stands in `documents`, no twin anywhere.
//
// Random  streams "demo_document", "demo_person" and "demo_closing", and those of the canaries
// Errors  usage
DemoCorpus invent_demo_corpus(const DemoCorpusOptions& options);

// Returns the text of a subjects file.
std::string write_demo_subjects(const std::vector<DemoString>& strings);

}  // namespace souvenir
