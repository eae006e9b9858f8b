// Exposure against the number of times a canary stood in the training data.

#include <algorithm>
#include <cmath>

#include "reports/chart.h"
#include "reports/svg.h"

namespace souvenir {

namespace {

constexpr double kExposureWidth = 480.0;
constexpr double kExposureHeight = 276.0;
constexpr double kExposureLeft = 46.0;
constexpr double kExposureRight = 400.0;
constexpr double kExposureTop = 36.0;
constexpr double kExposureBottom = 226.0;
constexpr double kMostSteps = 6.0;
constexpr double kEdge = 26.0;  // between the axis and the first tier

class ExposureDrawing {
 public:
  ExposureDrawing(const ExposurePanel& panel, const Words& words) : panel_(panel), words_(words) {
    for (const ChartPoint& tier : panel.tiers) {
      first_ = std::min(first_, tier.n);
      last_ = std::max(last_, tier.n);
      measure(tier);
    }
    if (panel.held_out) {
      measure(*panel.held_out);
    }
    const double power = std::pow(10.0, std::floor(std::log10(largest_ / kMostSteps)));
    for (const double lead : {10.0, 5.0, 2.0, 1.0}) {
      step_ = lead * power * kMostSteps >= largest_ ? lead * power : step_;
    }
    steps_ = static_cast<int>(std::ceil(largest_ / step_ - 1e-9));
  }

  std::string draw() const {
    return svg::open_svg("exposure", kExposureWidth, kExposureHeight, panel_.aria) + axes() +
           held_out() + tiers() + "</svg>";
  }

 private:
  double x(double n) const {
    if (!(last_ > first_)) {
      return (kExposureLeft + kExposureRight) / 2;
    }
    return kExposureLeft + kEdge +
           (kExposureRight - kExposureLeft - 2 * kEdge) * std::log(n / first_) /
               std::log(last_ / first_);
  }
  double y(double bits) const {
    return kExposureBottom -
           (kExposureBottom - kExposureTop) * std::clamp(bits / (step_ * steps_), 0.0, 1.0);
  }
  void measure(const ChartPoint& point) {
    largest_ = std::max({largest_, point.share, point.high.value_or(0.0)});
  }

  std::string axes() const {
    std::string out = svg::text("axis-label", 4, 12, panel_.y_label);
    for (int i = 0; i <= steps_; ++i) {
      const double tick = step_ * i;
      out += svg::shape(
          "line", i == 0 ? "axis" : "grid",
          {{"x1", kExposureLeft}, {"x2", kExposureRight}, {"y1", y(tick)}, {"y2", y(tick)}});
      out += svg::text("tick-y", kExposureLeft - 7, y(tick) + 4, words_.plain_number(tick));
    }
    for (const ChartPoint& tier : panel_.tiers) {
      out += svg::shape("line", "axis",
                        {{"x1", x(tier.n)},
                         {"x2", x(tier.n)},
                         {"y1", kExposureBottom},
                         {"y2", kExposureBottom + 4}});
      out += svg::text("tick-x", x(tier.n), kExposureBottom + 18, words_.plain_number(tier.n));
    }
    return out + svg::text("axis-label-x", (kExposureLeft + kExposureRight) / 2,
                           kExposureHeight - 8, panel_.x_label);
  }

  std::string held_out() const {
    if (!panel_.held_out) {
      return "";
    }
    const ChartPoint& control = *panel_.held_out;
    std::string out;
    if (control.low && control.high) {
      out += svg::shape("rect", "control-band",
                        {{"x", kExposureLeft},
                         {"y", y(*control.high)},
                         {"width", kExposureRight - kExposureLeft},
                         {"height", y(*control.low) - y(*control.high)}});
    }
    out += svg::shape("line", "control-curve",
                      {{"x1", kExposureLeft},
                       {"x2", kExposureRight},
                       {"y1", y(control.share)},
                       {"y2", y(control.share)}});
    return out + svg::text("control-end", kExposureRight + 8, y(control.share) + 4,
                           panel_.held_out_label);
  }

  std::string tiers() const {
    std::vector<svg::Place> line;
    std::string marks;
    for (const ChartPoint& tier : panel_.tiers) {
      line.push_back({x(tier.n), y(tier.share)});
      if (tier.low && tier.high) {
        marks += svg::shape(
            "line", "span",
            {{"x1", x(tier.n)}, {"x2", x(tier.n)}, {"y1", y(*tier.low)}, {"y2", y(*tier.high)}});
      }
      marks += svg::dot("dot", x(tier.n), y(tier.share), 4.0, tier.label);
      // Above the interval, where neither the line nor the one before it passes.
      marks += svg::text("end", x(tier.n), y(tier.high.value_or(tier.share)) - 9,
                         words_.plain_number(tier.share));
    }
    return svg::polyline("curve-line", line) + marks;
  }

  const ExposurePanel& panel_;
  const Words& words_;
  double first_ = HUGE_VAL;
  double last_ = 0.0;
  double largest_ = 1.0;
  double step_ = 1.0;
  int steps_ = 1;
};

}  // namespace

Html exposure_chart(const ExposurePanel& panel, const Words& words) {
  return {ExposureDrawing(panel, words).draw()};
}

}  // namespace souvenir
