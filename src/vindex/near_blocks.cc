#include "vindex/near_blocks.h"

#include "base/hash.h"
#include "base/mutex.h"
#include "simd/distance.h"
#include "simd/near_rows.h"
#include "sys/huge_memory.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr size_t kLeadersMax = 4096;  // of one carving
constexpr size_t kRowsAtOnce = 48;    // that are compared with all leaders
constexpr size_t kDepthMax = 8;       // rows that carving does not part are cut by number

// What carving and picking take.
constexpr double kCarveWeight = 25, kPickWeight = 75;

// A row in a block, and which of its blocks this is.
struct Member {
    uint32_t row;
    uint32_t copy;
};
using Members = std::vector<Member>;

// One side of a product, and rows of the other.
class Columns {
  public:
    Columns(size_t rows_max, size_t width)
        : panels_(sys::AllocateHuge(simd::NearPadded(rows_max) * width)),
          factors_(3 * simd::NearPadded(rows_max)) {
        const size_t padded = simd::NearPadded(rows_max);
        view_ = {panels_.get(), factors_.data(), factors_.data() + padded,
                 factors_.data() + 2 * padded};
    }
    const simd::NearColumns& view() const { return view_; }

  private:
    std::shared_ptr<uint8_t> panels_;
    std::vector<float> factors_;
    simd::NearColumns view_;
};

// Values and factors of some rows, as kernels take them.
class RowList {
  public:
    template <typename List, typename RowOf>
    void Set(const CodedRows& rows, const List& list, const RowOf& row_of) {
        values_.clear();
        factors_.clear();
        for (const auto& item : list) {
            values_.push_back(rows.Values(row_of(item)));
            factors_.push_back(rows.Near(row_of(item)));
        }
    }
    simd::NearRows view() const { return {values_.data(), factors_.data(), values_.size()}; }
    float LargestNorm() const {
        float most = 0;
        for (const simd::NearFactors& f : factors_) {
            most = std::max(most, f.norm + f.lift * f.lift);
        }
        return most;
    }

  private:
    std::vector<const int8_t*> values_;
    std::vector<simd::NearFactors> factors_;
};

class Carver {
  public:
    Carver(const CodedRows& rows, const NearBlockOptions& options)
        : rows_(rows),
          options_(options),
          copies_(options.copies),
          rows_max_(std::min<size_t>(options.rows_max, rows.rows())),
          found_(rows.rows(), options.copies * options.picked_max) {}

    base::Result<Candidates> Run() {
        Members all(rows_.rows());
        for (uint32_t row = 0; row < rows_.rows(); ++row) {
            all[row] = {row, 0};
        }
        PartsProgress parts(options_.progress, {kCarveWeight, kPickWeight});
        const Progress carving = parts.Next();
        std::vector<Members> balls;
        if (all.size() <= rows_max_) {
            balls.push_back(std::move(all));
        } else {
            ASSIGN_OR_RETURN(balls, CarveAll(all, carving));
        }
        RETURN_IF_ERROR(ForChunks(
            static_cast<uint32_t>(balls.size()), options_.executor, options_.interrupt,
            parts.Next(),
            [&](uint32_t begin, uint32_t end) {
                std::unique_ptr<Room> room = TakeRoom();
                for (uint32_t ball = begin; ball < end; ++ball) {
                    Descend(balls[ball], 1, *room);
                }
                GiveBack(std::move(room));
            },
            kBallsAtOnce));
        return std::move(found_);
    }

  private:
    static constexpr uint32_t kBallsAtOnce = 2;

    // Memory of one thread at a time; large enough that making it anew for every task would show.
    struct Room {
        explicit Room(const Carver& carver)
            : columns(carver.rows_max_, carver.rows_.width()),
              square(sys::AllocateHuge(simd::NearPadded(carver.rows_max_) *
                                       simd::NearPadded(carver.rows_max_) * sizeof(uint16_t))),
              free(simd::NearPadded(carver.rows_max_)),
              picked(carver.options_.picked_max) {}

        Columns columns;
        RowList list;
        std::shared_ptr<uint8_t> square;
        std::vector<uint16_t> free;
        std::vector<uint16_t> picked;
    };

    std::unique_ptr<Room> TakeRoom() {
        {
            base::MutexLock lock(rooms_mutex_);
            if (!rooms_.empty()) {
                std::unique_ptr<Room> room = std::move(rooms_.back());
                rooms_.pop_back();
                return room;
            }
        }
        return std::make_unique<Room>(*this);
    }
    void GiveBack(std::unique_ptr<Room> room) {
        base::MutexLock lock(rooms_mutex_);
        rooms_.push_back(std::move(room));
    }

    struct Leaders {
        Leaders(const CodedRows& rows, const std::vector<uint32_t>& ids)
            : columns(ids.size(), rows.width()), count(ids.size()) {
            RowList list;
            list.Set(rows, ids, [](uint32_t id) { return id; });
            simd::Near().lay(list.view(), rows.width(), columns.view());
        }
        Columns columns;
        size_t count;
    };

    std::vector<uint32_t> Draw(const Members& members, size_t count, uint64_t salt) const {
        std::vector<uint32_t> ids(members.size());
        std::transform(members.begin(), members.end(), ids.begin(),
                       [](const Member& m) { return m.row; });
        const uint64_t stream = base::Hash64(base::Hash64(options_.seed) + salt);
        for (size_t i = 0; i < count; ++i) {
            std::swap(ids[i], ids[i + base::Hash64(stream + i) % (ids.size() - i)]);
        }
        ids.resize(count);
        return ids;
    }

    size_t LeaderCount(size_t members, size_t copies) const {
        return std::clamp<size_t>(members * copies / options_.rows_typical + 1, 2 * copies,
                                  std::min(kLeadersMax, members));
    }

    // near[i * copies + c] = the c-th nearest leader of members[begin + i].
    void Nearest(const Members& members, size_t begin, size_t end, const Leaders& leaders,
                 size_t copies, uint32_t* near) const {
        const size_t stride = simd::NearPadded(leaders.count);
        std::vector<float> costs(kRowsAtOnce * stride);
        RowList list;
        for (size_t at = begin; at < end; at += kRowsAtOnce) {
            const std::span some(members.data() + at, std::min(kRowsAtOnce, end - at));
            list.Set(rows_, some, [](const Member& m) { return m.row; });
            simd::Near().costs(list.view(), rows_.width(), leaders.columns.view(), leaders.count,
                               costs.data(), stride);
            for (size_t i = 0; i < some.size(); ++i) {
                Least(costs.data() + i * stride, leaders.count, copies,
                      near + (at - begin + i) * copies);
            }
        }
    }

    // The places of the `count` least costs, the least first.
    static void Least(const float* costs, size_t size, size_t count, uint32_t* out) {
        for (size_t kept = 0, at = 0; at < size; ++at) {
            if (kept == count && !(costs[at] < costs[out[count - 1]])) {
                continue;
            }
            kept += kept < count ? 1 : 0;
            size_t place = kept - 1;
            for (; place > 0 && costs[at] < costs[out[place - 1]]; --place) {
                out[place] = out[place - 1];
            }
            out[place] = static_cast<uint32_t>(at);
        }
    }

    base::Result<std::vector<Members>> CarveAll(const Members& all, const Progress& progress) {
        const std::vector<uint32_t> ids = Draw(all, LeaderCount(all.size(), copies_), 0);
        const Leaders leaders(rows_, ids);
        std::vector<uint32_t> near(all.size() * copies_);
        RETURN_IF_ERROR(ForChunks(static_cast<uint32_t>(all.size()), options_.executor,
                                  options_.interrupt, progress, [&](uint32_t begin, uint32_t end) {
                                      Nearest(all, begin, end, leaders, copies_,
                                              near.data() + begin * copies_);
                                  }));
        SortByHome(near, PlacesInChain(ids));
        std::vector<Members> balls(leaders.count);
        for (uint32_t row = 0; row < all.size(); ++row) {
            for (uint32_t copy = 0; copy < copies_; ++copy) {
                balls[near[row * copies_ + copy]].push_back({row, copy});
            }
        }
        return balls;
    }

    // The places of leaders in a chain that goes from each to the nearest that is left.
    std::vector<uint32_t> PlacesInChain(const std::vector<uint32_t>& leaders) const {
        std::vector<uint32_t> left(leaders.size()), ids = leaders, places(leaders.size());
        std::iota(left.begin(), left.end(), 0u);
        std::vector<float> costs(leaders.size());
        size_t next = 0;
        for (uint32_t place = 0; !left.empty(); ++place) {
            const uint32_t row = ids[next];
            places[left[next]] = place;
            left[next] = left.back();
            left.pop_back();
            ids[next] = ids.back();
            ids.pop_back();
            rows_.Costs(row, ids, costs.data());
            next = simd::PlaceOfLeast(costs.data(), ids.size());
        }
        return places;
    }

    // By the nearest leader, then by the next; leaders in the order of `places`.
    void SortByHome(const std::vector<uint32_t>& near, const std::vector<uint32_t>& places) {
        const size_t next = copies_ > 1 ? 1 : 0;
        std::vector<uint64_t> keys(rows_.rows());
        for (uint32_t row = 0; row < keys.size(); ++row) {
            const uint32_t* own = near.data() + row * copies_;
            keys[row] = (uint64_t{places[own[0]]} * kLeadersMax + places[own[next]]) << 32 | row;
        }
        std::sort(keys.begin(), keys.end());
        std::vector<uint32_t> order(keys.size());
        std::transform(keys.begin(), keys.end(), order.begin(),
                       [](uint64_t key) { return static_cast<uint32_t>(key); });
        found_.SetOrder(std::move(order));
    }

    // Parts what is too large for a block.
    void Descend(const Members& ball, size_t depth, Room& room) {
        if (ball.size() <= rows_max_) {
            Pick(ball, room);
            return;
        }
        if (options_.interrupt && !options_.interrupt().ok()) {
            return;  // the caller asks as well, and fails
        }
        for (const Members& part : depth < kDepthMax ? CarveOne(ball) : Cut(ball)) {
            // What carving hardly parts are copies of one row.
            const bool hardly_parted = part.size() / 7 > ball.size() / 8;
            Descend(part, hardly_parted ? kDepthMax : depth + 1, room);
        }
    }

    std::vector<Members> CarveOne(const Members& ball) const {
        const Leaders leaders(rows_, Draw(ball, LeaderCount(ball.size(), 1), ball[0].row + 1));
        std::vector<uint32_t> near(ball.size());
        Nearest(ball, 0, ball.size(), leaders, 1, near.data());
        std::vector<Members> parts(leaders.count);
        for (size_t i = 0; i < ball.size(); ++i) {
            parts[near[i]].push_back(ball[i]);
        }
        return parts;
    }

    // Into even parts by number.
    std::vector<Members> Cut(const Members& ball) const {
        std::vector<Members> parts(ball.size() / rows_max_ + 1);
        for (size_t i = 0; i < ball.size(); ++i) {
            parts[i % parts.size()].push_back(ball[i]);
        }
        return parts;
    }

    // Every row of a block picks among the others.
    void Pick(const Members& block, Room& room) {
        if (block.size() < 2) {
            return;
        }
        const simd::NearKernels& kernels = simd::Near();
        const size_t stride = simd::NearPadded(block.size());
        room.list.Set(rows_, block, [](const Member& m) { return m.row; });
        const simd::NearRows rows = room.list.view();
        auto* square = reinterpret_cast<uint16_t*>(room.square.get());
        kernels.lay(rows, rows_.width(), room.columns.view());
        kernels.square(rows, rows_.width(), room.columns.view(),
                       simd::NearBase(4 * room.list.LargestNorm()), square, stride);
        // What alpha is in the logarithmic steps of 16-bit distances.
        const auto slack = static_cast<uint16_t>(std::log2(options_.alpha) * 2048);
        for (uint32_t i = 0; i < block.size(); ++i) {
            const size_t count =
                kernels.choose(square, stride, block.size(), i, slack, options_.picked_max,
                               (options_.picked_max + 1) / 2, room.free.data(), room.picked.data());
            uint32_t* out = found_.At(block[i].row, block[i].copy * options_.picked_max);
            for (size_t p = 0; p < count; ++p) {
                out[p] = block[room.picked[p]].row;
            }
        }
    }

    const CodedRows& rows_;
    const NearBlockOptions& options_;
    const size_t copies_;
    const size_t rows_max_;
    base::Mutex rooms_mutex_;
    std::vector<std::unique_ptr<Room>> rooms_ GUARDED_BY(rooms_mutex_);
    Candidates found_;
};

}  // namespace

base::Result<Candidates> FindCandidates(const CodedRows& rows, const NearBlockOptions& options) {
    return Carver(rows, options).Run();
}

}  // namespace elanus::vindex
