// Filters that look at one token at a time: MappingSource rewrites its text, KeepingSource drops it
// or lets it pass. Positions and offsets stay what they were, so a dropped token leaves a gap.
#pragma once

#include "analyzer/pipeline.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace elanus::analyzer {

// `Map`: bool(string_view text, string* out); writes the new text and returns true, or returns
// false when the text stays as it is. A token that becomes empty is dropped.
template <typename Map>
class MappingFilter final : public Filter {
  public:
    explicit MappingFilter(Map map) : map_(std::move(map)) {}

    std::unique_ptr<TokenSource> NewSource(std::unique_ptr<TokenSource> input) const override {
        return std::make_unique<Source>(map_, std::move(input));
    }

  private:
    class Source final : public TokenSource {
      public:
        Source(Map map, std::unique_ptr<TokenSource> input)
            : map_(std::move(map)), input_(std::move(input)) {}
        void Reset(std::string_view text) override { input_->Reset(text); }
        bool Next(Token* token) override {
            while (input_->Next(token)) {
                if (map_(token->text, &out_)) {
                    token->text = out_;
                }
                if (!token->text.empty()) {
                    return true;
                }
            }
            return false;
        }

      private:
        Map map_;
        std::unique_ptr<TokenSource> input_;
        std::string out_;
    };
    Map map_;
};

// `Keep`: bool(string_view text).
template <typename Keep>
class KeepingFilter final : public Filter {
  public:
    explicit KeepingFilter(Keep keep) : keep_(std::move(keep)) {}

    std::unique_ptr<TokenSource> NewSource(std::unique_ptr<TokenSource> input) const override {
        return std::make_unique<Source>(keep_, std::move(input));
    }

  private:
    class Source final : public TokenSource {
      public:
        Source(Keep keep, std::unique_ptr<TokenSource> input)
            : keep_(std::move(keep)), input_(std::move(input)) {}
        void Reset(std::string_view text) override { input_->Reset(text); }
        bool Next(Token* token) override {
            while (input_->Next(token)) {
                if (keep_(token->text)) {
                    return true;
                }
            }
            return false;
        }

      private:
        Keep keep_;
        std::unique_ptr<TokenSource> input_;
    };
    Keep keep_;
};

template <typename Map>
std::unique_ptr<const Filter> MakeMapping(Map map) {
    return std::make_unique<MappingFilter<Map>>(std::move(map));
}
template <typename Keep>
std::unique_ptr<const Filter> MakeKeeping(Keep keep) {
    return std::make_unique<KeepingFilter<Keep>>(std::move(keep));
}

}  // namespace elanus::analyzer
