// What entities' values have in common on the wire, whichever frame they come in. The same code encodes and decodes:
// what is known is given, what was coded comes back.
#pragma once

#include <algorithm>
#include <span>

#include "schema/packed/context.h"
#include "schema/packed/quat.h"

namespace tickrelay::packed {

// One part's lanes after those in `last`, into it. target: null where the coder decodes.
template <class Coder>
[[gnu::always_inline]] inline void code_part(Coder& coder, CommonModel& common, const Part& part, std::span<ValueModel> models,
                                             std::span<History> histories, Turn& turn, std::span<std::int32_t> last,
                                             const std::int32_t* target) {
  if (part.quat) {
    code_quat(coder, common, part.precision, &models[part.lane], &histories[part.lane], turn, &last[part.lane],
              target == nullptr ? nullptr : target + part.lane);
    return;
  }
  for (std::size_t lane = part.lane; lane < std::size_t{part.lane} + part.lanes; ++lane) {
    std::int32_t value = target == nullptr ? 0 : target[lane];
    if (part.turn != 0 && target != nullptr) value = nearest_in_turn(part.turn, last[lane], value);
    value = code_value(coder, common, models[lane], histories[lane], turn, last[lane], value);
    last[lane] = part.turn == 0 ? value : within_turn(part.turn, value);
  }
}

// Which parts changed, and their values after those in `values`. Takes `target` (null where the coder decodes) over into it.
// Returns the mask of the parts that changed, which is never 0. `own`: `values` are the entity's, so a changed one differs.
template <bool own, class Coder>
std::uint64_t code_parts(Coder& coder, RoomModel& room, std::span<FlagModel> flags, std::span<ValueModel> models,
                         const Lanes& lanes, std::span<History> histories, std::uint64_t mask, const std::int32_t* target,
                         std::span<std::int32_t> values) {
  Turn turn;
  std::uint64_t coded = 0;
  std::size_t before = 1, before2 = 1, count = 0;
  const std::size_t parts = lanes.parts.size();
  for (std::size_t p = 0; p < parts; ++p) {
    const Part& part = lanes.parts[p];
    coder.mark(part.field);
    History& history = histories[part.lane];
    bool changed = (mask >> p & 1) != 0;
    if (p + 1 == parts && coded == 0) {
      changed = true;
    } else {
      const std::size_t turns = history.changed & 7U;
      const auto delta = static_cast<std::size_t>(std::min(bit_length(magnitude(history.delta)), 7));
      changed = code_mixed(coder, changed, room.flag_weights, room.flag[(turns * 8 + delta) * 4 + before * 2 + before2],
                           flags[p].by_delta[delta * 8 + std::min(count, std::size_t{3}) * 2 + (turns & 1)]);
    }
    history.changed = static_cast<std::uint8_t>(history.changed << 1 | (changed ? 1 : 0));
    before2 = before;
    before = changed ? 1 : 0;
    if (!changed) continue;
    ++count;
    coded |= std::uint64_t{1} << p;
    if (own && part.boolean) {
      values[part.lane] = values[part.lane] == 0 ? 1 : 0;
      continue;
    }
    code_part(coder, room.common, part, models, histories, turn, values, target);
  }
  coder.mark(lanes.fields.size());
  return coded;
}

// Every part's value (or of a catch-up those in the mask), after those of the entity coded before. Into `values`.
template <class Coder>
std::uint64_t code_fresh(Coder& coder, RoomModel& room, ComponentModel& model, const Lanes& lanes, bool all, std::uint64_t mask,
                         const std::int32_t* target, std::span<std::int32_t> values) {
  if (!all) {
    mask = code_parts<false>(coder, room, model.fresh_flags, model.fresh_values, lanes, model.fresh_histories, mask,
                             target, model.fresh_last);
  } else {
    Turn turn;
    mask = lanes.all();
    for (const Part& part : lanes.parts) {
      coder.mark(part.field);
      code_part(coder, room.common, part, model.fresh_values, model.fresh_histories, turn, model.fresh_last, target);
    }
    coder.mark(lanes.fields.size());
  }
  for (std::size_t p = 0; p < lanes.parts.size(); ++p) {
    const Part& part = lanes.parts[p];
    if ((mask >> p & 1) != 0) std::copy_n(model.fresh_last.begin() + part.lane, part.lanes, values.begin() + part.lane);
  }
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
