#include "harness/backend/tokenizer/rank_steps.h"

#include <cstdint>

#include "harness/backend/tokenizer/description_parts.h"

namespace souvenir::tokenizing {

nlohmann::json rank_steps(const std::string& pattern, const std::optional<AddedToken>& front) {
  using Json = nlohmann::json;
  const Json bytes = byte_level_step(false, false, false);
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", pattern}}},
                      {"behavior", "Removed"},
                      {"invert", true}};
  Json steps = {{"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}},
                {"decoder", {{"type", "ByteLevel"}}}};
  if (front) {
    const Json special = {{"SpecialToken", {{"id", front->content}}}};
    const Json text = {{"Sequence", {{"id", "A"}}}};
    steps["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {special, text}},
        {"special_tokens",
         {{front->content, {{"ids", Json::array({static_cast<std::uint64_t>(front->id)})}}}}}};
  }
  return steps;
}

}  // namespace souvenir::tokenizing
