#include "geometry/geometry.h"

#include "geometry/wkb.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::geometry {
namespace {

std::string Wkb(const std::string& text) {
    auto wkb = WkbFromWkt(text);
    EXPECT_TRUE(wkb.ok()) << text << " " << wkb.status().reason();
    return wkb.ok() ? *wkb : "";
}

TEST(Geometry, TextGoesToBytesAndBack) {
    for (const char* text :
         {"POINT (1 2)", "POINT (0.1 -120.123456)", "POINT (1e-07 12345678.9)",
          "POINT (1e300 -5e-324)", "LINESTRING (0 0, 1 1, 2 0)",
          "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "MULTIPOINT (0 0, 1 1)",
          "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
          "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))", "POINT EMPTY", "POLYGON EMPTY",
          "GEOMETRYCOLLECTION EMPTY", "POINT Z (1 2 3)"}) {
        const std::string wkb = Wkb(text);
        auto back = WktFromWkb(wkb);
        ASSERT_TRUE(back.ok()) << text;
        EXPECT_EQ(Wkb(*back), wkb) << *back;
    }
    EXPECT_EQ(*WktFromWkb(Wkb("point(1   2)")), "POINT (1 2)");
    EXPECT_EQ(*WktFromWkb(Wkb("POINT (0.1 -120.123456)")), "POINT (0.1 -120.123456)");
    EXPECT_EQ(*WktFromWkb(Wkb("MULTIPOINT ((0 0), (1 1))")), "MULTIPOINT (0 0, 1 1)");
    EXPECT_EQ(*WktFromWkb(Wkb("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY)")),
              "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY)");
    EXPECT_EQ(*WktFromWkb(Wkb("GEOMETRYCOLLECTION (POINT EMPTY, POINT (-0.5 1e3))")),
              "GEOMETRYCOLLECTION (POINT EMPTY, POINT (-0.5 1000))");
    // One byte of order, a type of four bytes, two doubles.
    EXPECT_EQ(Wkb("POINT (1 2)").substr(0, 5), std::string("\x01\x01\0\0\0", 5));
    EXPECT_EQ(Wkb("POINT (1 2)").size(), 21U);
}

TEST(Geometry, RefusesWhatIsNone) {
    std::string deep;
    for (int i = 0; i < 100000; ++i) {
        deep += "GEOMETRYCOLLECTION(";
    }
    for (const std::string& text :
         {std::string(), std::string("POINT"), std::string("POINT (1)"),
          std::string("CIRCLE (1 2)"), std::string("POINT (1 2"),
          std::string("POLYGON ((0 0, 1 1))"), deep, std::string("POINT (a b)"),
          std::string("POINT (1 2) x"), std::string("POINT (1 2) POINT (3 4)")}) {
        EXPECT_FALSE(WkbFromWkt(text).ok()) << text.substr(0, 40);
    }
    std::string nested;
    for (int i = 0; i < 100000; ++i) {
        nested += std::string("\x01\x07\0\0\0\x01\0\0\0", 9);
    }
    for (const std::string& bytes :
         {std::string(), std::string("abc"), std::string("\x01\x01\0\0\0", 5), nested,
          std::string("\x01\x02\0\0\0\xff\xff\xff\xff", 9), std::string("\x02\x01\0\0\0", 5),
          std::string("\x01\x09\0\0\0", 5), Wkb("POINT (1 2)") + "x"}) {
        EXPECT_FALSE(WktFromWkb(bytes).ok());
        EXPECT_FALSE(ScanWkb(bytes).has_value());
    }
}

bool Relate(Relation relation, const std::string& row, const std::string& shape) {
    auto predicate = Predicate::Relate(relation, Wkb(shape));
    EXPECT_TRUE(predicate.ok());
    return predicate->Holds(Wkb(row));
}

TEST(Predicate, RelatesRowsToAShape) {
    const std::string square = "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))";
    const std::string shifted = "POLYGON ((2 2, 6 2, 6 6, 2 6, 2 2))";
    const std::string beside = "POLYGON ((4 0, 8 0, 8 4, 4 4, 4 0))";
    EXPECT_TRUE(Relate(Relation::kEquals, "POLYGON ((4 0, 4 4, 0 4, 0 0, 4 0))", square));
    EXPECT_FALSE(Relate(Relation::kEquals, shifted, square));
    EXPECT_TRUE(Relate(Relation::kEquals, "POINT EMPTY", "POLYGON EMPTY"));
    EXPECT_TRUE(Relate(Relation::kTouches, beside, square));
    EXPECT_FALSE(Relate(Relation::kTouches, shifted, square));
    EXPECT_TRUE(Relate(Relation::kOverlaps, shifted, square));
    EXPECT_FALSE(Relate(Relation::kOverlaps, beside, square));
    EXPECT_TRUE(Relate(Relation::kCrosses, "LINESTRING (-1 2, 5 2)", square));
    EXPECT_TRUE(Relate(Relation::kCrosses, square, "LINESTRING (-1 2, 5 2)"));
    EXPECT_FALSE(Relate(Relation::kCrosses, "LINESTRING (1 2, 3 2)", square));
    EXPECT_TRUE(Relate(Relation::kContains, square, "POINT (1 1)"));
    EXPECT_FALSE(Relate(Relation::kContains, "POINT (1 1)", square));
    EXPECT_TRUE(Relate(Relation::kWithin, "POINT (1 1)", square));
    EXPECT_FALSE(Relate(Relation::kWithin, square, "POINT (1 1)"));
    EXPECT_FALSE(Relate(Relation::kWithin, "POINT (4 4)", square));  // only its border
    EXPECT_TRUE(Relate(Relation::kIntersects, "POINT (4 4)", square));
    EXPECT_FALSE(Relate(Relation::kIntersects, "POINT (9 9)", square));
    EXPECT_FALSE(Relate(Relation::kIntersects, "POINT EMPTY", square));
    EXPECT_FALSE(Predicate::Relate(Relation::kEquals, "no geometry").ok());
}

TEST(Predicate, MeasuresMetersOnTheSphere) {
    // One degree of latitude is 111,195 meters; of longitude at 60 degrees half of that.
    auto near = Predicate::Nearby(Wkb("POINT (0 0)"), 111200);
    EXPECT_TRUE(near->Holds(Wkb("POINT (0 1)")));
    EXPECT_TRUE(near->Holds(Wkb("POINT (1 0)")));
    EXPECT_FALSE(near->Holds(Wkb("POINT (1 1)")));
    EXPECT_FALSE(near->Holds(Wkb("POINT EMPTY")));
    auto north = Predicate::Nearby(Wkb("POINT (10 60)"), 56000);
    EXPECT_TRUE(north->Holds(Wkb("POINT (11 60)")));
    EXPECT_FALSE(north->Holds(Wkb("POINT (10 61)")));
    EXPECT_TRUE(north->Holds(Wkb("LINESTRING (11 59, 11 61)")));
    EXPECT_FALSE(north->Holds(Wkb("LINESTRING (11.1 59, 11.1 61)")));
    EXPECT_TRUE(north->Holds(Wkb("POLYGON ((9 59, 11 59, 11 61, 9 61, 9 59))")));
    auto here = Predicate::Nearby(Wkb("POINT (10 60)"), 0);
    EXPECT_TRUE(here->Holds(Wkb("POINT (10 60)")));
    EXPECT_FALSE(Predicate::Nearby(Wkb("LINESTRING (0 0, 1 1)"), 1).ok());
    EXPECT_FALSE(Predicate::Nearby(Wkb("POINT EMPTY"), 1).ok());
    EXPECT_FALSE(Predicate::Nearby(Wkb("POINT (0 0)"), -1).ok());
}

TEST(Predicate, TellsValidFromInvalid) {
    Predicate valid = Predicate::Valid();
    EXPECT_TRUE(valid.Holds(Wkb("POINT (1 1)")));
    EXPECT_TRUE(valid.Holds(Wkb("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))")));
    EXPECT_FALSE(valid.Holds(Wkb("POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))")));
    EXPECT_FALSE(valid.Holds("garbage"));
}

TEST(Predicate, SurvivesDamagedBytes) {
    std::mt19937 random(7);
    std::vector<Predicate> predicates;
    const std::string shape = Wkb("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0))");
    for (int relation = 0; relation <= static_cast<int>(Relation::kWithin); ++relation) {
        predicates.push_back(*Predicate::Relate(static_cast<Relation>(relation), shape));
    }
    predicates.push_back(*Predicate::Nearby(Wkb("POINT (1 1)"), 1000));
    predicates.push_back(Predicate::Valid());
    const std::string good =
        Wkb("GEOMETRYCOLLECTION (POINT (1 2), POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0)))");
    for (int round = 0; round < 3000; ++round) {
        std::string bytes =
            good.substr(0, random() % 4 == 0 ? random() % good.size() : good.size());
        for (size_t i = 0; i < 1 + random() % 3 && !bytes.empty(); ++i) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        for (Predicate& predicate : predicates) {
            predicate.Holds(bytes);
        }
        auto text = WktFromWkb(bytes);
    }
}

}  // namespace
}  // namespace elanus::geometry
