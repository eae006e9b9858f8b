#include "reports/chart.h"

#include <catch2/catch.hpp>
#include <pugixml.hpp>
#include <string>

namespace souvenir {
namespace {

const Words kWords(Language::en);

pugi::xml_document parsed(const Html& svg) {
  pugi::xml_document document;
  REQUIRE(document.load_string(svg.markup.c_str()));
  return document;
}

double number(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).as_double();
}

CurvePanel panel() {
  CurvePanel out;
  out.strings = {
      {1, 0.0, 0.0, 0.01, "a"}, {10, 0.05, 0.03, 0.08, "b"}, {100, 0.1, 0.07, 0.14, "c"}};
  out.controls = {{1, 0.0, 0.0, 0.01, "d"}, {100, 0.002, 0.0, 0.01, "e"}};
  out.top = 0.2;
  out.aria = "what <it> shows";
  return out;
}

TEST_CASE("an axis ends at a round number that holds the largest", "[chart]") {
  const auto [largest, top] = GENERATE(table<double, double>({{0.0, 0.01},
                                                              {0.013, 0.02},
                                                              {0.02, 0.02},
                                                              {0.021, 0.025},
                                                              {0.3, 0.5},
                                                              {0.51, 1.0},
                                                              {1.0, 1.0},
                                                              {0.0007, 0.001},
                                                              {-1.0, 0.01}}));
  CHECK(axis_top(largest) == Approx(top));
}

TEST_CASE("a curve puts decades at equal distances and more above less", "[chart]") {
  const auto document = parsed(curve_chart(panel(), kWords));
  const auto dots = document.select_nodes("//circle[@class='dot']");
  REQUIRE(dots.size() == 3);
  const double x0 = number(dots[0].node(), "cx");
  const double x1 = number(dots[1].node(), "cx");
  const double x2 = number(dots[2].node(), "cx");
  CHECK(x1 - x0 == Approx(x2 - x1));
  CHECK(x1 > x0);
  const double y0 = number(dots[0].node(), "cy");
  CHECK(number(dots[1].node(), "cy") < y0);
  // Half the height of the axis.
  CHECK((y0 - number(dots[2].node(), "cy")) == Approx(2 * (y0 - number(dots[1].node(), "cy"))));
  CHECK(std::string(document.child("svg").attribute("aria-label").value()) == "what <it> shows");
}

TEST_CASE("the ends of two close curves are written apart", "[chart]") {
  CurvePanel close = panel();
  close.controls.back().share = 0.1;
  const auto document = parsed(curve_chart(close, kWords));
  const double a = number(document.select_node("//text[@class='end']").node(), "y");
  const double b = number(document.select_node("//text[@class='control-end']").node(), "y");
  CHECK(std::abs(a - b) >= 13.9);
}

TEST_CASE("a curve of one point, or none, is drawn", "[chart]") {
  CurvePanel one;
  one.strings = {{100, 0.1, 0.05, 0.2, "x"}};
  one.top = 0.2;
  CHECK(parsed(curve_chart(one, kWords)).select_nodes("//circle").size() == 1);
  CHECK(parsed(curve_chart(one, kWords)).select_nodes("//polyline").empty());
  CHECK(parsed(curve_chart({}, kWords)).select_nodes("//circle").empty());
  CHECK(curve_chart(one, kWords).markup.find("nan") == std::string::npos);
  CHECK(curve_chart({}, kWords).markup.find("nan") == std::string::npos);
  CHECK(curve_chart({}, kWords).markup.find("inf") == std::string::npos);
}

TEST_CASE("a strip puts a rate on its interval, and the controls under it", "[chart]") {
  const ChartPoint point{1, 0.1, 0.05, 0.2, "10%"};
  const ChartPoint control{1, 0.0, 0.0, 0.02, "0%"};
  const auto document = parsed(strip_chart(point, control, 0.2, kWords));
  const auto span = document.select_node("//line[@class='span']").node();
  const double x = number(document.select_node("//circle[@class='dot']").node(), "cx");
  CHECK(number(span, "x1") < x);
  CHECK(x < number(span, "x2"));
  CHECK(number(document.select_node("//circle[@class='control-dot']").node(), "cx") < x);
  CHECK(parsed(strip_chart(point, std::nullopt, 0.2, kWords))
            .select_nodes("//circle[@class='control-dot']")
            .empty());
  CHECK(parsed(strip_axis(0.2, kWords)).select_nodes("//text").size() == 3);
}

TEST_CASE("a membership curve stands on a logarithmic axis, as a staircase", "[chart]") {
  RocPanel panel;
  panel.score = {{0, 0.25}, {0.01, 0.5}, {1, 1}};
  panel.least_rate = 0.001;
  const std::string svg = roc_chart(panel, Words(Language::en)).markup;
  // The frame is 46 to 300 across three decades, and 216 to 26 up. What is found without a mistake
  // stands on the axis: (46, 168.5). Then along, and up at 1 %, a third of the way.
  CHECK_THAT(svg, Catch::Contains("points=\"46.00,168.50 130.67,168.50 130.67,121.00 300.00,121.00 "
                                  "300.00,26.00 \""));
  CHECK_THAT(svg, Catch::Contains(">0.1%<") && Catch::Contains(">100%<"));
  // Chance: as many of either, so 0.1 % up at the left end.
  CHECK_THAT(svg, Catch::Contains("class=\"chance\" points=\"46.00,215.81 "));
}

TEST_CASE("the axis of a membership curve begins where the curve does", "[chart]") {
  CHECK(least_rate_shown({}) == Approx(0.1));
  CHECK(least_rate_shown({{0, 0.1}, {0.004, 0.2}, {1, 1}}) == Approx(0.001));
  CHECK(least_rate_shown({{0.01, 0.2}}) == Approx(0.01));
  CHECK(least_rate_shown({{1e-9, 0.2}}) == Approx(1e-5));
}

TEST_CASE("exposure is drawn by tier, on a scale that holds it", "[chart]") {
  ExposurePanel panel;
  panel.tiers = {{1, 2, 1, 3, "one"}, {4, 10, {}, {}, "four"}, {16, 26.6, 22, 26.6, "sixteen"}};
  panel.held_out = ChartPoint{0, 1, 0, 2, ""};
  const std::string svg = exposure_chart(panel, Words(Language::en)).markup;
  // Steps of 5 bits up to 30, on 226 to 36; tiers from 72 to 374, 4 in the middle of 1 and 16.
  CHECK_THAT(svg, Catch::Contains("cx=\"72.00\" cy=\"213.33\"") &&
                      Catch::Contains("cx=\"223.00\" cy=\"162.67\"") &&
                      Catch::Contains("cx=\"374.00\" cy=\"57.53\"") && Catch::Contains(">30<") &&
                      !Catch::Contains(">35<"));
  CHECK_THAT(svg, Catch::Contains("class=\"control-band\" x=\"46.00\" y=\"213.33\" "
                                  "width=\"354.00\" height=\"12.67\""));
  // One tier has no scale of its own.
  panel.tiers.resize(1);
  CHECK_THAT(exposure_chart(panel, Words(Language::en)).markup,
             Catch::Contains("cx=\"223.00\"") && !Catch::Contains("nan"));
}

}  // namespace
}  // namespace souvenir
