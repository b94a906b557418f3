#include "table.h"

#include <algorithm>

namespace tickrelay {
inline namespace sdk {

std::uint32_t Table::find(EntityId id) const {
  if (hint_ < ids_.size() && ids_[hint_] == id) return hint_++;
  const auto found = rows_.find(id);
  if (found == rows_.end()) return none;
  hint_ = found->second + 1;
  return found->second;
}

std::uint32_t Table::insert(EntityId id) {
  const auto row = static_cast<std::uint32_t>(ids_.size());
  rows_.emplace(id, row);
  ids_.push_back(id);
  whole_.push_back(0);
  if (opaque()) {
    opaque_.emplace_back();
  } else {
    structs_.resize(structs_.size() + stride_);
  }
  return row;
}

void Table::erase(std::uint32_t row) {
  const auto last = static_cast<std::uint32_t>(ids_.size() - 1);
  rows_.erase(ids_[row]);
  if (row != last) {
    ids_[row] = ids_[last];
    whole_[row] = whole_[last];
    rows_[ids_[row]] = row;
    if (opaque()) {
      opaque_[row] = std::move(opaque_[last]);
    } else {
      std::copy_n(at(last), stride_, at(row));
    }
  }
  ids_.pop_back();
  whole_.pop_back();
  if (opaque()) {
    opaque_.pop_back();
  } else {
    structs_.resize(structs_.size() - stride_);
  }
}

void Table::clear() {
  ids_.clear();
  whole_.clear();
  structs_.clear();
  opaque_.clear();
  rows_.clear();
}

}  // namespace sdk
}  // namespace tickrelay
