#include "reports/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/svg.h"

namespace souvenir {

using svg::digits;
using svg::open_svg;
using svg::shape;
using svg::text;

namespace {

// A panel's frame, in the units of its view box.
constexpr double kWidth = 400.0;
constexpr double kHeight = 264.0;
constexpr double kLeft = 46.0;
constexpr double kRight = 350.0;
constexpr double kTop = 26.0;
constexpr double kBottom = 216.0;
constexpr double kLabelGap = 14.0;

constexpr double kStripWidth = 240.0;
constexpr double kStripInset = 8.0;

class CurveDrawing {
 public:
  CurveDrawing(const CurvePanel& panel, const Words& words) : panel_(panel), words_(words) {
    for (const auto* points : {&panel.strings, &panel.controls}) {
      for (const ChartPoint& point : *points) {
        first_ = std::min(first_, point.n);
        last_ = std::max(last_, point.n);
      }
    }
    if (first_ >= last_) {  // one point or none: a decade around it
      first_ = last_ > 0 ? last_ / 3.2 : 1;
      last_ = first_ * 10;
    }
  }

  std::string draw() const {
    std::string out = open_svg("curve", kWidth, kHeight, panel_.aria);
    out += axes();
    out += band(panel_.controls, "control-band") + band(panel_.strings, "band");
    out += line(panel_.controls, "control-curve") + line(panel_.strings, "curve-line");
    out += dots(panel_.controls, "control-dot") + dots(panel_.strings, "dot");
    return out + ends() + "</svg>";
  }

 private:
  double x(double n) const {
    return kLeft + (kRight - kLeft) * std::log(n / first_) / std::log(last_ / first_);
  }
  double y(double share) const {
    return kBottom - (kBottom - kTop) * std::min(share, panel_.top) / panel_.top;
  }
  std::string place(double n, double share) const { return digits(x(n)) + "," + digits(y(share)); }

  std::string axes() const {
    std::string out = text("axis-label", 4, 12, panel_.y_label);
    for (const double tick : svg::ticks(panel_.top)) {
      out += shape("line", tick == 0.0 ? "axis" : "grid",
                   {{"x1", kLeft}, {"x2", kRight}, {"y1", y(tick)}, {"y2", y(tick)}});
      out += text("tick-y", kLeft - 7, y(tick) + 4, words_.plain_tick(tick));
    }
    for (int decade = static_cast<int>(std::ceil(std::log10(first_) - 1e-9));
         decade <= std::log10(last_) + 1e-9; ++decade) {
      const double n = std::pow(10.0, decade);
      out +=
          shape("line", "axis", {{"x1", x(n)}, {"x2", x(n)}, {"y1", kBottom}, {"y2", kBottom + 4}});
      out += text("tick-x", x(n), kBottom + 18, decade_label(decade));
    }
    return out + text("axis-label-x", (kLeft + kRight) / 2, kHeight - 8, panel_.x_label);
  }

  std::string decade_label(int decade) const {
    constexpr std::array<std::string_view, 10> kPowers = {
        "", "", "", "", "10\u2074", "10\u2075", "10\u2076", "10\u2077", "10\u2078", "10\u2079"};
    const auto at = static_cast<std::size_t>(decade);
    return at < 4 || at >= kPowers.size() ? words_.plain_number(std::pow(10.0, decade))
                                          : std::string(kPowers.at(at));
  }

  std::string band(const std::vector<ChartPoint>& points, const char* css) const {
    std::string there;
    std::string back;
    for (const ChartPoint& point : points) {
      if (point.low && point.high) {
        there += place(point.n, *point.high) + " ";
        back = place(point.n, *point.low) + " " + back;
      }
    }
    return there.empty()
               ? ""
               : std::string("<polygon class=\"") + css + "\" points=\"" + there + back + "\" />";
  }

  std::string line(const std::vector<ChartPoint>& points, const char* css) const {
    std::string path;
    for (const ChartPoint& point : points) {
      path += place(point.n, point.share) + " ";
    }
    return points.size() < 2
               ? ""
               : std::string("<polyline class=\"") + css + "\" points=\"" + path + "\" />";
  }

  std::string dots(const std::vector<ChartPoint>& points, const char* css) const {
    std::string out;
    for (const ChartPoint& point : points) {
      out += std::string("<circle class=\"") + css + "\" cx=\"" + digits(x(point.n)) + "\" cy=\"" +
             digits(y(point.share)) + "\" r=\"3.2\"><title>" + escaped(point.label).markup +
             "</title></circle>";
    }
    return out;
  }

  // Where each curve ends, in numbers, kept apart.
  std::string ends() const {
    if (panel_.strings.empty()) {
      return "";
    }
    const ChartPoint& last = panel_.strings.back();
    double upper = y(last.share);
    std::string control_text;
    if (!panel_.controls.empty()) {
      const ChartPoint& control = panel_.controls.back();
      double lower = y(control.share);
      if (std::abs(lower - upper) < kLabelGap) {
        // Apart, the greater above, and neither below the axis.
        const double middle = std::min((upper + lower) / 2, kBottom - kLabelGap / 2);
        const double side = control.share > last.share ? -kLabelGap / 2 : kLabelGap / 2;
        upper = middle - side;
        lower = middle + side;
      }
      control_text =
          text("control-end", kRight + 8, lower + 4, words_.plain_percent(control.share));
    }
    const std::string out =
        text("end", kRight + 8, upper + 4, words_.plain_percent(last.share)) + control_text;
    return out;
  }

  const CurvePanel& panel_;
  const Words& words_;
  double first_ = HUGE_VAL;
  double last_ = 0.0;
};

double strip_x(double share, double top) {
  return kStripInset + (kStripWidth - 2 * kStripInset) * std::min(share, top) / top;
}

std::string strip_mark(const ChartPoint& point, double y, double top, bool is_control) {
  std::string out;
  if (point.low && point.high) {
    out += shape("line", is_control ? "control-span" : "span",
                 {{"x1", strip_x(*point.low, top)},
                  {"x2", strip_x(*point.high, top)},
                  {"y1", y},
                  {"y2", y}});
  }
  return out + shape("circle", is_control ? "control-dot" : "dot",
                     {{"cx", strip_x(point.share, top)}, {"cy", y}, {"r", is_control ? 2.8 : 4.0}});
}

}  // namespace

double axis_top(double largest) {
  if (!(largest > 0.0)) {
    return 0.01;
  }
  const double power = std::pow(10.0, std::floor(std::log10(largest)));
  for (const double lead : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (lead * power >= largest * (1 - 1e-9)) {
      return std::min(1.0, lead * power);
    }
  }
  return 1.0;
}

Html curve_chart(const CurvePanel& panel, const Words& words) {
  return {CurveDrawing(panel, words).draw()};
}

Html strip_chart(const ChartPoint& point, const std::optional<ChartPoint>& control, double top,
                 const Words&) {
  constexpr double kStripHeight = 24.0;
  std::string out = open_svg("strip", kStripWidth, kStripHeight, point.label);
  for (const double tick : {0.0, top / 2, top}) {
    out += shape(
        "line", tick == 0.0 ? "axis" : "grid",
        {{"x1", strip_x(tick, top)}, {"x2", strip_x(tick, top)}, {"y1", 0}, {"y2", kStripHeight}});
  }
  out += strip_mark(point, control ? 8 : 12, top, false);
  if (control) {
    out += strip_mark(*control, 18, top, true);
  }
  return {out + "</svg>"};
}

Html strip_axis(double top, const Words& words) {
  std::string out = open_svg("strip", kStripWidth, 16, "");
  const char* css[] = {"tick-start", "tick-x", "tick-end"};
  for (int i = 0; i < 3; ++i) {
    const double tick = top * i / 2;
    const double x = i == 0 ? 0 : i == 1 ? strip_x(tick, top) : kStripWidth;
    out += text(css[i], x, 12, words.plain_tick(tick));
  }
  return {out + "</svg>"};
}

}  // namespace souvenir
