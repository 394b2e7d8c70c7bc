// Wkb: geometries in well-known binary, read without a library: their type and bounds, and their
// text. What passes here is safe to hand to a library: counts fit the bytes, nesting is bounded.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace elanus::geometry {

// Bounds of the coordinates; `empty` when there are none.
struct Box {
    bool empty = true;
    double x_min = 0;
    double y_min = 0;
    double x_max = 0;
    double y_max = 0;

    void Include(double x, double y);
    bool Meets(const Box& other) const;
};

struct WkbShape {
    // 1 point, 2 line string, 3 polygon, 4 to 6 their multi forms, 7 collection.
    int type = 0;
    Box box;
};

// Absent unless the bytes are exactly one geometry, in either byte order, in ISO or extended form.
std::optional<WkbShape> ScanWkb(std::string_view bytes);
// The same geometry as well-known text; coordinates have the fewest digits that read back the same,
// never an exponent. Written here because the number buffer of GEOS 3.11 overflows from 1e100 on.
std::optional<std::string> TextOfWkb(std::string_view bytes);

}  // namespace elanus::geometry
