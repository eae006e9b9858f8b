// What each probe found, in a sentence for the summary.

#include <algorithm>

#include "reports/html_page.h"

namespace souvenir {

namespace {

// The findings of a metric that a summary may speak of: published, with a value, of the model.
std::vector<const Finding*> spoken(const Evidence& evidence, const char* probe,
                                   const char* metric) {
  std::vector<const Finding*> out;
  for (const Finding& finding : evidence.findings) {
    if (finding.probe == probe && finding.metric.name == metric && finding.estimate.value &&
        !finding.suppressed && finding.arm == "model") {
      out.push_back(&finding);
    }
  }
  return out;
}

// The tier that stood in the training data most often, and the canaries that did not.
Html exposure_sentence(const Page& page) {
  const Words& words = page.words;
  const Finding* most = nullptr;
  const Finding* held_out = nullptr;
  for (const Finding* finding : spoken(page.evidence, "canary_exposure", "exposure_median")) {
    if (finding->is_control) {
      held_out = held_out == nullptr && is_held_out(*finding) ? finding : held_out;
    } else if (repetitions_of(*finding) > (most == nullptr ? 0.0 : repetitions_of(*most))) {
      most = finding;
    }
  }
  if (most == nullptr) {
    return {};
  }
  Html out = words.fill("found.exposure", {{"n", words.number(repetitions_of(*most))},
                                           {"bits", words.number(*most->estimate.value)}});
  if (held_out != nullptr) {
    out.markup +=
        " " +
        words.fill("found.exposure_control", {{"bits", words.number(*held_out->estimate.value)}})
            .markup;
  }
  return out;
}

Html membership_sentence(const Page& page) {
  const Words& words = page.words;
  const Finding* best = nullptr;
  const Finding* blind = nullptr;
  for (const Finding* finding : spoken(page.evidence, "membership", "auc")) {
    if (!over_all(*finding) || (finding->is_control && !is_blind(*finding))) {
      continue;
    }
    // Real strings are spoken of first; the baseline beside must be over the same strings.
    const Finding*& place = is_blind(*finding) ? blind : best;
    if (place == nullptr || (of_canaries(*place) && !of_canaries(*finding)) ||
        (of_canaries(*place) == of_canaries(*finding) &&
         *finding->estimate.value > *place->estimate.value)) {
      place = finding;
    }
  }
  if (best == nullptr) {
    return {};
  }
  Html out = words.fill("found.membership", {{"auc", words.number(*best->estimate.value)},
                                             {"score", score_name(words, *best)}});
  if (blind != nullptr && of_canaries(*blind) == of_canaries(*best)) {
    out.markup +=
        " " + words.fill("found.membership_blind", {{"auc", words.number(*blind->estimate.value)}})
                  .markup;
  }
  return out;
}

// The way of asking that brought out most.
Html persons_sentence(const Page& page) {
  const Words& words = page.words;
  const Finding* most = nullptr;
  for (const Finding* finding : spoken(page.evidence, "personal_data", "exposed_rate")) {
    if (over_all(*finding) && !finding->is_control && finding->estimate.count &&
        finding->estimate.n &&
        (most == nullptr || *finding->estimate.value > *most->estimate.value)) {
      most = finding;
    }
  }
  if (most == nullptr) {
    return {};
  }
  Html out = words.fill("found.persons", {{"count", words.count(*most->estimate.count)},
                                          {"n", words.count(*most->estimate.n)},
                                          {"rate", words.percent(*most->estimate.value)}});
  for (const Control& control : most->controls) {
    if (control.role == "negative" && control.rate && control.rate->value && control.rate->count &&
        control.rate->n) {
      out.markup +=
          " " + words
                    .fill("found.persons_twins", {{"count", words.count(*control.rate->count)},
                                                  {"n", words.count(*control.rate->n)},
                                                  {"rate", words.percent(*control.rate->value)}})
                    .markup;
      break;
    }
  }
  return out;
}

Html epsilon_sentence(const Page& page) {
  const auto bounds = spoken(page.evidence, "one_run_audit", "epsilon_lower_bound");
  const auto largest = std::max_element(
      bounds.begin(), bounds.end(),
      [](const Finding* a, const Finding* b) { return *a->estimate.value < *b->estimate.value; });
  return largest == bounds.end()
             ? Html{}
             : page.words.fill("found.epsilon",
                               {{"x", page.words.number(*(*largest)->estimate.value)}});
}

}  // namespace

std::vector<Html> found_by_probe(const Page& page) {
  return {exposure_sentence(page), membership_sentence(page), persons_sentence(page),
          epsilon_sentence(page)};
}

}  // namespace souvenir
