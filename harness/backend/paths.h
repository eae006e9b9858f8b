#pragma once

namespace souvenir {

// Which way each part of the forward pass is computed. The defaults are the fast ones; the others
// are their twins in plain ATen, which every other device takes and tests compare with.

// Weights in the layout of the faster kernel, of oneDNN's whichever is faster, or as they are.
enum class Packing { when_possible, one_dnn, never };
enum class AttentionPath { automatic, aten };   // the CPU kernel where there is one
enum class RowPath { automatic, aten };         // norms and rotation likewise
enum class HeadPath { automatic, whole_rows };  // tiles of the vocabulary, or rows of all of it

struct DecoderPaths {
  Packing packing = Packing::when_possible;
  AttentionPath attention = AttentionPath::automatic;
  RowPath rows = RowPath::automatic;
  HeadPath head = HeadPath::automatic;
};

}  // namespace souvenir
