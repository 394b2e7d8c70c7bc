// The loops of the wide quantisation kernels, written once over the vector operations V of a level:
//   Reg, kWidth                 a register of floats, and how many it holds (8 or 16)
//   Zero, Set, Load, Store      Set: one value in all lanes
//   MulAdd, MulSub, Sub         a * b + c, c - a * b, a - b
//   Total, Least, Greatest      of all lanes
//   Min, Max                    of two registers; Min and Max give b where a is no number
//   StoreBytes                  lanes, from 0 to 255, rounded down
//   Bits4 ... BHalf             Decode(row, i): values i .. i + kWidth - 1 of a row as floats;
//                               kTail of them: the last ones need not fill a register, and
//                               DecodeFirst(row, i, n) touches nothing behind them
//   Best                        running minima of lanes with the panel they are from
//
// V lives in the anonymous namespace of a quant_<level>.cc, so that code for one instruction set
// can never be picked by the linker for another.
#pragma once

#include "simd/quant.h"

#include <cstddef>
#include <cstdint>

namespace elanus::simd {

// Of rows that lie one after another memory is asked for kAhead bytes ahead; 0: that is left to the
// hardware.
template <typename V, typename D, CodeKind kKind, size_t kAhead>
struct CodeLoops {
    using Reg = typename V::Reg;
    static constexpr size_t kWidth = V::kWidth;
    static constexpr size_t kRows = 4;
    static constexpr size_t kPrefetchBytes = 1024;
    enum class Op : uint8_t { kIp, kL2, kScaledL2 };

    template <Op kOp>
    static inline __attribute__((always_inline)) Reg Add(Reg sum, Reg q, Reg step, Reg x) {
        if constexpr (kOp == Op::kIp) {
            return V::MulAdd(q, x, sum);
        } else {
            const Reg t = kOp == Op::kL2 ? V::Sub(q, x) : V::MulSub(step, x, q);
            return V::MulAdd(t, t, sum);
        }
    }

    // The loops over rows are unrolled by order: left as loops, they keep their sums in memory, and
    // took twice as long.
    template <Op kOp, size_t R>
    static inline __attribute__((always_inline)) void Sum(const float* values, const float* steps,
                                                          const uint8_t* const (&rows)[R],
                                                          size_t dim, float* out) {
        Reg sums[R];
#pragma GCC unroll 4
        for (size_t r = 0; r < R; ++r) {
            sums[r] = V::Zero();
        }
        const size_t whole = D::kTail ? dim / kWidth * kWidth : PaddedDim(dim);
        size_t i = 0;
        for (; i < whole; i += kWidth) {
            const Reg q = V::Load(values + i);
            const Reg step = kOp == Op::kScaledL2 ? V::Load(steps + i) : q;
#pragma GCC unroll 4
            for (size_t r = 0; r < R; ++r) {
                sums[r] = Add<kOp>(sums[r], q, step, D::Decode(rows[r], i));
            }
        }
        if (D::kTail && i < dim) {
            const Reg q = V::Load(values + i);
            const Reg step = kOp == Op::kScaledL2 ? V::Load(steps + i) : q;
#pragma GCC unroll 4
            for (size_t r = 0; r < R; ++r) {
                sums[r] = Add<kOp>(sums[r], q, step, D::DecodeFirst(rows[r], i, dim - i));
            }
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < R; ++r) {
            out[r] = V::Total(sums[r]);
        }
    }

    static inline __attribute__((always_inline)) void Prefetch(const uint8_t* row, size_t bytes) {
        for (size_t at = 0; at < bytes && at < kPrefetchBytes; at += 64) {
            __builtin_prefetch(row + at);
        }
        // Rows are not aligned: the last line is another one as often as not.
        __builtin_prefetch(row + (bytes < kPrefetchBytes ? bytes : kPrefetchBytes) - 1);
    }

    static inline __attribute__((always_inline)) void PrefetchBehind(const uint8_t* rows,
                                                                     size_t bytes) {
        for (size_t at = 0; at < bytes; at += 64) {
            __builtin_prefetch(rows + kAhead + at);
        }
    }

    template <Op kOp>
    static inline __attribute__((always_inline)) void Rows(const float* values, const float* steps,
                                                           const uint8_t* base, const uint32_t* ids,
                                                           size_t count, size_t dim, float* out) {
        const size_t bytes = CodeBytes(kKind, dim);
        const auto row = [&](size_t i) { return base + (ids != nullptr ? ids[i] : i) * bytes; };
        for (size_t i = 0; ids != nullptr && i < count && i < 2 * kRows; ++i) {
            Prefetch(row(i), bytes);
        }
        size_t i = 0;
        for (; i + kRows <= count; i += kRows) {
            for (size_t next = i + 2 * kRows;
                 ids != nullptr && next < count && next < i + 3 * kRows; ++next) {
                Prefetch(row(next), bytes);
            }
            if (kAhead > 0 && ids == nullptr) {
                PrefetchBehind(row(i), kRows * bytes);
            }
            const uint8_t* const rows[kRows] = {row(i), row(i + 1), row(i + 2), row(i + 3)};
            Sum<kOp, kRows>(values, steps, rows, dim, out + i);
        }
        for (; i < count; ++i) {
            const uint8_t* const rows[1] = {row(i)};
            Sum<kOp, 1>(values, steps, rows, dim, out + i);
        }
    }

    static void Ip(const float* values, const float* steps, const uint8_t* rows,
                   const uint32_t* ids, size_t count, size_t dim, float* out) {
        Rows<Op::kIp>(values, steps, rows, ids, count, dim, out);
    }
    static void L2(const float* values, const float* steps, const uint8_t* rows,
                   const uint32_t* ids, size_t count, size_t dim, float* out) {
        if (steps == nullptr) {
            Rows<Op::kL2>(values, steps, rows, ids, count, dim, out);
        } else {
            Rows<Op::kScaledL2>(values, steps, rows, ids, count, dim, out);
        }
    }
    static constexpr CodeRowKernels kTable{Ip, L2};
};

// Eight sums are in flight, which hides the latency of a fused multiply-add. Loops over registers
// are unrolled by order, as above.
template <typename V>
struct PanelLoops {
    using Reg = typename V::Reg;
    using Best = typename V::Best;
    static constexpr size_t kRegs = kPanel / V::kWidth;
    static constexpr size_t kRows = 8 / kRegs;

    template <size_t R>
    static inline __attribute__((always_inline)) void Panel(const float* rows, size_t row_stride,
                                                            size_t dim, const float* panel,
                                                            const float* bias,
                                                            Reg (&sums)[R][kRegs]) {
#pragma GCC unroll 8
        for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 8
            for (size_t k = 0; k < kRegs; ++k) {
                sums[r][k] = V::Load(bias + k * V::kWidth);
            }
        }
        for (size_t d = 0; d < dim; ++d) {
            Reg c[kRegs];
#pragma GCC unroll 8
            for (size_t k = 0; k < kRegs; ++k) {
                c[k] = V::Load(panel + d * kPanel + k * V::kWidth);
            }
#pragma GCC unroll 8
            for (size_t r = 0; r < R; ++r) {
                const Reg x = V::Set(rows[r * row_stride + d]);
#pragma GCC unroll 8
                for (size_t k = 0; k < kRegs; ++k) {
                    sums[r][k] = V::MulSub(x, c[k], sums[r][k]);
                }
            }
        }
    }

    template <size_t R>
    static inline __attribute__((always_inline)) void StoreProducts(const float* rows,
                                                                    size_t row_stride, size_t dim,
                                                                    const float* panel,
                                                                    const float* bias, float* out,
                                                                    size_t out_stride) {
        Reg sums[R][kRegs];
        Panel<R>(rows, row_stride, dim, panel, bias, sums);
#pragma GCC unroll 8
        for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 8
            for (size_t k = 0; k < kRegs; ++k) {
                V::Store(out + r * out_stride + k * V::kWidth, sums[r][k]);
            }
        }
    }

    static void Products(const float* rows, size_t row_stride, size_t count, size_t dim,
                         const float* panels, size_t panel_count, const float* bias, float* out,
                         size_t out_stride) {
        for (size_t p = 0; p < panel_count; ++p) {
            const float* panel = panels + p * dim * kPanel;
            float* to = out + p * kPanel;
            size_t r = 0;
            for (; r + kRows <= count; r += kRows) {
                StoreProducts<kRows>(rows + r * row_stride, row_stride, dim, panel,
                                     bias + p * kPanel, to + r * out_stride, out_stride);
            }
            for (; r < count; ++r) {
                StoreProducts<1>(rows + r * row_stride, row_stride, dim, panel, bias + p * kPanel,
                                 to + r * out_stride, out_stride);
            }
        }
    }

    static void PartProducts(const float* query, size_t dim, size_t stages,
                             const float* const* books, size_t book_count, size_t panel_count,
                             float* out) {
        constexpr float kNone[kPanel] = {};
        for (size_t b = 0; b < book_count; ++b) {
            const float* part = query + b / stages * dim;
            for (size_t p = 0; p < panel_count; ++p, out += kPanel) {
                StoreProducts<1>(part, 0, dim, books[b] + p * dim * kPanel, kNone, out, 0);
            }
        }
    }

    static float TableSpans(const float* tables, size_t stride, size_t count, size_t entries,
                            float* lows) {
        float widest = 0;
        for (size_t t = 0; t < count; ++t) {
            const float* table = tables + t * stride;
            Reg low = V::Load(table), high = low;
            for (size_t i = V::kWidth; i < entries; i += V::kWidth) {
                low = V::Min(V::Load(table + i), low);
                high = V::Max(V::Load(table + i), high);
            }
            lows[t] = V::Least(low);
            const float span = V::Greatest(high) - lows[t];
            widest = span > widest ? span : widest;
        }
        return widest;
    }

    static void TableBytes(const float* tables, size_t stride, size_t count, size_t entries,
                           const float* lows, float inverse, uint8_t* out) {
        for (size_t t = 0; t < count; ++t) {
            for (size_t i = 0; i < entries; i += V::kWidth, out += V::kWidth) {
                const Reg above = V::Sub(V::Load(tables + t * stride + i), V::Set(lows[t]));
                const Reg steps = V::MulAdd(above, V::Set(inverse), V::Set(0.5f));
                V::StoreBytes(out, V::Min(V::Max(steps, V::Zero()), V::Set(255.0f)));
            }
        }
    }

    template <size_t R>
    static inline __attribute__((always_inline)) void Improve(const float* rows, size_t row_stride,
                                                              size_t dim, const float* panel,
                                                              const float* bias, uint32_t p,
                                                              Best* best) {
        Reg sums[R][kRegs];
        Panel<R>(rows, row_stride, dim, panel, bias, sums);
#pragma GCC unroll 8
        for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 8
            for (size_t k = 0; k < kRegs; ++k) {
                best[r * kRegs + k].Improve(sums[r][k], p);
            }
        }
    }

    static void Nearest(const float* rows, size_t row_stride, size_t count, size_t dim,
                        const float* panels, size_t panel_count, const float* bias, uint32_t* ids,
                        float* costs) {
        Best best[kPanelRowsMax * kRegs];
        for (uint32_t p = 0; p < panel_count; ++p) {
            const float* panel = panels + p * dim * kPanel;
            size_t r = 0;
            for (; r + kRows <= count; r += kRows) {
                Improve<kRows>(rows + r * row_stride, row_stride, dim, panel, bias + p * kPanel, p,
                               best + r * kRegs);
            }
            for (; r < count; ++r) {
                Improve<1>(rows + r * row_stride, row_stride, dim, panel, bias + p * kPanel, p,
                           best + r * kRegs);
            }
        }
        for (size_t r = 0; r < count; ++r) {
            float values[kPanel];
            uint32_t panel_of[kPanel];
#pragma GCC unroll 8
            for (size_t k = 0; k < kRegs; ++k) {
                best[r * kRegs + k].Store(values + k * V::kWidth, panel_of + k * V::kWidth);
            }
            costs[r] = values[0];
            ids[r] = panel_of[0] * kPanel;
            for (uint32_t j = 1; j < kPanel; ++j) {
                const uint32_t id = panel_of[j] * static_cast<uint32_t>(kPanel) + j;
                if (values[j] < costs[r] || (values[j] == costs[r] && id < ids[r])) {
                    costs[r] = values[j];
                    ids[r] = id;
                }
            }
        }
    }
};

template <typename V, size_t kAhead = 0>
constexpr QuantKernels MakeQuantKernels(decltype(QuantKernels::nibble_sums) nibble_sums) {
    return {{CodeLoops<V, typename V::Bits4, CodeKind::kBits4, kAhead>::kTable,
             CodeLoops<V, typename V::Bits6, CodeKind::kBits6, kAhead>::kTable,
             CodeLoops<V, typename V::Bits8, CodeKind::kBits8, kAhead>::kTable,
             CodeLoops<V, typename V::Half, CodeKind::kHalf, kAhead>::kTable,
             CodeLoops<V, typename V::BHalf, CodeKind::kBHalf, kAhead>::kTable},
            nibble_sums,
            PanelLoops<V>::Products,
            PanelLoops<V>::PartProducts,
            PanelLoops<V>::TableSpans,
            PanelLoops<V>::TableBytes,
            PanelLoops<V>::Nearest};
}

}  // namespace elanus::simd
