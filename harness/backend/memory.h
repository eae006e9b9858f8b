#pragma once

namespace souvenir {

// Tells the C library's allocator to keep freed blocks for the next batch instead of giving them
// back to the system. A forward pass makes and frees the same few large blocks in every layer;
// fetching their pages anew each time costs up to a fifth of the run.
//
// Process-wide, and nothing but speed and the memory held between batches (up to 256 MB) depends on
// it. Does nothing where the allocator is not glibc's.
void keep_freed_memory();

// Gives every freed block back to the system at once, also those between blocks in use.
void give_back_freed_memory();

}  // namespace souvenir
