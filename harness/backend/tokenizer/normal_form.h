#pragma once

#include "harness/backend/tokenizer/aligned_text.h"

namespace souvenir::tokenizing {

// Unicode normalisation forms (UAX 15).
enum class NormalForm { nfc, nfd, nfkc, nfkd };

// Brings a text into a normal form, as the reference library does: the tables of Unicode 9, and its
// rule for which original characters a composed or reordered one comes from.
//
// Cost  linear, but for runs of combining marks, which are sorted
void normalize(AlignedText& text, NormalForm form);

}  // namespace souvenir::tokenizing
