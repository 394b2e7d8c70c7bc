// Filters that turn one token into several, all at its place: ExpandingSource asks for the texts a
// token stands for and serves them one after the other.
#pragma once

#include "analyzer/pipeline.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elanus::analyzer {

// Texts of one token; the strings are reused from token to token.
class Expansion {
  public:
    void Clear() { size_ = 0; }
    size_t size() const { return size_; }
    std::string_view operator[](size_t i) const { return texts_[i]; }
    // A new, empty text at the end. The reference lives until the next Add.
    std::string& Add() {
        if (size_ == texts_.size()) {
            texts_.emplace_back();
        }
        std::string& text = texts_[size_++];
        text.clear();
        return text;
    }
    void Add(std::string_view text) { Add().assign(text); }

  private:
    std::vector<std::string> texts_;
    size_t size_ = 0;
};

// `Expand`: bool(string_view text, Expansion* out); false when the token stays as it is.
template <typename Expand>
class ExpandingFilter final : public Filter {
  public:
    explicit ExpandingFilter(Expand expand) : expand_(std::move(expand)) {}

    std::unique_ptr<TokenSource> NewSource(std::unique_ptr<TokenSource> input) const override {
        return std::make_unique<Source>(expand_, std::move(input));
    }

  private:
    class Source final : public TokenSource {
      public:
        Source(Expand expand, std::unique_ptr<TokenSource> input)
            : expand_(std::move(expand)), input_(std::move(input)) {}

        void Reset(std::string_view text) override {
            input_->Reset(text);
            texts_.Clear();
            served_ = 0;
        }

        bool Next(Token* token) override {
            while (served_ == texts_.size()) {
                texts_.Clear();
                served_ = 0;
                if (!input_->Next(&original_)) {
                    return false;
                }
                if (!expand_(original_.text, &texts_)) {
                    texts_.Clear();
                    *token = original_;
                    return true;
                }
            }
            *token = original_;
            token->text = texts_[served_++];
            return true;
        }

      private:
        Expand expand_;
        std::unique_ptr<TokenSource> input_;
        Expansion texts_;
        size_t served_ = 0;
        Token original_;  // its text is stale once the input has moved on
    };
    Expand expand_;
};

template <typename Expand>
std::unique_ptr<const Filter> MakeExpanding(Expand expand) {
    return std::make_unique<ExpandingFilter<Expand>>(std::move(expand));
}

}  // namespace elanus::analyzer
