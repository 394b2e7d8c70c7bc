// Sparse vectors as bytes: pairs of u32 index and f32 value, little-endian, indices rising. The
// form of requests, columns and files alike.
// Threads: pure.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace elanus::vindex {

struct SparseEntry {
    uint32_t index = 0;
    float value = 0;
};
static_assert(sizeof(SparseEntry) == 8);

inline size_t SparseEntries(std::string_view vector) {
    return vector.size() / sizeof(SparseEntry);
}
// The bytes may have any alignment.
inline SparseEntry SparseAt(std::string_view vector, size_t i) {
    SparseEntry entry;
    std::memcpy(&entry, vector.data() + i * sizeof entry, sizeof entry);
    return entry;
}

// kInvalidParameter, in Milvus' words, unless the bytes are a sparse vector: whole pairs, indices
// strictly rising and below 2^32 - 1, values finite and not negative. It may be empty.
base::Status CheckSparseVector(std::string_view vector);

// The inner product, summed in double in the order of indices. Any bytes are survived.
double SparseProduct(std::string_view a, std::string_view b);

}  // namespace elanus::vindex
