#include "relay/core/rows.h"
#include "relay/core/check.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tickrelay {

std::span<const std::byte> Rows::value(IdTable::Row row) const {
    if (component_->opaque()) return blobs_[row];
    return std::span(values_).subspan(row * component_->bytes, component_->bytes);
}

std::uint64_t Rows::changed(IdTable::Row row, Tick base) const {
    const std::size_t fields = component_->fields.size();
    const Tick* stamps = stamps_.data() + row * fields;
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < fields; ++i) mask |= static_cast<std::uint64_t>(stamps[i] > base) << i;
    return mask;
}

IdTable::Row Rows::add(EntityId id, Tick now) {
    CHECK(index_.find(id) == IdTable::none);
    const auto row = static_cast<IdTable::Row>(ids_.size());
    ids_.push_back(id);
    newest_.push_back(now);
    stamps_.resize(stamps_.size() + component_->fields.size(), now);
    values_.insert(values_.end(), component_->zero.begin(), component_->zero.end());
    if (component_->opaque() && blobs_.size() <= row) blobs_.emplace_back();
    index_.put(id, row);
    return row;
}

void Rows::remove(EntityId id) {
    const IdTable::Row row = index_.find(id);
    if (row == IdTable::none) return;
    const auto last = static_cast<IdTable::Row>(ids_.size() - 1);
    const std::size_t fields = component_->fields.size();
    if (row != last) {
        ids_[row] = ids_[last];
        newest_[row] = newest_[last];
        std::copy_n(stamps_.begin() + last * fields, fields, stamps_.begin() + row * fields);
        std::copy_n(values_.begin() + last * component_->bytes, component_->bytes, values_.begin() + row * component_->bytes);
        if (component_->opaque()) blobs_[row].swap(blobs_[last]);
        index_.put(ids_[row], row);
    }
    index_.erase(id);
    ids_.pop_back();
    newest_.pop_back();
    stamps_.resize(stamps_.size() - fields);
    values_.resize(values_.size() - component_->bytes);
    if (component_->opaque()) blobs_.pop_back();
}

std::uint64_t Rows::write(IdTable::Row row, std::uint64_t mask, std::span<const std::byte> packed, Tick now) {
    if (component_->unpadded && mask == component_->all()) return write_whole(row, packed, now);
    std::byte* value = values_.data() + row * component_->bytes;
    Tick* stamps = stamps_.data() + row * component_->fields.size();
    const std::byte* in = packed.data();
    std::uint64_t changed = 0;
    for (std::uint64_t left = mask; left != 0; left &= left - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(left));
        const Field& field = component_->fields[i];
        const std::size_t width = field.width();
        if (std::memcmp(value + field.offset, in, width) != 0) {
            std::memcpy(value + field.offset, in, width);
            stamps[i] = now;
            changed |= 1ULL << i;
        }
        in += width;
    }
    if (changed != 0) newest_[row] = now;
    return changed;
}

// The common case, a whole unpadded value: the fields lie in `packed` as in the struct.
std::uint64_t Rows::write_whole(IdTable::Row row, std::span<const std::byte> packed, Tick now) {
    std::byte* value = values_.data() + row * component_->bytes;
    Tick* stamps = stamps_.data() + row * component_->fields.size();
    std::uint64_t changed = 0;
    for (std::size_t i = 0; i < component_->fields.size(); ++i) {
        const Field& field = component_->fields[i];
        if (std::memcmp(value + field.offset, packed.data() + field.offset, field.width()) == 0) continue;
        stamps[i] = now;
        changed |= 1ULL << i;
    }
    if (changed == 0) return 0;
    std::memcpy(value, packed.data(), packed.size());
    newest_[row] = now;
    return changed;
}

bool Rows::replace(IdTable::Row row, std::span<const std::byte> bytes, Tick now) {
    std::vector<std::byte>& blob = blobs_[row];
    if (std::ranges::equal(blob, bytes)) return false;
    blob.assign(bytes.begin(), bytes.end());
    newest_[row] = now;
    return true;
}

void Rows::stamp_all(Tick now) {
    std::ranges::fill(newest_, now);
    std::ranges::fill(stamps_, now);
}

}  // namespace tickrelay
