#include "harness/boundary.h"

#include "harness/error.h"

namespace souvenir {

BosDecision decide_bos(const Tokenizer& tokenizer, BosRule rule) {
  const TokenizerInfo& info = tokenizer.info();
  BosDecision decision;
  decision.words = std::string(bos_rule_name(rule)) + ": ";
  if (rule == BosRule::automatic) {
    decision.ids = info.prepended_ids;
  } else if (rule == BosRule::always) {
    if (!info.bos_id) {
      throw Error(ErrorKind::usage,
                  "bos: always was asked, but the tokenizer has no beginning-of-sequence token");
    }
    decision.ids = {*info.bos_id};
  }
  if (decision.ids.empty()) {
    decision.words += "nothing is put in front";
  }
  for (std::size_t i = 0; i < decision.ids.size(); ++i) {
    decision.words += (i == 0 ? "token " : ", token ") + std::to_string(decision.ids[i]);
  }
  if (!decision.ids.empty()) {
    decision.words += " in front";
  }
  if (rule == BosRule::automatic && !info.prepended_source.empty()) {
    decision.words += " (by " + info.prepended_source + ")";
  }
  return decision;
}

std::optional<CutString> cut_string(const Tokenizer& tokenizer, const BosDecision& bos,
                                    std::string_view prefix, std::string_view text) {
  const std::string joined = std::string(prefix) + std::string(text);
  const Encoding encoding = tokenizer.encode(joined, false);
  std::size_t cut = 0;
  while (cut < encoding.ids.size() && encoding.ends[cut] <= prefix.size()) {
    ++cut;
  }
  if (cut == encoding.ids.size()) {
    return std::nullopt;
  }
  CutString result;
  result.specials = tokenizer.count_special(joined);
  const std::size_t begin = cut == 0 ? 0 : encoding.ends[cut - 1];
  result.straddles = begin < prefix.size();
  const auto middle = encoding.ids.begin() + static_cast<std::ptrdiff_t>(cut);
  result.request.prefix_ids = bos.ids;
  result.request.prefix_ids.insert(result.request.prefix_ids.end(), encoding.ids.begin(), middle);
  result.request.ids.assign(middle, encoding.ids.end());
  if (result.request.prefix_ids.empty()) {
    const TokenizerInfo& info = tokenizer.info();
    const auto context = info.bos_id ? info.bos_id : info.eos_id;
    if (!context) {
      return std::nullopt;
    }
    result.request.prefix_ids.push_back(*context);
  }
  return result;
}

std::vector<Window> cut_windows(const Tokenizer& tokenizer, const BosDecision& bos,
                                const Windows& windows, std::string_view text) {
  const Encoding encoding = tokenizer.encode(text, false);
  const auto prefix = static_cast<std::size_t>(windows.prefix_tokens);
  const auto secret = static_cast<std::size_t>(windows.secret_tokens);
  const auto stride = static_cast<std::size_t>(windows.stride);
  std::vector<Window> result;
  for (std::size_t at = 0; at + prefix + secret <= encoding.ids.size(); at += stride) {
    const auto first = encoding.ids.begin() + static_cast<std::ptrdiff_t>(at);
    const auto middle = first + windows.prefix_tokens;
    Window window;
    window.cut.request.prefix_ids = bos.ids;
    window.cut.request.prefix_ids.insert(window.cut.request.prefix_ids.end(), first, middle);
    window.cut.request.ids.assign(middle, middle + windows.secret_tokens);
    const std::size_t byte_begin = at == 0 ? 0 : encoding.ends[at - 1];
    const std::size_t byte_middle = encoding.ends[at + prefix - 1];
    const std::size_t byte_end = encoding.ends[at + prefix + secret - 1];
    window.prefix = Sensitive(std::string(text.substr(byte_begin, byte_middle - byte_begin)));
    window.secret = Sensitive(std::string(text.substr(byte_middle, byte_end - byte_middle)));
    window.cut.specials = tokenizer.count_special(text.substr(byte_begin, byte_end - byte_begin));
    result.push_back(std::move(window));
  }
  return result;
}

}  // namespace souvenir
