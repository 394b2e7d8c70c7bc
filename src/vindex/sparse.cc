#include "vindex/sparse.h"

#include <cmath>
#include <limits>
#include <string>

namespace elanus::vindex {
namespace {

base::Status CheckValue(float value) {
    if (!std::isfinite(value)) {
        const char* text = std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        return base::InvalidParameter("value '" + std::string(text) +
                                      "' is not a number or infinity");
    }
    return value < 0 ? base::InvalidParameter("negative value in sparse float vector")
                     : base::Status();
}

}  // namespace

base::Status CheckSparseVector(std::string_view vector) {
    if (vector.size() % sizeof(SparseEntry) != 0) {
        return base::InvalidParameter("invalid data length in sparse float vector: " +
                                      std::to_string(vector.size()));
    }
    uint32_t before = 0;
    for (size_t i = 0; i < SparseEntries(vector); ++i) {
        const SparseEntry entry = SparseAt(vector, i);
        if (entry.index == std::numeric_limits<uint32_t>::max()) {
            return base::InvalidParameter(
                "invalid index in sparse float vector: must be less than 2^32-1");
        }
        if (i > 0 && entry.index <= before) {
            return base::InvalidParameter("unsorted or same indices in sparse float vector");
        }
        RETURN_IF_ERROR(CheckValue(entry.value));
        before = entry.index;
    }
    return base::Status();
}

double SparseProduct(std::string_view a, std::string_view b) {
    double sum = 0;
    const size_t a_end = SparseEntries(a);
    const size_t b_end = SparseEntries(b);
    for (size_t i = 0, j = 0; i < a_end && j < b_end;) {
        const SparseEntry x = SparseAt(a, i);
        const SparseEntry y = SparseAt(b, j);
        if (x.index == y.index) {
            sum += static_cast<double>(x.value) * y.value;
        }
        i += x.index <= y.index ? 1 : 0;
        j += y.index <= x.index ? 1 : 0;
    }
    return sum;
}

}  // namespace elanus::vindex
