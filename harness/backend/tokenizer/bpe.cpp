#include "harness/backend/tokenizer/bpe.h"

#include <algorithm>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581
constexpr std::size_t kFewSymbols = 40;                  // measured: above, the heap is faster

std::string byte_token(unsigned byte) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U], '>'};
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, std::span<const MergePair> merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      merges_(merges.size()),
      plain_(options_.continuing_subword_prefix.empty() && options_.end_of_word_suffix.empty()) {
  add_merges(merges);
  index_characters();
}

void Bpe::add_merges(std::span<const MergePair> merges) {
  const std::size_t prefix = options_.continuing_subword_prefix.size();
  cut_at_space_ = plain_ && vocabulary_.find(kSpaceMark).has_value();
  std::string product;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto [left, right] = merges[rank];
    const auto left_id = vocabulary_.find(left);
    const auto right_id = vocabulary_.find(right);
    product.assign(left);
    product += right.size() < prefix ? std::string_view() : right.substr(prefix);
    const auto product_id = vocabulary_.find(product);
    if (!left_id || !right_id || right.size() < prefix || !product_id) {
      throw Error(ErrorKind::input, "merges: rule " + std::to_string(rank) + ": its " +
                                        (!left_id || !right_id ? "parts are" : "product is") +
                                        " not in the vocabulary");
    }
    merges_.set(*left_id, *right_id, {static_cast<std::uint32_t>(rank), *product_id});
    cut_at_space_ = cut_at_space_ && (left.ends_with(kSpaceMark) || !right.starts_with(kSpaceMark));
  }
}

void Bpe::index_characters() {
  characters_.assign(0x10000, -1);
  takes_bytes_ = plain_;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string character;
    append_utf8(character, byte_character(static_cast<unsigned char>(byte)));
    byte_characters_[byte] = vocabulary_.find(character).value_or(-1);
    byte_tokens_[byte] = vocabulary_.find(byte_token(byte)).value_or(-1);
    takes_bytes_ = takes_bytes_ && byte_characters_[byte] >= 0;
  }
  for (std::size_t id = 0; id < vocabulary_.id_limit(); ++id) {
    const auto token_id = static_cast<TokenId>(id);
    if (vocabulary_.has(token_id) && vocabulary_.token(token_id).size() <= 3) {
      const auto c = only_code_point(vocabulary_.token(token_id));
      if (c && *c < 0x10000) {
        characters_[*c] = token_id;
      }
    }
  }
}

void Bpe::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.find(piece)) {
      out.push_back({*id, static_cast<std::uint32_t>(piece.size())});
      return;
    }
  }
  if (!cut_at_space_) {
    tokenize_part(piece, out);
    return;
  }
  // No merge reaches over such a place, so the parts may be tokenised, and remembered, on their
  // own.
  std::size_t begin = 0;
  for (std::size_t mark = piece.find(kSpaceMark, 1); mark != std::string_view::npos;
       mark = piece.find(kSpaceMark, mark + kSpaceMark.size())) {
    if (!piece.substr(0, mark).ends_with(kSpaceMark)) {
      tokenize_part(piece.substr(begin, mark - begin), out);
      begin = mark;
    }
  }
  tokenize_part(piece.substr(begin), out);
}

void Bpe::tokenize_part(std::string_view part, std::vector<ModelToken>& out) const {
  if (cache_.find(part, out)) {
    return;
  }
  std::vector<ModelToken> symbols;
  add_symbols(part, symbols);
  merge(symbols);
  cache_.add(part, symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

void Bpe::tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const {
  if (cache_.find(piece, out)) {
    return;
  }
  std::vector<ModelToken> symbols;
  const auto whole =
      options_.ignore_merges ? vocabulary_.find(spell_bytes(piece)) : std::optional<TokenId>();
  if (whole) {
    symbols.push_back({*whole, static_cast<std::uint32_t>(piece.size())});
  } else {
    symbols.reserve(piece.size());
    for (const char byte : piece) {
      symbols.push_back({byte_characters_[static_cast<unsigned char>(byte)], 1});
    }
    merge(symbols);
  }
  cache_.add(piece, symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

TokenId Bpe::character_id(char32_t c) const {
  if (c < characters_.size()) {
    return characters_[c];
  }
  std::string character;
  append_utf8(character, c);
  return vocabulary_.find(character).value_or(-1);
}

// The token of a character that carries the model's prefix or suffix, which end up in `spelling`.
std::optional<TokenId> Bpe::decorated_id(std::string_view character, bool first, bool last,
                                         std::string& spelling) const {
  spelling.clear();
  if (!first) {
    spelling += options_.continuing_subword_prefix;
  }
  spelling += character;
  if (last) {
    spelling += options_.end_of_word_suffix;
  }
  return vocabulary_.find(spelling);
}

bool Bpe::add_byte_tokens(std::string_view spelling, std::vector<ModelToken>& symbols) const {
  const auto id_of = [&](char byte) { return byte_tokens_[static_cast<unsigned char>(byte)]; };
  if (!std::all_of(spelling.begin(), spelling.end(), [&](char byte) { return id_of(byte) >= 0; })) {
    return false;
  }
  for (const char byte : spelling) {
    symbols.push_back({id_of(byte), 1});
  }
  return true;
}

TokenId Bpe::unknown_id() const {
  const auto id = vocabulary_.find(*options_.unk_token);
  if (!id) {
    throw Error(ErrorKind::input,
                "tokenizer.json: unk_token is not in the vocabulary, and this text needs it");
  }
  return *id;
}

void Bpe::add_symbols(std::string_view part, std::vector<ModelToken>& symbols) const {
  symbols.reserve(part.size());
  std::optional<ModelToken> unknown;  // waits for more to fuse with
  const auto flush = [&] {
    if (unknown) {
      symbols.push_back(*unknown);
      unknown.reset();
    }
  };
  std::string spelling;
  for (std::size_t position = 0; position < part.size();) {
    const std::size_t begin = position;
    const char32_t c = next_code_point(part, position);
    const std::string_view character = part.substr(begin, position - begin);
    const auto size = static_cast<std::uint32_t>(character.size());
    TokenId id = -1;
    if (plain_) {
      id = character_id(c);
    } else {
      id = decorated_id(character, begin == 0, position == part.size(), spelling).value_or(-1);
    }
    if (id >= 0) {
      flush();
      symbols.push_back({id, size});
      continue;
    }
    // Byte tokens overtake an unknown token that still waits: so does the reference library.
    if (options_.byte_fallback && add_byte_tokens(plain_ ? character : spelling, symbols)) {
      continue;
    }
    if (!options_.unk_token) {
      continue;  // and the character is lost, as it is there
    }
    if (unknown && options_.fuse_unk) {
      unknown->size += size;
    } else {
      flush();
      unknown = {unknown_id(), size};
    }
  }
  flush();
}

void Bpe::merge(std::vector<ModelToken>& symbols) const {
  if (symbols.size() <= kFewSymbols) {
    merge_few(symbols);
  } else {
    merge_many(symbols);
  }
}

// Looks for the best pair again after each merge.
void Bpe::merge_few(std::vector<ModelToken>& symbols) const {
  std::array<MergeRule, kFewSymbols> rules;  // of each symbol and the next
  const auto rule_at = [&](std::size_t i) {
    const MergeRule* rule = merges_.find(symbols[i].id, symbols[i + 1].id);
    return rule == nullptr ? MergeRule{} : *rule;
  };
  std::size_t size = symbols.size();
  for (std::size_t i = 0; i + 1 < size; ++i) {
    rules[i] = rule_at(i);
  }
  while (size > 1) {
    std::size_t best = size;
    for (std::size_t i = 0; i + 1 < size; ++i) {
      if (rules[i].product >= 0 && (best == size || rules[i].rank < rules[best].rank)) {
        best = i;
      }
    }
    if (best == size) {
      break;
    }
    symbols[best] = {rules[best].product, symbols[best].size + symbols[best + 1].size};
    std::copy(symbols.begin() + static_cast<std::ptrdiff_t>(best + 2),
              symbols.begin() + static_cast<std::ptrdiff_t>(size),
              symbols.begin() + static_cast<std::ptrdiff_t>(best + 1));
    std::copy(rules.begin() + static_cast<std::ptrdiff_t>(best + 2),
              rules.begin() + static_cast<std::ptrdiff_t>(size),
              rules.begin() + static_cast<std::ptrdiff_t>(best + 1));
    --size;
    if (best + 1 < size) {
      rules[best] = rule_at(best);
    }
    if (best > 0) {
      rules[best - 1] = rule_at(best - 1);
    }
  }
  symbols.resize(size);
}

// Keeps the pairs in a heap, and the symbols in a linked list.
void Bpe::merge_many(std::vector<ModelToken>& symbols) const {
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t at;
    TokenId product;
  };
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
  };
  const auto end = static_cast<std::uint32_t>(symbols.size());
  std::vector<std::uint32_t> next(end);
  std::vector<std::uint32_t> previous(end);
  std::vector<Candidate> heap;
  heap.reserve(end);
  const auto consider = [&](std::uint32_t at, std::uint32_t right, bool building) {
    if (const MergeRule* rule = merges_.find(symbols[at].id, symbols[right].id)) {
      heap.push_back({rule->rank, at, rule->product});
      if (!building) {
        std::push_heap(heap.begin(), heap.end(), later);
      }
    }
  };
  for (std::uint32_t i = 0; i < end; ++i) {
    next[i] = i + 1;
    previous[i] = i == 0 ? end : i - 1;
    if (i + 1 < end) {
      consider(i, i + 1, true);
    }
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Candidate top = heap.back();
    heap.pop_back();
    const std::uint32_t right = next[top.at];
    if (symbols[top.at].size == 0 || right == end) {
      continue;
    }
    // Out of date only if the pair there now would become something else.
    const MergeRule* rule = merges_.find(symbols[top.at].id, symbols[right].id);
    if (rule == nullptr || rule->product != top.product) {
      continue;
    }
    symbols[top.at] = {top.product, symbols[top.at].size + symbols[right].size};
    symbols[right].size = 0;
    next[top.at] = next[right];
    if (next[top.at] != end) {
      previous[next[top.at]] = top.at;
    }
    if (previous[top.at] != end) {
      consider(previous[top.at], top.at, false);
    }
    if (next[top.at] != end) {
      consider(top.at, next[top.at], false);
    }
  }
  std::erase_if(symbols, [](const ModelToken& symbol) { return symbol.size == 0; });
}

}  // namespace souvenir::tokenizing
