#pragma once

#include <string_view>

namespace souvenir {

// Computes how much of a value its prompt gives away: the length of the longest piece of it that
// stands in the prompt, over its own length; both in small letters, letters and digits only. An
// e-mail's two sides are looked for apart (the domain without its last label) and weighed by
// length.
//
// Returns  in [0, 1]; 1 where the value has no letter or digit
// Cost     O(|value| |prompt|)
// Source   cue overlap of arXiv 2601.03791
double cue_overlap(std::string_view kind, std::string_view value, std::string_view prompt);

}  // namespace souvenir
