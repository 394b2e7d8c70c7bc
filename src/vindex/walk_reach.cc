#include "vindex/walk_reach.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace elanus::vindex {
namespace {

// A walk that ended while candidates are better than what it found would miss them.
constexpr float kBeyondMin = 0;
// Rows so far away are of another cluster than the query; it has fewer than the pool would hold.
constexpr float kBeyondMax = 4;
// A walk takes more candidates than its pool holds: some of them are pushed out by better ones.
constexpr double kTakenOfPool = 1.125;
constexpr int kSteps = 24;  // of halving: to a few millionths

size_t HopsOf(const WalkReach::Course& course, size_t pool, float beyond) {
    const size_t least = std::min(WalkReach::Least(pool), course.size());
    const size_t most = std::min(WalkReach::Most(pool), course.size());
    const auto begin = course.begin();
    const auto end =
        std::find_if(begin + static_cast<ptrdiff_t>(least), begin + static_cast<ptrdiff_t>(most),
                     [beyond](float more) { return more > beyond; });
    return static_cast<size_t>(end - begin);
}

double MeanHops(std::span<const WalkReach::Course> courses, size_t pool, float beyond) {
    double sum = 0;
    for (const WalkReach::Course& course : courses) {
        sum += static_cast<double>(HopsOf(course, pool, beyond));
    }
    return sum / static_cast<double>(courses.size());
}

float FitOne(std::span<const WalkReach::Course> courses, size_t pool) {
    const double wanted = kTakenOfPool * static_cast<double>(pool);
    float low = kBeyondMin, high = kBeyondMax;
    for (int step = 0; step < kSteps; ++step) {
        const float middle = (low + high) / 2;
        (MeanHops(courses, pool, middle) < wanted ? low : high) = middle;
    }
    return high;
}

// Not where too few rows were found, or so many copies of the query that they cost nothing.
bool Tells(const WalkReach::Course& course) {
    return !course.empty() && course.back() > -1 && std::isfinite(course.back());
}

}  // namespace

WalkReach WalkReach::Fit(std::span<const Course> courses) {
    std::vector<Course> telling;
    std::copy_if(courses.begin(), courses.end(), std::back_inserter(telling), Tells);
    if (2 * telling.size() <= courses.size()) {
        return WalkReach();
    }
    Table table;
    for (size_t i = 0; i < kPools; ++i) {
        table[i] = FitOne(telling, kPoolMin << i);
    }
    return WalkReach(table);
}

// Between two sizes by the logarithm of the size, and beyond the largest as between the last two.
float WalkReach::Beyond(size_t pool) const {
    const float at = std::log2(static_cast<float>(std::max(pool, kPoolMin)) / kPoolMin);
    const size_t i = std::min(static_cast<size_t>(at), kPools - 2);
    return table_[i] + (table_[i + 1] - table_[i]) * (at - static_cast<float>(i));
}

}  // namespace elanus::vindex
