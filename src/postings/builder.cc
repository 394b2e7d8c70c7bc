#include "postings/builder.h"

#include "base/check.h"
#include "base/hash.h"
#include "postings/file_writer.h"

namespace elanus::postings {

std::string DimensionKey(uint32_t dimension) {
    std::string key(4, '\0');
    for (int i = 3; i >= 0; --i, dimension >>= 8) {
        key[static_cast<size_t>(i)] = static_cast<char>(dimension);
    }
    return key;
}

KeyNumbers::KeyNumbers() : slots_(1024), ends_(1, 0) {}

uint32_t KeyNumbers::NumberOf(std::string_view key) {
    const uint64_t wide = base::Hash64(key);
    const auto hash = static_cast<uint32_t>(wide >> 32);
    const size_t mask = slots_.size() - 1;
    size_t at = wide & mask;
    for (; slots_[at].number != 0; at = (at + 1) & mask) {
        if (slots_[at].hash == hash && Key(slots_[at].number - 1) == key) {
            return slots_[at].number - 1;
        }
    }
    const auto number = static_cast<uint32_t>(size());
    slots_[at] = {hash, number + 1};
    bytes_.append(key);
    ends_.push_back(bytes_.size());
    if (size() * 2 > slots_.size()) {
        Grow();
    }
    return number;
}

void KeyNumbers::Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    const size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.number == 0) {
            continue;
        }
        size_t at = base::Hash64(Key(slot.number - 1)) & mask;
        while (slots_[at].number != 0) {
            at = (at + 1) & mask;
        }
        slots_[at] = slot;
    }
}

Builder::Builder(BuildOptions options) : options_(std::move(options)), starts_(1, 0) {}

void Builder::StartDocument() {
    lengths_.push_back(0);
    starts_.push_back(terms_.size());
}

void Builder::AddTerm(std::string_view term, uint32_t position) {
    CHECK(!counted_, "documents have positions or counts, not both");
    const uint64_t place = terms_.size() - starts_[starts_.size() - 2];
    if (options_.positions && extras_.empty() && position != place) {
        // The first gap: until now each position was the place in its document.
        extras_.reserve(terms_.size() + 1);
        for (size_t document = 0; document + 1 < starts_.size(); ++document) {
            for (uint64_t i = starts_[document]; i < starts_[document + 1]; ++i) {
                extras_.push_back(static_cast<uint32_t>(i - starts_[document]));
            }
        }
        extras_.push_back(position);
    } else if (!extras_.empty()) {
        extras_.push_back(position);
    }
    terms_.push_back(keys_.NumberOf(term));
    starts_.back() = terms_.size();
    ++lengths_.back();
}

void Builder::AddCount(std::string_view term, uint32_t count) {
    CHECK(!options_.positions && (counted_ || terms_.empty()),
          "documents have positions or counts, not both");
    counted_ = true;
    terms_.push_back(keys_.NumberOf(term));
    extras_.push_back(count);
    starts_.back() = terms_.size();
    lengths_.back() += count;
}

void Builder::SetLength(uint32_t length) {
    lengths_.back() = length;
}

base::Status Builder::Finish(codec::Sink& sink) {
    FileWriter writer(this);
    return writer.Write(sink);
}

}  // namespace elanus::postings
