#include "harness/twins.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/identifiers/identifier.h"
#include "metrics/rng.h"

namespace souvenir {

namespace {

constexpr int kMaxDraws = 200;

// A stream per subject that does not depend on the order of rows.
std::uint64_t stream_of(const std::string& id) {
  std::uint64_t stream = 0;
  for (const char byte : sha256(id).substr(0, 8)) {
    stream = (stream << 8) | static_cast<unsigned char>(byte);
  }
  return stream;
}

// A value that cannot be brought into the form of its kind is compared as text.
std::string compared(const std::string& kind, std::string_view value) {
  return identifier_kind(kind).canonical(value).value_or(
      canonical_text(value).value_or(std::string(value)));
}

// A value that is not valid for its kind (a local number, an address with a blank) is nobody's
// whatever it is, as long as its twin is not valid either.
std::optional<std::string> invent(const IdentifierKind& kind, std::string_view value, Rng& rng) {
  if (!kind.checked || kind.canonical(value)) return kind.invent_like(value, rng);
  auto invented = invent_text_like(value, rng);
  return invented && kind.canonical(*invented) ? std::nullopt : invented;
}

}  // namespace

void TwinMaker::learn(const Subject& subject) {
  if (!subject.is_text && subject.secret_hmac.empty()) {
    real_.insert(subject.kind + "\n" + compared(subject.kind, subject.secret.reveal()));
  }
}

std::vector<Subject> TwinMaker::make(const Subject& subject, std::int64_t per, std::uint64_t seed,
                                     const std::string& where) const {
  std::vector<Subject> twins;
  std::set<std::string> taken;
  for (std::int64_t i = 0; i < per; ++i) {
    Rng rng(seed, "twin", {stream_of(subject.id), static_cast<std::uint64_t>(i)});
    std::optional<std::string> value;
    for (int draw = 0; draw < kMaxDraws && !value; ++draw) {
      value = invent(identifier_kind(subject.kind), subject.secret.reveal(), rng);
      if (!value) continue;
      const std::string form = compared(subject.kind, *value);
      const bool used = real_.count(subject.kind + "\n" + form) > 0 || taken.count(form) > 0 ||
                        subject.prefix.reveal().find(*value) != std::string_view::npos;
      if (used)
        value.reset();
      else
        taken.insert(form);
    }
    if (!value) {
      throw Error(ErrorKind::input,
                  where + ": no twin can be made of its secret: kind " + subject.kind +
                      ": expected a valid value of a country or scheme that keeps numbers for "
                      "fiction or tests, and enough of them; leave the row out, or give it twins "
                      "of your own");
    }
    Subject twin;
    twin.id = subject.id + "/twin-" + std::to_string(i + 1);
    // Its subject's: twins share prompts, so their answers hang together, and a prompt that needs
    // the person's name must find it.
    twin.person = subject.person;
    twin.kind = subject.kind;
    twin.member = Member::no;
    twin.twin_of = subject.id;
    twin.strata = subject.strata;
    twin.prefix = subject.prefix;
    twin.secret = Sensitive(*value);
    twins.push_back(std::move(twin));
  }
  return twins;
}

bool wants_twins(const Subject& subject) {
  return !subject.is_text && subject.secret_hmac.empty() && subject.twin_of.empty() &&
         !subject.positive_control;
}

std::string subject_row(const Subject& subject) {
  nlohmann::ordered_json row = {{"id", subject.id}};
  if (!subject.person.empty()) row["person"] = subject.person;
  row["kind"] = subject.kind;
  row["member"] = std::string(member_name(subject.member));
  if (!subject.twin_of.empty()) row["twin_of"] = subject.twin_of;
  if (!subject.prefix.empty()) row["prefix"] = subject.prefix.reveal();
  row["secret"] = subject.secret.reveal();
  for (const auto& [key, value] : subject.strata) {
    std::visit([&](const auto& held) { row["strata"][key] = held; }, value);
  }
  return row.dump();
}

}  // namespace souvenir
