#pragma once

#include <span>

namespace souvenir {

// Computes the chance of an area at least as large as the one observed, were labels handed out at
// random (Mann and Whitney): what holds whatever the scores are, when a coin decided who is a
// member.
//
// Returns   1 if there are no members or no non-members
// Exact     up to 40 strings in all, ties included; above, normal with ties accounted for and half
//           a step of continuity
double mann_whitney_p_value(std::span<const double> members, std::span<const double> non_members);

}  // namespace souvenir
