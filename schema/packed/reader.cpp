#include "schema/packed/reader.h"

#include <algorithm>
#include <bit>

#include "schema/packed/row.h"

namespace tickrelay::packed {

bool Reader::fail(const char* what) {
  error_ = what;
  return false;
}

bool Reader::spend(std::size_t lanes) {
  if (lanes > lanes_left_) return fail("a packed frame holds more values than a room can have");
  lanes_left_ -= lanes;
  return true;
}

// ---------------------------------------------------------------------------------------------------------- stream

bool Reader::stream(Context& context, std::span<const std::uint8_t> bytes, Changed& changed) {
  lanes_left_ = limits_.lanes;
  opaque_left_ = limits_.opaque_bytes_all;
  RangeDecoder coder(bytes);
  if (!read_removals(coder, context, changed) || !read_spawns(coder, context)) return false;
  for (std::size_t c = 0; c < context.size(); ++c)
    if (!read_existing(coder, context, c, changed) || !read_new(coder, context, c, changed)) return false;
  return true;
}

bool Reader::read_removals(RangeDecoder& coder, Context& context, Changed& changed) {
  RoomModel& room = context.room();
  Rows& entities = context.rows(0);
  if (!code_bit(coder, false, room.any_removed)) return true;
  const std::uint32_t more = code_number(coder, 0, room.removed);
  if (more >= entities.size()) return fail("a packed frame removes more entities than there are");
  gone_.clear();
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i <= more; ++i) {
    next += code_number(coder, 0, room.removed_gap);
    if (next >= entities.size()) return fail("a packed frame removes an entity that is not there");
    gone_.push_back(static_cast<std::uint32_t>(next++));
  }
  for (auto row = gone_.rbegin(); row != gone_.rend(); ++row) {
    const EntityId id = entities.ids()[*row];
    context.remove(id);
    changed.removed(id);
  }
  return true;
}

bool Reader::read_spawns(RangeDecoder& coder, Context& context) {
  RoomModel& room = context.room();
  ids_.clear();
  if (!code_bit(coder, false, room.any_spawned)) return true;
  const std::uint64_t count = std::uint64_t{code_number(coder, 0, room.spawned)} + 1;
  if (count + context.rows(0).size() > limits_.entities) return fail("a packed frame makes more entities than a room can have");
  for (std::uint64_t i = 0; i < count; ++i) ids_.push_back(code_id(coder, room, context.spawns(), 0));
  return true;
}

bool Reader::read_existing(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed) {
  ComponentModel& model = context.model(component);
  Rows& rows = context.rows(component);
  if (!code_bit(coder, false, model.bits.any_changed)) return true;
  std::size_t before = 0;
  const std::size_t active = rows.active().size();
  for (std::uint32_t slot = 0; slot < active; ++slot) {
    before = code_changed(coder, context.room(), model, rows.active()[slot], before, false) ? 1 : 0;
    if (before == 1 && !read_row(coder, context, component, rows.active()[slot].row, slot, changed)) return false;
  }
  if (!read_woken(coder, context, component, changed)) return false;
  rows.drop_idle();
  return true;
}

bool Reader::read_woken(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed) {
  ComponentModel& model = context.model(component);
  Rows& rows = context.rows(component);
  const std::uint32_t woken = code_number(coder, 0, model.bits.woken);
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i < woken; ++i) {
    next += code_number(coder, 0, model.bits.wake_gap);
    if (next >= rows.size()) return fail("a packed frame changes an entity that is not there");
    const auto row = static_cast<std::uint32_t>(next++);
    if (rows.slot(row) != Rows::none) return fail("a packed frame changes an entity twice");
    const std::uint32_t slot = rows.wake(row);
    rows.active()[slot].turns = 1;
    if (!read_row(coder, context, component, row, slot, changed)) return false;
  }
  return true;
}

bool Reader::read_row(RangeDecoder& coder, Context& context, std::size_t component, std::uint32_t row, std::uint32_t slot,
                      Changed& changed) {
  ComponentModel& model = context.model(component);
  Rows& rows = context.rows(component);
  const Lanes& lanes = context.lanes(component);
  std::uint64_t mask = 1;
  if (lanes.fields.empty()) {
    if (!read_opaque(coder, model, rows.opaque(row))) return false;
  } else {
    if (!spend(lanes.count())) return false;
    mask = code_parts<true>(coder, context.room(), model.flags, model.values, lanes, rows.histories(slot), 0, nullptr,
                            rows.values(row));
  }
  return put(context, component, rows.ids()[row], mask, row, changed);
}

bool Reader::read_opaque(RangeDecoder& coder, ComponentModel& model, std::vector<std::uint8_t>& value) {
  if (!code_opaque(coder, model, {}, std::min(limits_.opaque_bytes, opaque_left_), value))
    return fail("a packed frame holds an opaque value that is too large");
  opaque_left_ -= value.size();
  return true;
}

bool Reader::read_new(RangeDecoder& coder, Context& context, std::size_t component, Changed& changed) {
  ComponentModel& model = context.model(component);
  std::size_t present = 1;
  for (const EntityId id : ids_) {
    if (component != 0) {
      present = code_bit(coder, false, model.bits.present[present]) ? 1 : 0;
      if (present == 0) continue;
    }
    if (!read_added(coder, context, component, id, changed)) return false;
  }
  if (component == 0 || !code_bit(coder, false, model.bits.any_added)) return true;
  Rows& entities = context.rows(0);
  const std::uint64_t count = std::uint64_t{code_number(coder, 0, model.bits.added)} + 1;
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    next += code_number(coder, 0, model.bits.added_gap);
    if (next >= entities.size()) return fail("a packed frame adds to an entity that is not there");
    if (!read_added(coder, context, component, entities.ids()[next++], changed)) return false;
  }
  return true;
}

bool Reader::read_added(RangeDecoder& coder, Context& context, std::size_t component, EntityId id, Changed& changed) {
  Rows& rows = context.rows(component);
  if (rows.find(id) != Rows::none) return fail("a packed frame adds what is there");
  return read_given(coder, context, context, component, id, rows.add(id), true, changed);
}

bool Reader::read_given(RangeDecoder& coder, Context& models, Context& context, std::size_t component, EntityId id, std::uint32_t row,
                        bool all, Changed& changed) {
  ComponentModel& model = models.model(component);
  Rows& rows = context.rows(component);
  const Lanes& lanes = context.lanes(component);
  std::uint64_t mask = 1;
  if (lanes.fields.empty()) {
    if (!read_opaque(coder, model, rows.opaque(row))) return false;
  } else {
    if (!spend(lanes.count())) return false;
    mask = code_fresh(coder, models.room(), model, lanes, all, 0, nullptr, rows.values(row));
  }
  return put(context, component, id, mask, row, changed);
}

bool Reader::put(Context& context, std::size_t component, EntityId id, std::uint64_t mask, std::uint32_t row, Changed& changed) {
  Rows& rows = context.rows(component);
  const Lanes& lanes = context.lanes(component);
  bool good = true;
  if (lanes.fields.empty()) {
    good = changed.put_opaque(component, id, rows.opaque(row));
  } else {
    values_.resize(std::max(values_.size(), lanes.count() * 8));
    std::size_t bytes = 0;
    for (std::uint64_t left = mask; left != 0; left &= left - 1) {
      const Part& part = lanes.parts[static_cast<std::size_t>(std::countr_zero(left))];
      bytes += write_part(lanes, part, rows.values(row), values_.data() + bytes);
    }
    good = changed.put(component, id, lanes.fields_of(mask), std::span(values_).first(bytes));
  }
  return good || fail("a packed frame makes more entities than a room can have");
}

// -------------------------------------------------------------------------------------------------------- absolute

bool Reader::absolute(Context& context, Context& empty, std::span<const std::uint8_t> bytes, bool whole, Changed& changed) {
  lanes_left_ = limits_.lanes;
  opaque_left_ = limits_.opaque_bytes_all;
  empty.clear();
  RangeDecoder coder(bytes);
  RoomModel& room = empty.room();
  if (whole) {
    context.clear();
  } else {
    const bool alive = code_bit(coder, false, room.any_removed);
    if (!read_ids(coder, room.removed, room.removed_gap)) return false;
    if (alive) {
      gone_.clear();
      for (const EntityId id : context.rows(0).ids())
        if (!std::ranges::binary_search(ids_, id)) gone_.push_back(id);
      for (const EntityId id : gone_) context.remove(id);
      changed.keep_only(ids_);
    } else {
      for (const EntityId id : ids_) {
        context.remove(id);
        changed.removed(id);
      }
    }
  }
  if (!read_ids(coder, room.spawned, room.spawn_gap)) return false;
  for (std::size_t c = 0; c < context.size(); ++c)
    if (!read_listed(coder, context, empty, c, whole, changed)) return false;
  return true;
}

bool Reader::read_ids(RangeDecoder& coder, NumberModel& count, NumberModel& gap) {
  const std::uint32_t size = code_number(coder, 0, count);
  if (size > limits_.entities) return fail("a packed frame names more entities than a room can have");
  ids_.clear();
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    next += code_number(coder, 0, gap);
    if (next > 0xFFFFFFFFULL) return fail("a packed frame names an entity beyond the last id");
    ids_.push_back(static_cast<EntityId>(next++));
  }
  return true;
}

bool Reader::read_listed(RangeDecoder& coder, Context& context, Context& empty, std::size_t component, bool whole, Changed& changed) {
  ComponentModel& model = empty.model(component);
  if (!code_bit(coder, false, model.bits.any_changed)) return true;
  Rows& rows = context.rows(component);
  std::size_t present = 1;
  for (const EntityId id : ids_) {
    present = code_bit(coder, false, model.bits.present[present]) ? 1 : 0;
    if (present == 0) continue;
    std::uint32_t row = rows.find(id);
    if (row == Rows::none) {
      if (rows.size() >= limits_.entities) return fail("a packed frame makes more entities than a room can have");
      row = rows.add(id);
    }
    if (!read_given(coder, empty, context, component, id, row, whole, changed)) return false;
  }
  return true;
}

}  // namespace tickrelay::packed
