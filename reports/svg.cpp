#include "reports/svg.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "reports/text.h"

namespace souvenir::svg {

std::string digits(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.2f", value);
  return buffer.data();
}

std::string shape(const char* name, const char* css, const Attributes& attributes) {
  std::string out = std::string("<") + name + " class=\"" + css + "\"";
  for (const auto& [key, value] : attributes) {
    out.append(" ").append(key).append("=\"").append(digits(value)).append("\"");
  }
  return out + " />";
}

std::string text(const char* css, double x, double y, std::string_view words) {
  return std::string("<text class=\"") + css + "\" x=\"" + digits(x) + "\" y=\"" + digits(y) +
         "\">" + escaped(words).markup + "</text>";
}

std::string open_svg(const char* css, double width, double height, std::string_view aria) {
  const std::string role = aria.empty()
                               ? " aria-hidden=\"true\""
                               : " role=\"img\" aria-label=\"" + escaped(aria).markup + "\"";
  return std::string("<svg class=\"") + css + "\" viewBox=\"0 0 " + digits(width) + " " +
         digits(height) + "\"" + role + ">";
}

std::string dot(const char* css, double x, double y, double radius, std::string_view label) {
  return std::string("<circle class=\"") + css + "\" cx=\"" + digits(x) + "\" cy=\"" + digits(y) +
         "\" r=\"" + digits(radius) + "\"><title>" + escaped(label).markup + "</title></circle>";
}

std::string polyline(const char* css, const std::vector<Place>& places) {
  std::string path;
  for (const Place& place : places) {
    path += digits(place.x) + "," + digits(place.y) + " ";
  }
  return places.size() < 2
             ? ""
             : std::string("<polyline class=\"") + css + "\" points=\"" + path + "\" />";
}

std::vector<double> ticks(double top) {
  const double lead = top / std::pow(10.0, std::floor(std::log10(top) + 1e-9));
  const int steps = std::abs(lead - 2.0) < 0.01 ? 4 : 5;
  std::vector<double> out;
  for (int i = 0; i <= steps; ++i) {
    out.push_back(top * i / steps);
  }
  return out;
}

}  // namespace souvenir::svg
