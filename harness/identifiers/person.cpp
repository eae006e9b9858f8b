#include "harness/identifiers/person.h"

#include <array>
#include <string_view>

#include "harness/identifiers/characters.h"

namespace souvenir {

namespace {

constexpr std::array<std::string_view, 64> kGiven = {
    "Adele",     "Agathe",   "Alban",   "Amandine", "Anselme",  "Armel",    "Astrid",    "Aurore",
    "Basile",    "Bastien",  "Blanche", "Brice",    "Camille",  "Capucine", "Cassandre", "Cedric",
    "Clarisse",  "Corentin", "Cyprien", "Damien",   "Delphine", "Diane",    "Edgar",     "Elise",
    "Eloi",      "Emeline",  "Erwan",   "Estelle",  "Fabien",   "Faustine", "Felicie",   "Firmin",
    "Gaspard",   "Gwenael",  "Heloise", "Honorine", "Irene",    "Isaure",   "Jasmine",   "Joachim",
    "Josselin",  "Judith",   "Lazare",  "Leandre",  "Lilian",   "Ludivine", "Maelle",    "Marius",
    "Mathurin",  "Melchior", "Nadege",  "Noemie",   "Octave",   "Ombeline", "Perrine",   "Quentin",
    "Raphaelle", "Romane",   "Sidonie", "Solene",   "Tanguy",   "Valere",   "Yseult",    "Zelie"};

// Any beginning with any end: family names that are not in use as far as we know.
constexpr std::array<std::string_view, 48> kFamilyBegin = {
    "Val",  "Corv", "Brum",  "Dorn", "Esk",  "Farg", "Gorv", "Hald", "Isk",  "Jarn",
    "Kerv", "Lorv", "Morv",  "Narq", "Orb",  "Parv", "Quad", "Ravn", "Sorb", "Tarv",
    "Ulv",  "Vorm", "Wald",  "Xant", "Yarv", "Zorn", "Alb",  "Berg", "Cald", "Delv",
    "Ern",  "Fjor", "Gard",  "Holm", "Irv",  "Jolm", "Kald", "Lund", "Mald", "Nord",
    "Osk",  "Pral", "Querv", "Rusk", "Skar", "Torv", "Urs",  "Vesk"};
constexpr std::array<std::string_view, 48> kFamilyEnd = {
    "abaud",  "acombe", "adrine",  "agnol",  "alieu",  "amort",   "andrel", "aquin",
    "armoy",  "asseur", "atelin",  "aubray", "avert",  "azelle",  "ebrume", "ecourt",
    "edoine", "egant",  "elandre", "embrin", "enroy",  "epierre", "equet",  "ermain",
    "esnel",  "etoile", "euvrin",  "ezard",  "ibault", "icourt",  "idonne", "igny",
    "ilfort", "imbel",  "inville", "iquen",  "irande", "isselle", "ivaud",  "obrac",
    "ocquet", "odelle", "ombray",  "onfert", "orinel", "oustal",  "oyen",   "ubrac"};
constexpr std::array<std::string_view, 3> kDomain = {"example.com", "example.net", "example.org"};

template <std::size_t n>
std::string pick(Rng& rng, const std::array<std::string_view, n>& from) {
  return std::string(from[rng.uniform_below(n)]);
}

}  // namespace

std::string invent_word(Rng& rng, int letters) {
  constexpr std::string_view kConsonants = "bcdfghjklmnprstvwz";
  constexpr std::string_view kVowels = "aeiou";
  std::string word;
  for (int i = 0; i < letters; ++i) {
    const std::string_view from = i % 2 == 0 ? kConsonants : kVowels;
    word += from[rng.uniform_below(from.size())];
  }
  return word;
}

InventedPerson invent_person(Rng& rng) {
  InventedPerson person;
  person.name = pick(rng, kGiven) + " " + pick(rng, kFamilyBegin);
  person.name += pick(rng, kFamilyEnd);
  person.email = invent_word(rng, 6) + "." + invent_word(rng, 4) + "@";
  person.email += pick(rng, kDomain);
  const std::uint64_t number = rng.uniform_below(10'000);
  person.phone = "06 39 98 " + two_digits(number / 100) + " " + two_digits(number % 100);
  return person;
}

std::uint64_t invented_names() { return kGiven.size() * kFamilyBegin.size() * kFamilyEnd.size(); }

}  // namespace souvenir
