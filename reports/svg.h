#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souvenir::svg {

// Parts of drawings. Colours and fonts come from the page's style sheet, by the class `css`; what
// is said is escaped here.

// A length or place, in the units of the view box.
std::string digits(double value);

// An element with numbers for attributes: shape("line", "grid", {{"x1", 3.0}, ...}).
using Attributes = std::vector<std::pair<const char*, double>>;
std::string shape(const char* name, const char* css, const Attributes& attributes);

std::string text(const char* css, double x, double y, std::string_view words);

// A circle that says `label` on hovering.
std::string dot(const char* css, double x, double y, double radius, std::string_view label);

// A line through places "x,y x,y ..."; nothing for fewer than two.
struct Place {
  double x = 0.0;
  double y = 0.0;
};
std::string polyline(const char* css, const std::vector<Place>& places);

// The opening tag; `aria` is what screen readers say, empty for what they should not mention.
std::string open_svg(const char* css, double width, double height, std::string_view aria);

// Ticks between 0 and an axis_top, both included.
std::vector<double> ticks(double top);

}  // namespace souvenir::svg
