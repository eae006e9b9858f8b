#include "harness/chat_template.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "harness/config.h"

using namespace souvenir;

TEST_CASE("a turn is put into the common templates as transformers does", "[chat]") {
  const auto rows = nlohmann::json::parse(
      read_file(std::string(SOUVENIR_SOURCE_DIR) + "/tests/golden/chat_templates.json", 1U << 20U));
  REQUIRE(rows.size() == 9);
  for (const auto& row : rows) {
    CAPTURE(row.at("name").get<std::string>());
    const auto format = recognise_chat_template(row.at("template").get<std::string>(), "<B>");
    REQUIRE(format);
    CHECK(format->render(" Call Zoé at \n") == row.at("rendered").get<std::string>());
  }
}

TEST_CASE("a template that is not understood is refused", "[chat]") {
  const std::string jinja = GENERATE(
      "", "{{ messages[0].content }}", "{% for m in messages %}<|user|>{{ m.content }}{% endfor %}",
      "<|im_start|>{{ strftime_now('%d %b') }}<|im_end|><|im_start|>assistant",
      "<|start_header_id|>{{ date_string }}<|eot_id|>", "<|im_start|> without an end",
      "[INST] without an end");
  CAPTURE(jinja);
  CHECK_FALSE(recognise_chat_template(jinja, "<s>"));
}

TEST_CASE("a turn of nothing but white space is trimmed to nothing", "[chat]") {
  ChatFormat format{"test", "<", ">", true};
  CHECK(format.render(" \n ") == "<>");
  CHECK(format.render("") == "<>");
  format.trims = false;
  CHECK(format.render(" a ") == "< a >");
}
