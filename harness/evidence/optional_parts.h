#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/evidence/json_node.h"

namespace souvenir {

// The parts that evidence may do without, to JSON and back: null where there is none. Readers throw
// as JsonNode does; the curve's writer throws internal for a curve that its reader would refuse.

nlohmann::json context_to_json(const std::optional<AuditContext>& context);
std::optional<AuditContext> read_context(const JsonNode& node);

nlohmann::json demo_to_json(const std::optional<Demo>& demo);
std::optional<Demo> read_demo(const JsonNode& node);

nlohmann::json curve_to_json(const std::vector<CurvePoint>& curve);
std::vector<CurvePoint> read_curve(const JsonNode& node);

}  // namespace souvenir
