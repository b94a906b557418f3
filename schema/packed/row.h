// What entities' values have in common on the wire, whichever frame they come in. The same code encodes and decodes:
// what is known is given, what was coded comes back.
#pragma once

#include <algorithm>
#include <span>

#include "schema/packed/context.h"

namespace tickrelay::packed {

// Which fields changed, and their values after those in `values`. Takes `target` (null where the coder decodes) over into it.
// Returns the mask of what changed, which is never 0.
template <class Coder>
std::uint64_t code_fields(Coder& coder, RoomModel& room, std::span<FlagModel> flags, std::span<ValueModel> models,
                          const Lanes& lanes, std::span<History> histories, std::uint64_t mask, const std::int32_t* target,
                          std::span<std::int32_t> values) {
  Turn turn;
  std::uint64_t coded = 0;
  std::size_t before = 1, before2 = 1, count = 0;
  const std::size_t fields = lanes.fields.size();
  for (std::size_t f = 0; f < fields; ++f) {
    coder.mark(f);
    const std::size_t first = lanes.first[f];
    History& history = histories[first];
    bool changed = (mask >> f & 1) != 0;
    if (f + 1 == fields && coded == 0) {
      changed = true;
    } else {
      const std::size_t turns = history.changed & 7U;
      const auto delta = static_cast<std::size_t>(std::min(bit_length(magnitude(history.delta)), 7));
      changed = code_mixed(coder, changed, room.flag_weights, room.flag[(turns * 8 + delta) * 4 + before * 2 + before2],
                           flags[f].by_delta[delta * 8 + std::min(count, std::size_t{3}) * 2 + (turns & 1)]);
    }
    history.changed = static_cast<std::uint8_t>(history.changed << 1 | (changed ? 1 : 0));
    before2 = before;
    before = changed ? 1 : 0;
    if (!changed) continue;
    ++count;
    coded |= std::uint64_t{1} << f;
    for (std::size_t lane = first; lane < lanes.first[f + 1]; ++lane)
      values[lane] = code_value(coder, room.common, models[lane], histories[lane], turn, values[lane],
                                target == nullptr ? 0 : target[lane]);
  }
  coder.mark(fields);
  return coded;
}

// Every field's value (or of a catch-up those in the mask), after those of the entity coded before. Into `values`.
template <class Coder>
std::uint64_t code_fresh(Coder& coder, RoomModel& room, ComponentModel& model, const Lanes& lanes, bool all, std::uint64_t mask,
                         const std::int32_t* target, std::span<std::int32_t> values) {
  if (!all) {
    mask = code_fields(coder, room, model.fresh_flags, model.fresh_values, lanes, model.fresh_histories, mask,
                       target, model.fresh_last);
  } else {
    Turn turn;
    mask = lanes.all();
    for (std::size_t f = 0; f < lanes.fields.size(); ++f) {
      coder.mark(f);
      for (std::size_t lane = lanes.first[f]; lane < lanes.first[f + 1]; ++lane)
        model.fresh_last[lane] = code_value(coder, room.common, model.fresh_values[lane], model.fresh_histories[lane], turn,
                                            model.fresh_last[lane], target == nullptr ? 0 : target[lane]);
    }
    coder.mark(lanes.fields.size());
  }
  for (std::size_t f = 0; f < lanes.fields.size(); ++f)
    if ((mask >> f & 1) != 0)
      std::copy(model.fresh_last.begin() + lanes.first[f], model.fresh_last.begin() + lanes.first[f + 1], values.begin() + lanes.first[f]);
  return mask;
}

// An opaque value after the one coded before it. `length`: its bytes where the coder encodes. False: longer than `most`.
template <class Coder>
bool code_opaque(Coder& coder, ComponentModel& model, std::span<const std::uint8_t> target, std::size_t most,
                 std::vector<std::uint8_t>& value) {
  const std::size_t length = code_number(coder, static_cast<std::uint32_t>(target.size()), model.bits.length);
  if (length > most) return false;
  const std::vector<std::uint8_t>& before = model.last_opaque;
  value.resize(length);
  std::size_t matched = 1;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint8_t wanted = target.empty() ? 0 : target[i];
    if (i < before.size()) {
      const bool same = code_bit(coder, wanted == before[i], model.bits.same[matched]);
      matched = same ? 1 : 0;
      if (same) {
        value[i] = before[i];
        continue;
      }
    }
    unsigned node = 1;
    for (int bit = 7; bit >= 0; --bit) node = node << 1 | (code_bit(coder, (wanted >> bit & 1) != 0, model.bits.byte[node]) ? 1U : 0U);
    value[i] = static_cast<std::uint8_t>(node);
  }
  model.last_opaque = value;
  return true;
}

// The id of a new entity: mostly one above one of those before.
template <class Coder>
EntityId code_id(Coder& coder, RoomModel& room, std::array<EntityId, spawns_kept>& spawns, EntityId id) {
  std::uint32_t wanted = spawns_kept;
  for (std::uint32_t i = 0; i < spawns_kept; ++i)
    if (id - spawns[i] - 1 < 256 && (wanted == spawns_kept || id - spawns[i] < id - spawns[wanted])) wanted = i;
  const std::uint32_t block = code_number(coder, wanted, room.spawn_block);
  std::size_t place = spawns_kept - 1;
  if (block < spawns_kept) {
    place = block;
    id = spawns[block] + 1 + code_number(coder, id - spawns[block] - 1, room.spawn_gap);
  } else {
    id = code_number(coder, id, room.spawn_id);
  }
  std::copy_backward(spawns.begin(), spawns.begin() + static_cast<std::ptrdiff_t>(place), spawns.begin() + static_cast<std::ptrdiff_t>(place + 1));
  return spawns[0] = id;
}

// Whether an entity that changed of late did so now.
template <class Coder>
bool code_changed(Coder& coder, RoomModel& room, ComponentModel& model, Rows::Active& active, std::size_t before, bool changed) {
  const auto gap = static_cast<std::size_t>(std::min(active.turns == 0 ? 15 : __builtin_ctz(active.turns), 15));
  changed = code_mixed(coder, changed, room.changed_weights, room.changed[(active.turns & 0xFF) * 2 + before],
                       model.bits.changed_by_gap[gap * 2 + before]);
  active.turns = active.turns << 1 | (changed ? 1U : 0U);
  return changed;
}

}  // namespace tickrelay::packed
