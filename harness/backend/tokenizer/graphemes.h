#pragma once

#include <cstddef>
#include <string_view>

namespace souvenir::tokenizing {

// Returns the end of the extended grapheme cluster (what a reader takes for one character) that
// begins at a position.
//
// Errs       from Unicode 15.1 on, Indic conjuncts are not joined; no cluster of fewer than 6
//            bytes, which is what it is asked for, differs by that alone
// Requires   valid UTF-8, a position at the start of a cluster and before the end
std::size_t grapheme_end(std::string_view text, std::size_t position);

}  // namespace souvenir::tokenizing
