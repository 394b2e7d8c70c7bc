// The tree of boxes against the evaluator: shapes of every type, relations, and distances on both
// sides of the date line and near the poles.
#include "geometry/geometry.h"
#include "scalar_index/fixture_test.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace elanus::scalar_index {
namespace {

using geometry::Relation;
using schema::DataType;
using test::Built;
using test::CheckLeaf;
using test::MustBuild;

schema::FieldSchema GeometryField() {
    schema::FieldSchema field;
    field.id = test::kField;
    field.name = "g";
    field.type = DataType::kGeometry;
    field.nullable = true;
    return field;
}

std::string Wkb(const std::string& text) {
    const auto wkb = geometry::WkbFromWkt(text);
    CHECK(wkb.ok(), wkb.status().reason());
    return *wkb;
}

class Shapes {
  public:
    Shapes(uint64_t seed, double x_max, double y_max)
        : random_(seed), x_max_(x_max), y_max_(y_max) {}

    double Between(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random_);
    }
    std::string Pair(double x, double y) {
        return std::to_string(std::clamp(x, -x_max_, x_max_)) + " " +
               std::to_string(std::clamp(y, -y_max_, y_max_));
    }
    std::string Point() {
        return "POINT (" + Pair(Between(-x_max_, x_max_), Between(-y_max_, y_max_)) + ")";
    }
    std::string Next() {
        const double x = Between(-x_max_, x_max_);
        const double y = Between(-y_max_, y_max_);
        const double size = Between(0, 1) * Between(0, 30);
        switch (random_() % 6) {
            case 0:
                return "POLYGON ((" + Pair(x, y) + ", " + Pair(x + size, y) + ", " +
                       Pair(x, y + size) + ", " + Pair(x, y) + "))";
            case 1:
                return "LINESTRING (" + Pair(x, y) + ", " + Pair(x + size, y - size) + ")";
            case 2:
                return random_() % 8 == 0 ? "POLYGON EMPTY" : Point();
            case 3:
                return "GEOMETRYCOLLECTION (" + Point() + ")";
            default:
                return Point();
        }
    }

    schema::Column Column(size_t rows) {
        schema::ColumnBuilder builder(test::kField, DataType::kGeometry);
        for (size_t row = 0; row < rows; ++row) {
            if (random_() % 20 == 0) {
                builder.AppendNull();
            } else {
                builder.AppendBytes(random_() % 50 == 0 ? "damaged" : Wkb(Next()));
            }
        }
        return builder.Finish();
    }

    expr::Plan Leaf(Relation relation) {
        expr::Spatial leaf;
        leaf.column.field_id = test::kField;
        leaf.column.type = DataType::kGeometry;
        leaf.relation = relation;
        leaf.wkb = Wkb(relation == Relation::kDistance ? Point() : Next());
        leaf.meters = std::pow(10, Between(0, 7.3));
        expr::Plan plan;
        plan.node = std::move(leaf);
        return plan;
    }

  private:
    std::mt19937_64 random_;
    double x_max_;
    double y_max_;
};

TEST(BoxTreeTest, CandidatesHoldEveryHit) {
    size_t answered = 0;
    for (const size_t rows : {size_t{0}, size_t{1}, size_t{17}, size_t{600}}) {
        Shapes shapes(rows, 180, 90);
        const schema::Column column = shapes.Column(rows);
        const Built built = MustBuild("RTREE", GeometryField(), {}, column);
        for (int i = 0; i < 100; ++i) {
            for (uint8_t r = 0; r <= static_cast<uint8_t>(Relation::kValid); ++r) {
                const expr::Plan leaf = shapes.Leaf(static_cast<Relation>(r));
                answered += CheckLeaf(built, column, GeometryField(), leaf) ? 1 : 0;
            }
        }
    }
    EXPECT_GT(answered, 4u * 700u);
}

// Most rows lie far away, so a tree that answers everything is found out.
TEST(BoxTreeTest, LeavesFarPlacesOut) {
    Shapes shapes(3, 180, 90);
    schema::ColumnBuilder builder(test::kField, DataType::kGeometry);
    for (int i = 0; i < 20000; ++i) {
        builder.AppendBytes(Wkb(shapes.Point()));
    }
    const schema::Column column = builder.Finish();
    const Built built = MustBuild("AUTOINDEX", GeometryField(), {}, column);
    EXPECT_EQ(built.report.kind, Kind::kBoxTree);
    expr::Spatial near{.column = {},
                       .relation = Relation::kDistance,
                       .wkb = Wkb("POINT (179.9 10)"),
                       .meters = 500000};
    near.column.field_id = test::kField;
    near.column.type = DataType::kGeometry;
    expr::Plan leaf;
    leaf.node = near;
    ASSERT_TRUE(CheckLeaf(built, column, GeometryField(), leaf));
    const auto bits = built.index->Answer(leaf);
    ASSERT_TRUE(bits.ok());
    EXPECT_GT(bits->rows.Count(), 0u);
    EXPECT_LT(bits->rows.Count(), 100u);
    EXPECT_LT(built.index->Estimate(leaf)->rows, 2000u);
}

TEST(BoxTreeTest, PlanarPlacesHaveNoDistances) {
    Shapes shapes(4, 5000, 5000);
    const schema::Column column = shapes.Column(300);
    const Built built = MustBuild("RTREE", GeometryField(), {}, column);
    EXPECT_FALSE(built.index->Estimate(shapes.Leaf(Relation::kDistance)).has_value());
    for (int i = 0; i < 300; ++i) {
        CheckLeaf(built, column, GeometryField(), shapes.Leaf(Relation::kIntersects));
    }
}

TEST(BoxTreeTest, CoordinatesThatAreNoNumbersOrInfinite) {
    const auto point = [](double x, double y) {
        std::string wkb = Wkb("POINT (1 2)");
        std::memcpy(wkb.data() + 5, &x, 8);
        std::memcpy(wkb.data() + 13, &y, 8);
        return wkb;
    };
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    schema::ColumnBuilder builder(test::kField, DataType::kGeometry);
    for (const double x : {kNan, kInfinity, -kInfinity, 1e300, -1e300, 1.0}) {
        for (const double y : {kNan, kInfinity, 1.0}) {
            builder.AppendBytes(point(x, y));
        }
    }
    const schema::Column column = builder.Finish();
    const Built built = MustBuild("RTREE", GeometryField(), {}, column);
    for (const char* text : {"POINT (1 1)", "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))", "POINT EMPTY"}) {
        for (uint8_t r = 0; r <= static_cast<uint8_t>(Relation::kDistance); ++r) {
            expr::Spatial spatial;
            spatial.column.field_id = test::kField;
            spatial.column.type = DataType::kGeometry;
            spatial.relation = static_cast<Relation>(r);
            spatial.wkb = Wkb(text);
            spatial.meters = 1000;
            expr::Plan leaf;
            leaf.node = spatial;
            CheckLeaf(built, column, GeometryField(), leaf);
        }
    }
}

}  // namespace
}  // namespace elanus::scalar_index
