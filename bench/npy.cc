#include "npy.h"

#include "simd/half.h"

#include <cstring>
#include <fstream>
#include <limits>
#include <regex>

namespace elanus::bench {
namespace {

struct Header {
    std::string type;  // "<f4" ...
    size_t rows = 0;
    size_t columns = 0;
};

base::Status Bad(const std::string& path, const std::string& why) {
    return base::InvalidParameter(path + ": " + why);
}

// The dictionary of an .npy header is text: {'descr': '<f4', 'fortran_order': False, 'shape': (2,
// 3), }
base::Result<Header> ReadHeader(const std::string& path, std::istream& file) {
    char magic[8] = {};
    uint32_t length = 0;
    file.read(magic, sizeof magic);
    if (!file || std::memcmp(magic, "\x93NUMPY", 6) != 0) {
        return Bad(path, "not an .npy file");
    }
    file.read(reinterpret_cast<char*>(&length), magic[6] == 1 ? 2 : 4);
    if (!file || length > (1u << 20)) {
        return Bad(path, "bad header");
    }
    std::string text(length, ' ');
    file.read(text.data(), static_cast<std::streamsize>(length));
    std::smatch type, shape;
    if (!file || !std::regex_search(text, type, std::regex("'descr': *'([^']+)'")) ||
        !std::regex_search(text, shape, std::regex("'shape': *\\(([0-9]+), *([0-9]+)\\)")) ||
        text.find("'fortran_order': False") == std::string::npos) {
        return Bad(path, "not a two-dimensional array in C order");
    }
    return Header{type[1], std::stoul(shape[1]), std::stoul(shape[2])};
}

template <typename T>
base::Status ReadValues(const std::string& path, std::istream& file, size_t count,
                        std::vector<T>* values) {
    values->resize(count);
    file.read(reinterpret_cast<char*>(values->data()),
              static_cast<std::streamsize>(count * sizeof(T)));
    return file ? base::Status() : Bad(path, "shorter than its header says");
}

template <typename T>
base::Result<Matrix<T>> Read(const std::string& path, std::string_view type,
                             const std::string& name) {
    std::ifstream file(path, std::ios::binary);
    ASSIGN_OR_RETURN(const Header header, ReadHeader(path, file));
    if (header.type != type) {
        return Bad(path, "not " + name);
    }
    Matrix<T> matrix{header.rows, header.columns, {}};
    RETURN_IF_ERROR(ReadValues(path, file, header.rows * header.columns, &matrix.values));
    return matrix;
}

}  // namespace

base::Result<Matrix<float>> ReadFloats(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    ASSIGN_OR_RETURN(const Header header, ReadHeader(path, file));
    Matrix<float> matrix{header.rows, header.columns, {}};
    const size_t count = header.rows * header.columns;
    if (header.type == "<f4") {
        RETURN_IF_ERROR(ReadValues(path, file, count, &matrix.values));
        return matrix;
    }
    if (header.type != "<f2") {
        return Bad(path, "neither float32 nor float16");
    }
    std::vector<uint16_t> halves;
    RETURN_IF_ERROR(ReadValues(path, file, count, &halves));
    matrix.values.reserve(count);
    for (uint16_t half : halves) {
        matrix.values.push_back(simd::FloatFromHalf(half));
    }
    return matrix;
}

base::Result<Matrix<int32_t>> ReadInts(const std::string& path) {
    return Read<int32_t>(path, "<i4", "int32");
}

base::Result<Matrix<uint8_t>> ReadBytes(const std::string& path) {
    return Read<uint8_t>(path, "|u1", "uint8");
}

}  // namespace elanus::bench
