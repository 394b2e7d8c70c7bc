// Geometry: GEOS behind a fence. Text in, well-known binary stored, text out, and the spatial
// predicates of filters over stored values.
//
// Invariant: INV-GEOMETRY-1  Bytes reach GEOS only after ScanWkb() took them, and text only when
// its nesting is bounded: GEOS recurses over both.
// Threads: the functions are free to use anywhere; a Predicate belongs to one thread at a time.
#pragma once

#include "base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace elanus::geometry {

// Well-known text to well-known binary (ISO, little-endian) and back. Coordinates are written with
// the fewest digits that read back the same.
base::Result<std::string> WkbFromWkt(std::string_view text);
base::Result<std::string> WktFromWkb(std::string_view bytes);

enum class Relation : uint8_t {
    kEquals,
    kTouches,
    kOverlaps,
    kCrosses,
    kContains,
    kIntersects,
    kWithin,
    kDistance,  // Nearby()
    kValid,     // Valid()
};

// A predicate over stored geometries: `row relation shape`. Rows whose bytes are damaged, and rows
// that GEOS cannot relate to the shape (a collection, a polygon that crosses itself), give false.
class Predicate {
  public:
    // InvalidParameter when `wkb` is no geometry. kEquals to kWithin.
    static base::Result<Predicate> Relate(Relation relation, std::string_view wkb);
    // True within `meters` of a point given as longitude and latitude in degrees, on a sphere of
    // the Earth's mean radius. Of lines and areas their nearest place counts.
    static base::Result<Predicate> Nearby(std::string_view point_wkb, double meters);
    // True for geometries that are valid by the OGC's rules.
    static Predicate Valid();

    Predicate(Predicate&&) noexcept;
    Predicate& operator=(Predicate&&) noexcept;
    ~Predicate();

    bool Holds(std::string_view row_wkb);

  private:
    struct State;
    explicit Predicate(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace elanus::geometry
