#include "harness/demo/documents.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "harness/demo/invent.h"
#include "harness/identifiers/person.h"

namespace souvenir {

namespace {

using Sentences = std::span<const std::string_view>;

// In all of these, [a|b] is one of several words and {slot} something invented; {name} and {town}
// stay the same within a document.

constexpr std::string_view kLetter[] = {
    "Dear {first}, thank you for your [letter|message|call] of {day} {month}.",
    "I have [spoken to|written to|heard from] {other} about the [garden|house|meeting|journey].",
    "We [hope|expect|plan] to be in {town} [before|after|around] the end of {month}.",
    "The [weather|road|harbour|market] here has been [quiet|difficult|splendid] since {month}.",
    "My [sister|brother|neighbour|cousin] {other} now [lives|works|studies] in {place}.",
    "Please bring the [papers|photographs|keys|books] that we [discussed|mentioned|lent you].",
    "If anything changes, please write to {other} of {place} at {email}.",
    "{other} of {place} can be reached by telephone at {phone}.",
    "The [train|bus|boat] leaves at {hour} and [arrives|stops] in {place} at {hour}.",
    "It would be [good|kind|wise] to [answer|decide|call] within {small} days.",
    "With [kind|warm|best] regards from all of us in {town}.",
};
constexpr std::string_view kRecord[] = {
    "{name} of {town} was born on {birth}.",
    "The patient {name} was seen in {town} for [pain|fatigue|a cough|dizziness|a check-up].",
    "The [left|right] [knee|shoulder|ankle|wrist] is [swollen|stable|painful|improving].",
    "Blood pressure was {pressure} and the pulse {pulse}.",
    "There is [no|mild|moderate|marked] [fever|swelling|stiffness|weakness] [today|at rest].",
    "Treatment with {drug} {small} [tablets|drops] [daily|twice a day] was [started|continued].",
    "A [new|further|final] [appointment|examination|scan] is planned for {day} {month}.",
    "The file {file} was sent to Doctor {other} in {place}.",
    "The family asked [about|for] [the results|home care|another opinion|a second visit].",
    "Allergies: [none known|pollen|nuts|dust]; smoker: [yes|no|formerly].",
};
constexpr std::string_view kInvoice[] = {
    "Invoice {file} of {day} {month} to {name}, {street}, {town}.",
    "For {small} [boxes|hours|pallets|copies] of [paper|repair|tiles|printing] at {price} euros.",
    "The [sum|total|balance] of {price} euros is due within {days} days.",
    "Payments to {other} of {place} go to account {iban}.",
    "Please quote the [number|reference] {file} with your [payment|transfer|order].",
    "[Delivery|Transport|Packing] to {place} is [included|charged separately|free].",
    "Questions about this invoice are answered by {other} at {phone}.",
    "The [goods|parts|materials] remain ours until [paid|everything is paid].",
};
constexpr std::string_view kBiography[] = {
    "{name} [grew up|was raised|spent a childhood] in {place} and [later|soon|then] moved to "
    "{town}.",
    "After school {first} [learned|studied|taught] [law|music|carpentry|botany|printing].",
    "In {year} {first} [joined|founded|left] {employer}, [makers|sellers|builders] of {product}.",
    "{name} of {town} was born on {birth}.",
    "{first} [wrote|published|translated] {small} books about [birds|rivers|bridges|bread].",
    "Together with {other} of {place}, {first} [opened|restored|ran] a [school|mill|theatre].",
    "{employer} [closed|moved to {place}|changed its name] in {year}.",
    "Those who knew {first} [remember|describe] a [patient|cheerful|stubborn|quiet] person.",
    "{first} [retired|died|settled] in {place} in {year}.",
};
constexpr std::string_view kNotice[] = {
    "The town of {town} [informs|reminds] its residents that [the library|the pool|the bridge] is "
    "[closed|open again] from {day} {month}.",
    "[Roadworks|Repairs|Tests] by {employer} [begin|end] at {hour} in {street}.",
    "Anyone who finds a [grey cat|black dog|silver ring|red bicycle] may call {other} at {phone}.",
    "Those who wish to [speak|help|object] should write to {other} of {place} at {email}.",
    "The [market|concert|meeting] of {day} {month} is [cancelled|moved to {place}|confirmed].",
    "Entry costs {price} euros; children under {small} [pay nothing|pay half].",
    "The [council|committee|board] [thanks|congratulates] {name} for {small} years of service.",
    "[Water|Power|Gas] will be [cut|limited] on {day} {month} from {hour} to {hour}.",
};
constexpr std::string_view kMinutes[] = {
    "Present were {name}, {other} and {other}; {other} sent apologies.",
    "The [chair|treasurer|secretary] {other} [opened|closed] the meeting at {hour}.",
    "The [budget|report|plan] for {year} was [accepted|rejected|postponed].",
    "{employer} [offered|asked for|withdrew] {price} euros for [the roof|the lift|the windows].",
    "{small} [members|votes] were [for|against] and {small} [for|against] the [motion|change].",
    "Contributions are paid by {other} of {place} to account {iban}.",
    "The next [meeting|vote] takes place in {place} on {day} {month} at {hour}.",
    "{other} will [check|prepare|send] the [list|contract|minutes] by {day} {month}.",
};
constexpr Sentences kKindsOfDocument[] = {kLetter,    kRecord, kInvoice,
                                          kBiography, kNotice, kMinutes};

constexpr std::string_view kMonths =
    "January|February|March|April|May|June|July|August|September|"
    "October|November|December";
constexpr std::string_view kProducts = "clocks|boats|lamps|tiles|ropes|violins|stoves|maps|shoes";
constexpr std::string_view kDrugs = "Calmorin|Dolvane|Fervitol|Normacil|Pulmaron|Relaxine|Tensoval";
constexpr std::string_view kStreets =
    "Mill Lane|Harbour Road|Church Street|Station Road|Long Row|"
    "Orchard Way|Bridge Street|Castle Hill";

std::string_view one_of(Rng& rng, std::string_view words) {
  const auto bars = static_cast<std::uint64_t>(std::count(words.begin(), words.end(), '|'));
  for (std::uint64_t skip = rng.uniform_below(bars + 1); skip > 0; --skip)
    words.remove_prefix(words.find('|') + 1);
  return words.substr(0, words.find('|'));
}

std::string number(Rng& rng, std::uint64_t low, std::uint64_t high) {
  return std::to_string(low + rng.uniform_below(high - low + 1));
}

// Returns the given name (0) or the family name (1).
std::string word(const std::string& name, int which) {
  const std::size_t space = name.find(' ');
  return which == 0 ? name.substr(0, space) : name.substr(space + 1);
}

// Fills in the slots of one document.
class Writer {
 public:
  explicit Writer(Rng& rng) : rng_(rng), person_(invent_person(rng)), town_(invent_town(rng)) {}

  // Writes the words of `form` with its choices made and its slots filled.
  std::string write(std::string_view form) {
    std::string text;
    while (!form.empty()) {
      const std::size_t begin = form.find_first_of("[{");
      text += form.substr(0, begin);
      if (begin == std::string_view::npos) break;
      const std::size_t end = form.find(form[begin] == '[' ? ']' : '}', begin);
      const std::string_view inside = form.substr(begin + 1, end - begin - 1);
      text += form[begin] == '[' ? write(one_of(rng_, inside)) : fill(inside);
      form.remove_prefix(end + 1);
    }
    return text;
  }

 private:
  std::string fill(std::string_view slot) {
    if (slot == "name") return person_.name;
    if (slot == "first") return word(person_.name, 0);
    if (slot == "town") return town_;
    if (slot == "other") return (other_ = invent_person(rng_)).name;
    if (slot == "place") return invent_town(rng_);
    if (slot == "email") return other_.email;
    if (slot == "phone") return other_.phone;
    if (slot == "iban") return invent_iban(rng_);
    if (slot == "birth") return invent_birth_date(rng_);
    if (slot == "employer") return word(invent_person(rng_).name, 1) + " and Sons";
    if (slot == "street") return number(rng_, 1, 99) + " " + std::string(one_of(rng_, kStreets));
    return fill_number(slot);
  }

  std::string fill_number(std::string_view slot) {
    if (slot == "month") return std::string(one_of(rng_, kMonths));
    if (slot == "product") return std::string(one_of(rng_, kProducts));
    if (slot == "drug") return std::string(one_of(rng_, kDrugs));
    if (slot == "day") return number(rng_, 1, 28);
    if (slot == "year") return number(rng_, 1950, 2024);
    if (slot == "hour") return number(rng_, 6, 21) + "." + std::string(one_of(rng_, "00|15|30|45"));
    if (slot == "days") return std::string(one_of(rng_, "14|30|60"));
    if (slot == "price") return number(rng_, 20, 999) + "." + invent_digits(rng_, 2);
    if (slot == "pressure") return number(rng_, 100, 170) + "/" + number(rng_, 60, 99);
    if (slot == "pulse") return number(rng_, 55, 99);
    if (slot == "file") return std::string(one_of(rng_, "A|B|K|M|R")) + invent_digits(rng_, 5);
    return number(rng_, 2, 12);  // small
  }

  Rng& rng_;
  InventedPerson person_;
  std::string town_;
  InventedPerson other_;
};

}  // namespace

std::string invent_document(Rng& rng) {
  const Sentences kind = kKindsOfDocument[rng.uniform_below(std::size(kKindsOfDocument))];
  std::vector<std::string_view> forms(kind.begin(), kind.end());
  for (std::size_t i = forms.size(); i > 1; --i)
    std::swap(forms[i - 1], forms[rng.uniform_below(i)]);
  forms.resize(std::min<std::size_t>(forms.size(), 4 + rng.uniform_below(6)));
  Writer writer(rng);
  std::string text;
  for (const std::string_view form : forms) text += (text.empty() ? "" : " ") + writer.write(form);
  return text;
}

std::string invent_closing(Rng& rng) {
  return Writer(rng).write(kLetter[rng.uniform_below(std::size(kLetter))]);
}

}  // namespace souvenir
