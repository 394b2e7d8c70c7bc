#include "geometry/geometry.h"

#include "geometry/wkb.h"

#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#define GEOS_USE_ONLY_R_API
#include <geos_c.h>

namespace elanus::geometry {

namespace {

constexpr size_t kTextBytesMax = size_t{16} << 20;
constexpr int kTextNestingMax = 32;

// A GEOS context that keeps the last error.
class Context {
  public:
    Context() : handle_(GEOS_init_r()) {
        GEOSContext_setErrorMessageHandler_r(handle_, &Context::Keep, this);
    }
    ~Context() { GEOS_finish_r(handle_); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    GEOSContextHandle_t get() const { return handle_; }
    const std::string& error() const { return error_; }

  private:
    static void Keep(const char* message, void* self) {
        static_cast<Context*>(self)->error_ = message;
    }

    GEOSContextHandle_t handle_;
    std::string error_;
};

template <auto Destroy>
struct Deleter {
    GEOSContextHandle_t context = nullptr;
    template <typename T>
    void operator()(T* object) const {
        Destroy(context, object);
    }
};
template <typename T, auto Destroy>
using Owned = std::unique_ptr<T, Deleter<Destroy>>;
using Shape = Owned<GEOSGeometry, GEOSGeom_destroy_r>;
using PreparedShape = Owned<const GEOSPreparedGeometry, GEOSPreparedGeom_destroy_r>;
using Coordinates = Owned<GEOSCoordSequence, GEOSCoordSeq_destroy_r>;
using WkbReader = Owned<GEOSWKBReader, GEOSWKBReader_destroy_r>;
using WkbWriter = Owned<GEOSWKBWriter, GEOSWKBWriter_destroy_r>;
using WktReader = Owned<GEOSWKTReader, GEOSWKTReader_destroy_r>;
using Bytes = Owned<unsigned char, GEOSFree_r>;

template <typename O, typename T>
O Own(const Context& context, T* object) {
    return O(object, {context.get()});
}

bool IsSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// What GEOS' reader leaves open: bounded nesting, and nothing behind the geometry.
bool IsOneBoundedText(std::string_view text) {
    while (!text.empty() && IsSpace(text.back())) {
        text.remove_suffix(1);
    }
    int depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        depth += text[i] == '(' ? 1 : (text[i] == ')' ? -1 : 0);
        const bool closes_early = text[i] == ')' && depth == 0 && i + 1 < text.size();
        if (text[i] == '\0' || depth < 0 || depth > kTextNestingMax || closes_early) {
            return false;
        }
    }
    constexpr size_t kEmptyTextMax = 32;  // "GEOMETRYCOLLECTION ZM EMPTY" and some blanks
    return text.ends_with(')') || text.size() <= kEmptyTextMax;
}

base::Status BadBytes() {
    return base::InvalidParameter("invalid WKB: not a geometry");
}

Shape ReadShape(const Context& context, GEOSWKBReader* reader, std::string_view bytes) {
    return Own<Shape>(
        context,
        GEOSWKBReader_read_r(context.get(), reader,
                             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

constexpr double kEarthRadiusMeters = 6371008.8;
constexpr double kRadiansPerDegree = std::numbers::pi / 180;

// Great-circle distance of two places in degrees (haversine formula).
double SphereMeters(double lon_a, double lat_a, double lon_b, double lat_b) {
    const double lat = std::sin((lat_b - lat_a) * kRadiansPerDegree / 2);
    const double lon = std::sin((lon_b - lon_a) * kRadiansPerDegree / 2);
    const double h = lat * lat + std::cos(lat_a * kRadiansPerDegree) *
                                     std::cos(lat_b * kRadiansPerDegree) * lon * lon;
    return 2 * kEarthRadiusMeters * std::asin(std::sqrt(std::min(1.0, h)));
}

}  // namespace

base::Result<std::string> WkbFromWkt(std::string_view text) {
    if (text.size() > kTextBytesMax || !IsOneBoundedText(text)) {
        return base::InvalidParameter("invalid WKT: not one geometry, or nested too deeply");
    }
    const Context context;
    const auto reader = Own<WktReader>(context, GEOSWKTReader_create_r(context.get()));
    const auto shape = Own<Shape>(
        context, GEOSWKTReader_read_r(context.get(), reader.get(), std::string(text).c_str()));
    if (shape == nullptr) {
        return base::InvalidParameter("invalid WKT: " + context.error());
    }
    const auto writer = Own<WkbWriter>(context, GEOSWKBWriter_create_r(context.get()));
    GEOSWKBWriter_setByteOrder_r(context.get(), writer.get(), GEOS_WKB_NDR);
    GEOSWKBWriter_setFlavor_r(context.get(), writer.get(), GEOS_WKB_ISO);
    GEOSWKBWriter_setOutputDimension_r(context.get(), writer.get(), 3);
    size_t size = 0;
    const auto bytes =
        Own<Bytes>(context, GEOSWKBWriter_write_r(context.get(), writer.get(), shape.get(), &size));
    if (bytes == nullptr) {
        return base::InvalidParameter("invalid WKT: " + context.error());
    }
    std::string wkb(reinterpret_cast<const char*>(bytes.get()), size);
    if (!ScanWkb(wkb).has_value()) {
        return base::InvalidParameter("invalid WKT: unsupported geometry type");
    }
    return wkb;
}

base::Result<std::string> WktFromWkb(std::string_view bytes) {
    std::optional<std::string> text = TextOfWkb(bytes);
    if (!text.has_value()) {
        return BadBytes();
    }
    return *std::move(text);
}

struct Predicate::State {
    explicit State(Relation r) : relation(r) {
        reader = Own<WkbReader>(context, GEOSWKBReader_create_r(context.get()));
    }

    base::Status Prepare(std::string_view wkb) {
        const std::optional<WkbShape> scanned = ScanWkb(wkb);
        if (!scanned.has_value()) {
            return BadBytes();
        }
        box = scanned->box;
        type = scanned->type;
        shape = ReadShape(context, reader.get(), wkb);
        if (shape != nullptr) {
            prepared = Own<PreparedShape>(context, GEOSPrepare_r(context.get(), shape.get()));
        }
        if (shape == nullptr || prepared == nullptr) {
            return base::InvalidParameter("invalid geometry: " + context.error());
        }
        return base::Status();
    }

    // The answer of GEOS is 0, 1, or 2 for an exception. The prepared shape asks from its side.
    bool Relates(const GEOSGeometry* row) const {
        GEOSContextHandle_t c = context.get();
        switch (relation) {
            case Relation::kEquals:
                return GEOSEquals_r(c, row, shape.get()) == 1;
            case Relation::kTouches:
                return GEOSPreparedTouches_r(c, prepared.get(), row) == 1;
            case Relation::kOverlaps:
                return GEOSPreparedOverlaps_r(c, prepared.get(), row) == 1;
            case Relation::kCrosses:
                return GEOSPreparedCrosses_r(c, prepared.get(), row) == 1;
            case Relation::kContains:
                return GEOSPreparedWithin_r(c, prepared.get(), row) == 1;
            case Relation::kIntersects:
                return GEOSPreparedIntersects_r(c, prepared.get(), row) == 1;
            case Relation::kWithin:
                return GEOSPreparedContains_r(c, prepared.get(), row) == 1;
            default:
                return false;
        }
    }

    // The nearest place is looked for with degrees of longitude as long as they are at the point.
    bool IsNearby(const GEOSGeometry* row) const {
        double stretch = std::max(std::cos(y * kRadiansPerDegree), 1e-9);
        const auto squeeze = [](double* px, double*, void* factor) {
            *px *= *static_cast<double*>(factor);
            return 1;
        };
        const auto flat =
            Own<Shape>(context, GEOSGeom_transformXY_r(context.get(), row, squeeze, &stretch));
        const auto center =
            Own<Shape>(context, GEOSGeom_createPointFromXY_r(context.get(), x * stretch, y));
        if (flat == nullptr || center == nullptr) {
            return false;
        }
        const auto nearest =
            Own<Coordinates>(context, GEOSNearestPoints_r(context.get(), flat.get(), center.get()));
        double row_x = 0;
        double row_y = 0;
        return nearest != nullptr &&
               GEOSCoordSeq_getXY_r(context.get(), nearest.get(), 0, &row_x, &row_y) == 1 &&
               SphereMeters(row_x / stretch, row_y, x, y) <= meters;
    }

    Relation relation;
    Context context;
    WkbReader reader;
    Shape shape;
    PreparedShape prepared;
    Box box;
    int type = 0;
    double x = 0;
    double y = 0;
    double meters = 0;
};

Predicate::Predicate(std::unique_ptr<State> state) : state_(std::move(state)) {}
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;
Predicate::~Predicate() = default;

base::Result<Predicate> Predicate::Relate(Relation relation, std::string_view wkb) {
    auto state = std::make_unique<State>(relation);
    RETURN_IF_ERROR(state->Prepare(wkb));
    return Predicate(std::move(state));
}

base::Result<Predicate> Predicate::Nearby(std::string_view point_wkb, double meters) {
    const std::optional<WkbShape> point = ScanWkb(point_wkb);
    if (!point.has_value() || point->type != 1 || point->box.empty || !(meters >= 0)) {
        return base::InvalidParameter("a distance is measured from a point and is not negative");
    }
    auto state = std::make_unique<State>(Relation::kDistance);
    state->x = point->box.x_min;
    state->y = point->box.y_min;
    state->meters = meters;
    return Predicate(std::move(state));
}

Predicate Predicate::Valid() {
    return Predicate(std::make_unique<State>(Relation::kValid));
}

bool Predicate::Holds(std::string_view row_wkb) {
    const std::optional<WkbShape> row = ScanWkb(row_wkb);
    if (!row.has_value()) {
        return false;
    }
    State& state = *state_;
    if (state.relation == Relation::kDistance) {
        if (row->box.empty) {
            return false;
        }
        if (row->type == 1) {
            return SphereMeters(row->box.x_min, row->box.y_min, state.x, state.y) <= state.meters;
        }
    } else if (state.relation != Relation::kValid && !state.box.Meets(row->box)) {
        // Every relation but the equality of two empty shapes needs a place in both.
        return state.relation == Relation::kEquals && state.box.empty && row->box.empty;
    }
    const Shape shape = ReadShape(state.context, state.reader.get(), row_wkb);
    if (shape == nullptr) {
        return false;
    }
    if (state.relation == Relation::kValid) {
        return GEOSisValid_r(state.context.get(), shape.get()) == 1;
    }
    return state.relation == Relation::kDistance ? state.IsNearby(shape.get())
                                                 : state.Relates(shape.get());
}

}  // namespace elanus::geometry
