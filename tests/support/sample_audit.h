#pragma once

#include <string>
#include <utility>

#include "tests/support/sample_evidence.h"

namespace souvenir::tests {

inline AuditContext sample_context() {
  AuditContext context;
  context.system = "Boulier, an assistant for accountants";
  context.version = "2026.11 " + kHostile;
  context.controller = "Exemple SAS";
  context.operator_name = "Internal audit, not the team that trained the model";
  context.dpo = "consulted on 2026-11-20";
  context.release_context = "open_weights";
  context.release_note = "weights on a public hub, under a licence that forbids re-identification";
  context.intended_use = "Drafting of letters and entries. " + kHostile;
  context.purpose = "commercial; external; a model for French accounting";
  context.training_data = "Public web pages, and letters of customers, pseudonymised";
  context.legal_basis = "Legitimate interest, as the controller argues in its own assessment";
  context.mitigations = {
      {"data", "near-duplicates removed", ""},
      {"output", "filter on identifiers " + kHostile, "personal_data/exposed_rate/all"}};
  context.filters = {"e-mail addresses are masked", kHostile};
  context.valid_until = "2027-05-31";
  context.remark = kHostile;
  context.sha256 = std::string(64, '9');
  return context;
}

inline Demo sample_demo() {
  return {
      {{"exposure_grows", "exposure grows with repetition", "rising", "3.1, 9.8, 16.6 bits", true},
       {"control_silent", "the control model shows nothing", "0", "0 of 40", true},
       {"a_claim_of_tomorrow", "a claim this report does not know: " + kHostile, kHostile, kHostile,
        std::nullopt},
       {"often_extracted", "what stood there 64 times is extracted", "20 of 20", "17 of 20",
        false}}};
}

}  // namespace souvenir::tests
