// A receiver operating characteristic: the share of members found against the share of non-members
// mistaken for members, which stands on a logarithmic axis because only its low end matters.

#include <algorithm>
#include <cmath>

#include "reports/chart.h"
#include "reports/svg.h"

namespace souvenir {

namespace {

constexpr double kRocWidth = 320.0;
constexpr double kRocHeight = 264.0;
constexpr double kRocLeft = 46.0;
constexpr double kRocRight = 300.0;
constexpr double kRocTop = 26.0;
constexpr double kRocBottom = 216.0;

class RocDrawing {
 public:
  RocDrawing(const RocPanel& panel, const Words& words) : panel_(panel), words_(words) {}

  std::string draw() const {
    std::string out = svg::open_svg("roc", kRocWidth, kRocHeight, panel_.aria) + axes();
    out += svg::polyline("chance", chance());
    out += svg::polyline("control-curve", steps(panel_.blind));
    out += svg::polyline("curve-line", steps(panel_.score));
    return out + "</svg>";
  }

 private:
  double x(double rate) const {
    const double least = std::log(panel_.least_rate);
    return kRocLeft +
           (kRocRight - kRocLeft) * (std::log(std::max(rate, panel_.least_rate)) - least) / -least;
  }
  double y(double share) const { return kRocBottom - (kRocBottom - kRocTop) * share; }

  std::string axes() const {
    std::string out = svg::text("axis-label", 4, 12, panel_.y_label);
    for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      out += svg::shape("line", tick == 0.0 ? "axis" : "grid",
                        {{"x1", kRocLeft}, {"x2", kRocRight}, {"y1", y(tick)}, {"y2", y(tick)}});
      out += svg::text("tick-y", kRocLeft - 7, y(tick) + 4, words_.plain_tick(tick));
    }
    for (double rate = panel_.least_rate; rate < 1.5; rate *= 10) {
      out += svg::shape(
          "line", "axis",
          {{"x1", x(rate)}, {"x2", x(rate)}, {"y1", kRocBottom}, {"y2", kRocBottom + 4}});
      out += svg::text("tick-x", x(rate), kRocBottom + 18, words_.plain_tick(std::min(rate, 1.0)));
    }
    return out +
           svg::text("axis-label-x", (kRocLeft + kRocRight) / 2, kRocHeight - 8, panel_.x_label);
  }

  // As many members as non-members: a straight line that a logarithm bends.
  std::vector<svg::Place> chance() const {
    std::vector<svg::Place> out;
    const int kSteps = 40;
    for (int i = 0; i <= kSteps; ++i) {
      const double rate = std::pow(panel_.least_rate, 1.0 - static_cast<double>(i) / kSteps);
      out.push_back({x(rate), y(rate)});
    }
    return out;
  }

  // Members found rise before non-members do: a staircase, and what lies left of the axis stands on
  // it.
  std::vector<svg::Place> steps(const std::vector<CurvePoint>& curve) const {
    std::vector<svg::Place> out;
    for (const CurvePoint& point : curve) {
      const svg::Place place{x(point.false_positive_rate), y(point.true_positive_rate)};
      if (!out.empty() && place.x > out.back().x) {
        out.push_back({place.x, out.back().y});
      }
      out.push_back(place);
    }
    return out;
  }

  const RocPanel& panel_;
  const Words& words_;
};

}  // namespace

double least_rate_shown(const std::vector<CurvePoint>& curve) {
  double least = 0.1;
  for (const CurvePoint& point : curve) {
    if (point.false_positive_rate > 0.0) {
      least = std::min(least, point.false_positive_rate);
    }
  }
  return std::max(1e-5, std::pow(10.0, std::floor(std::log10(least) + 1e-9)));
}

Html roc_chart(const RocPanel& panel, const Words& words) {
  return {RocDrawing(panel, words).draw()};
}

}  // namespace souvenir
