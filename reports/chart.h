#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/finding.h"
#include "reports/text.h"

namespace souvenir {

// One rate with its interval, as drawn.
//
//   label  said on hovering, and by screen readers
struct ChartPoint {
  double n = 1.0;
  double share = 0.0;
  std::optional<double> low;
  std::optional<double> high;
  std::string label;
};

// Shares of strings against numbers of queries, the controls' beside them.
//
//   top  of the vertical axis; the panels of one figure share it
struct CurvePanel {
  std::vector<ChartPoint> strings;
  std::vector<ChartPoint> controls;
  double top = 1.0;
  std::string aria;
  std::string x_label;
  std::string y_label;
};

// Draws a panel as SVG: n on a logarithmic axis, bands for intervals. Colours come from the page's
// style sheet, so that the drawing follows light and dark.
Html curve_chart(const CurvePanel& panel, const Words& words);

// Draws one rate as a dot on its interval, and the controls' rate under it if there is one.
Html strip_chart(const ChartPoint& point, const std::optional<ChartPoint>& control, double top,
                 const Words& words);

// Draws the axis that strips of the same `top` stand under.
Html strip_axis(double top, const Words& words);

// Exposure in bits against how often canaries stood in the training data.
//
//   tiers     by repetitions, ascending: `n` times, `share` bits
//   held_out  canaries that were not in the training data: a line across
struct ExposurePanel {
  std::vector<ChartPoint> tiers;
  std::optional<ChartPoint> held_out;
  std::string held_out_label;
  std::string aria;
  std::string x_label;
  std::string y_label;
};

// Draws medians as dots on their intervals, tiers on a logarithmic axis.
//
// Requires  at least one tier; each of at least one repetition
Html exposure_chart(const ExposurePanel& panel, const Words& words);

// One score's receiver operating characteristic, the best blind baseline's beside it.
//
//   blind       may be empty
//   least_rate  where the logarithmic axis begins, a power of ten
struct RocPanel {
  std::vector<CurvePoint> score;
  std::vector<CurvePoint> blind;
  double least_rate = 1e-3;
  std::string aria;
  std::string x_label;
  std::string y_label;
};

Html roc_chart(const RocPanel& panel, const Words& words);

// Returns the power of ten at or below the least false positive rate of a curve that is above 0.
double least_rate_shown(const std::vector<CurvePoint>& curve);

// Returns the end of an axis from 0 that holds `largest` and divides well: 1, 2, 2.5 or 5 times a
// power of ten, at most 1.
double axis_top(double largest);

}  // namespace souvenir
