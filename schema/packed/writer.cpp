#include "schema/packed/writer.h"

#include <algorithm>
#include <bit>

#include "schema/packed/row.h"

namespace tickrelay::packed {
namespace {

std::span<const std::uint8_t> opaque_of(const ChangedRow& row) {
  return {reinterpret_cast<const std::uint8_t*>(row.value), row.bytes};
}

// Tells `shares` what a coder writes. The bits before, between and after components are `other`.
class Meter {
 public:
  Meter(RangeEncoder& coder, const std::vector<std::uint8_t>& out, BitShares* shares)
      : coder_(coder), out_(out), bytes_before_(out.size()), shares_(shares) {}

  void begin(std::size_t component) {
    if (shares_ == nullptr) return;
    began_ = coder_.position();
    std::vector<std::int64_t>& fields = shares_->fields[component];
    if (shares_->by_field) coder_.measure(fields.data(), fields.size() - 1);
  }
  void end(std::size_t component) {
    if (shares_ == nullptr) return;
    const std::int64_t coded = coder_.position() - began_;
    if (shares_->by_field) coder_.measure(nullptr, 0);
    shares_->components[component] += coded;
    of_components_ += coded;
  }
  void finish() {
    coder_.finish();
    if (shares_ == nullptr) return;
    shares_->other += static_cast<std::int64_t>(out_.size() - bytes_before_) * 8 * bit_shares - of_components_;
  }

 private:
  RangeEncoder& coder_;
  const std::vector<std::uint8_t>& out_;
  std::size_t bytes_before_;
  BitShares* shares_;
  std::int64_t began_ = 0;
  std::int64_t of_components_ = 0;
};

}  // namespace

// ---------------------------------------------------------------------------------------------------------- stream

void Writer::stream(Context& context, const Changes& changes, std::vector<std::uint8_t>& out, BitShares* shares) {
  RangeEncoder coder(out);
  Meter meter(coder, out, shares);
  code_removals(coder, context, changes);
  code_spawns(coder, context, changes);
  for (std::size_t c = 0; c < context.size(); ++c) {
    find_rows(context, c, changes.components[c]);
    meter.begin(c);
    code_existing(coder, context, c, changes.components[c]);
    code_new(coder, context, c, changes.components[c]);
    meter.end(c);
    if (shares != nullptr) shares->changed[c] += changes.components[c].size();
  }
  meter.finish();
}

void Writer::code_removals(RangeEncoder& coder, Context& context, const Changes& changes) {
  RoomModel& room = context.room();
  Rows& entities = context.rows(0);
  gone_.clear();
  if (changes.lists_alive) {
    ids_.assign(changes.removed.begin(), changes.removed.end());
    std::ranges::sort(ids_);
    for (std::uint32_t row = 0; row < entities.size(); ++row)
      if (!std::ranges::binary_search(ids_, entities.ids()[row])) gone_.push_back(row);
  } else {
    for (const EntityId id : changes.removed)
      if (const std::uint32_t row = entities.find(id); row != Rows::none) gone_.push_back(row);
    std::ranges::sort(gone_);
  }
  if (!code_bit(coder, !gone_.empty(), room.any_removed)) return;
  code_number(coder, static_cast<std::uint32_t>(gone_.size() - 1), room.removed);
  std::uint32_t next = 0;
  for (const std::uint32_t row : gone_) {
    code_number(coder, row - next, room.removed_gap);
    next = row + 1;
  }
  // From the end: the last row takes the place of one that goes.
  for (auto row = gone_.rbegin(); row != gone_.rend(); ++row) context.remove(entities.ids()[*row]);
}

void Writer::code_spawns(RangeEncoder& coder, Context& context, const Changes& changes) {
  RoomModel& room = context.room();
  Rows& entities = context.rows(0);
  if (!spawned_.empty()) spawned_at_.clear();
  spawned_.clear();
  for (const ChangedRow& row : changes.components[0]) {
    if (entities.find(row.id) != Rows::none) continue;
    spawned_at_.put(row.id, static_cast<std::uint32_t>(spawned_.size()));
    spawned_.push_back(row.id);
  }
  if (!code_bit(coder, !spawned_.empty(), room.any_spawned)) return;
  code_number(coder, static_cast<std::uint32_t>(spawned_.size() - 1), room.spawned);
  for (const EntityId id : spawned_) code_id(coder, room, context.spawns(), id);
}

// Sorts out which rows are known, and which of their parts differ from what the stream has.
void Writer::find_rows(Context& context, std::size_t component, std::span<const ChangedRow> changed) {
  const Lanes& lanes = context.lanes(component);
  Rows& rows = context.rows(component);
  by_slot_.assign(rows.active().size(), 0);
  of_spawned_.assign(spawned_.size(), 0);
  woken_.clear();
  added_.clear();
  masks_.resize(changed.size());
  const std::size_t count = lanes.count();
  targets_.resize(std::max(targets_.size(), changed.size() * count));
  for (std::uint32_t i = 0; i < changed.size(); ++i) {
    const std::uint32_t row = rows.find(changed[i].id);
    if (row == Rows::none) {
      const std::uint32_t place = spawned_.empty() ? IdTable::none : spawned_at_.find(changed[i].id);
      if (place != IdTable::none)
        of_spawned_[place] = i + 1;
      else
        added_.push_back({context.rows(0).find(changed[i].id), i});
      continue;
    }
    if (lanes.fields.empty()) {
      masks_[i] = std::ranges::equal(rows.opaque(row), opaque_of(changed[i])) ? 0 : 1;
    } else {
      masks_[i] = differing(lanes, changed[i], rows.values(row), {targets_.data() + i * count, count});
    }
    if (masks_[i] == 0) continue;
    if (rows.slot(row) == Rows::none)
      woken_.push_back({row, i});
    else
      by_slot_[rows.slot(row)] = i + 1;
  }
}

// The row's lanes go to `to`, too.
std::uint64_t Writer::differing(const Lanes& lanes, const ChangedRow& row, std::span<const std::int32_t> last, std::span<std::int32_t> to) {
  std::uint64_t mask = 0;
  for (std::uint64_t left = lanes.parts_of(row.mask); left != 0; left &= left - 1) {
    const auto p = static_cast<std::size_t>(std::countr_zero(left));
    const Part& part = lanes.parts[p];
    read_lanes(lanes, part, row.value, to);
    for (std::size_t lane = part.lane; lane < std::size_t{part.lane} + part.lanes; ++lane)
      if (to[lane] != last[lane]) mask |= std::uint64_t{1} << p;
  }
  return mask;
}

void Writer::code_existing(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed) {
  ComponentModel& model = context.model(component);
  Rows& rows = context.rows(component);
  const bool any = !woken_.empty() || std::ranges::any_of(by_slot_, [](std::uint32_t index) { return index != 0; });
  if (!code_bit(coder, any, model.bits.any_changed)) return;
  std::size_t before = 0;
  for (std::uint32_t slot = 0; slot < by_slot_.size(); ++slot) {
    before = code_changed(coder, context.room(), model, rows.active()[slot], before, by_slot_[slot] != 0) ? 1 : 0;
    if (before == 1) code_row(coder, context, component, changed, {rows.active()[slot].row, by_slot_[slot] - 1}, slot);
  }
  std::ranges::sort(woken_, {}, &Found::row);
  code_number(coder, static_cast<std::uint32_t>(woken_.size()), model.bits.woken);
  std::uint32_t next = 0;
  for (const Found& found : woken_) {
    code_number(coder, found.row - next, model.bits.wake_gap);
    next = found.row + 1;
    const std::uint32_t slot = rows.wake(found.row);
    rows.active()[slot].turns = 1;
    code_row(coder, context, component, changed, found, slot);
  }
  rows.drop_idle();
}

void Writer::code_row(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed, Found found,
                      std::uint32_t slot) {
  ComponentModel& model = context.model(component);
  Rows& rows = context.rows(component);
  const Lanes& lanes = context.lanes(component);
  if (lanes.fields.empty()) {
    const ChangedRow& from = changed[found.index];
    code_opaque(coder, model, opaque_of(from), from.bytes, rows.opaque(found.row));
    return;
  }
  code_parts<true>(coder, context.room(), model.flags, model.values, lanes, rows.histories(slot), masks_[found.index],
                   targets_.data() + found.index * lanes.count(), rows.values(found.row));
}

// Rows of new entities, then those that older entities got.
void Writer::code_new(RangeEncoder& coder, Context& context, std::size_t component, std::span<const ChangedRow> changed) {
  ComponentModel& model = context.model(component);
  std::size_t present = 1;
  for (std::size_t i = 0; i < spawned_.size(); ++i) {
    if (component != 0) {
      present = code_bit(coder, of_spawned_[i] != 0, model.bits.present[present]) ? 1 : 0;
      if (present == 0) continue;
    }
    code_added(coder, context, component, changed[of_spawned_[i] - 1]);
  }
  if (component == 0 || !code_bit(coder, !added_.empty(), model.bits.any_added)) return;
  std::ranges::sort(added_, {}, &Found::row);
  code_number(coder, static_cast<std::uint32_t>(added_.size() - 1), model.bits.added);
  std::uint32_t next = 0;
  for (const Found& found : added_) {
    code_number(coder, found.row - next, model.bits.added_gap);
    next = found.row + 1;
    code_added(coder, context, component, changed[found.index]);
  }
}

void Writer::code_added(RangeEncoder& coder, Context& context, std::size_t component, const ChangedRow& from) {
  Rows& rows = context.rows(component);
  const std::uint32_t row = rows.add(from.id);
  code_given(coder, context, component, from, true, rows.values(row), context.lanes(component).fields.empty() ? &rows.opaque(row) : nullptr);
}

// Without what came before. Into `values` or `opaque`.
void Writer::code_given(RangeEncoder& coder, Context& context, std::size_t component, const ChangedRow& from, bool all,
                        std::span<std::int32_t> values, std::vector<std::uint8_t>* opaque) {
  ComponentModel& model = context.model(component);
  const Lanes& lanes = context.lanes(component);
  if (opaque != nullptr) {
    code_opaque(coder, model, opaque_of(from), from.bytes, *opaque);
    return;
  }
  target_.resize(std::max(target_.size(), lanes.count()));
  for (const Part& part : lanes.parts) read_lanes(lanes, part, from.value, target_);
  code_fresh(coder, context.room(), model, lanes, all, lanes.parts_of(from.mask), target_.data(), values);
}

// -------------------------------------------------------------------------------------------------------- absolute

void Writer::absolute(Context& empty, const Changes& changes, bool whole, std::vector<std::uint8_t>& out, BitShares* shares) {
  empty.clear();
  RangeEncoder coder(out);
  Meter meter(coder, out, shares);
  RoomModel& room = empty.room();
  const auto code_ids = [&](NumberModel& count, NumberModel& gap) {
    std::ranges::sort(ids_);
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    code_number(coder, static_cast<std::uint32_t>(ids_.size()), count);
    EntityId next = 0;
    for (const EntityId id : ids_) {
      code_number(coder, id - next, gap);
      next = id + 1;
    }
  };
  ids_.assign(changes.removed.begin(), changes.removed.end());
  if (!whole) {
    code_bit(coder, changes.lists_alive, room.any_removed);
    code_ids(room.removed, room.removed_gap);
  }
  ids_.clear();
  for (std::size_t c = 0; c < empty.size(); ++c)
    for (const ChangedRow& row : changes.components[c]) ids_.push_back(row.id);
  code_ids(room.spawned, room.spawn_gap);
  for (std::size_t c = 0; c < empty.size(); ++c) {
    meter.begin(c);
    code_listed(coder, empty, c, changes.components[c], whole);
    meter.end(c);
  }
  meter.finish();
}

// One component of the entities in ids_.
void Writer::code_listed(RangeEncoder& coder, Context& empty, std::size_t component, std::span<const ChangedRow> changed, bool all) {
  ComponentModel& model = empty.model(component);
  if (!code_bit(coder, !changed.empty(), model.bits.any_changed)) return;
  order_.resize(changed.size());
  for (std::uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
  std::ranges::sort(order_, {}, [&](std::uint32_t i) { return changed[i].id; });
  const std::size_t lanes = empty.lanes(component).count();
  values_.resize(std::max(values_.size(), lanes));
  auto next = order_.begin();
  std::size_t present = 1;
  for (const EntityId id : ids_) {
    const bool here = next != order_.end() && changed[*next].id == id;
    present = code_bit(coder, here, model.bits.present[present]) ? 1 : 0;
    if (!here) continue;
    code_given(coder, empty, component, changed[*next], all, std::span(values_).first(lanes), lanes == 0 ? &opaque_ : nullptr);
    ++next;
  }
}

void Writer::start(Context& context, const Changes& all) {
  context.clear();
  for (std::size_t c = 0; c < context.size(); ++c) {
    const Lanes& lanes = context.lanes(c);
    Rows& rows = context.rows(c);
    for (const ChangedRow& from : all.components[c]) {
      const std::uint32_t row = rows.add(from.id);
      for (const Part& part : lanes.parts) read_lanes(lanes, part, from.value, rows.values(row));
      if (lanes.fields.empty()) rows.opaque(row).assign(opaque_of(from).begin(), opaque_of(from).end());
    }
  }
  context.settle();
}

}  // namespace tickrelay::packed
