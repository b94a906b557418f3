#include "truth.h"

#include <cstring>

namespace tickrelay::sim {

namespace {

std::uint64_t mix(std::uint64_t h) {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93ULL;
  return h ^ (h >> 32);
}

std::uint64_t hash_bytes(std::uint64_t h, const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  for (; size >= 8; size -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    h = (h ^ mix(word)) * 0x9E3779B97F4A7C15ULL;
  }
  std::uint64_t rest = size;
  if (size != 0) std::memcpy(reinterpret_cast<char*>(&rest) + 1, at, size);
  return mix((h ^ mix(rest)) * 0x9E3779B97F4A7C15ULL);
}

}  // namespace

std::uint64_t value_hash(EntityId entity, std::size_t component, std::span<const std::byte> value) {
  return hash_bytes(mix(entity * 64ULL + component + 1), value.data(), value.size());
}

std::uint64_t world_hash(const World& world) {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < world.layout().components().size(); ++c) {
    const Rows& rows = world.rows(static_cast<ComponentIndex>(c));
    for (IdTable::Row row = 0; row < rows.size(); ++row) sum += value_hash(rows.ids()[row], c, rows.value(row));
  }
  return sum;
}

std::uint64_t event_hash(EventKind kind, PlayerNumber player, std::string_view type, std::span<const std::byte> data,
                         std::uint32_t request, std::uint32_t seq, bool skip_sender) {
  std::uint64_t h =
      mix(static_cast<std::uint64_t>(kind) << 33 | static_cast<std::uint64_t>(skip_sender) << 32 | player);
  h = mix(h ^ (static_cast<std::uint64_t>(request) << 32 | seq));
  h = hash_bytes(h, type.data(), type.size());
  return hash_bytes(h, data.data(), data.size());
}

void Record::read(const EventLog& log) {
  while (last() < log.last()) {
    const EventNumber number = last() + 1;
    if (number < log.first()) {
      hashes_.emplace_back();
      continue;
    }
    const Event& e = log.at(number);
    hashes_.emplace_back(event_hash(e.kind, e.player, e.type, e.data, e.request, e.seq, e.skip_sender));
  }
}

void Truth::read(const Worker& worker) {
  for (const auto& place : worker.places()) {
    if (!place->room) continue;
    const Room& room = *place->room;
    RoomTruth& truth = rooms_[room.settings().id];
    truth.id = room.settings().id;
    truth.room = &room;
    truth.events.read(room.events());
    for (const auto& seat : room.seats()) truth.direct[seat->number].read(seat->direct);
    Tick& seen = ticked_[&room];
    const Tick sent = room.frames().tick();
    ticks += room.tick() != seen;
    truth.ticks_at[sent] += room.tick() - seen;
    seen = room.tick();
    if (sent == truth.newest) continue;
    SIM_REQUIRE(sent > truth.newest, "ticks of frames grow");
    SIM_REQUIRE(sent == room.tick(), "a frame is of the tick that is now");
    truth.newest = sent;
    truth.worlds[sent] = world_hash(room.world());
  }
}

void Truth::note_message(const Room& room, PlayerNumber from, const Event& event) {
  if (from == 0 || event.type != "said" || event.data.size() < 4) return;
  std::uint32_t number;
  std::memcpy(&number, event.data.data(), 4);
  rooms_[room.settings().id].said[from].push_back(number);
}

void Truth::note_closed(const Room& room) {
  rooms_[room.settings().id].room = nullptr;
  ticked_.erase(&room);
}

}  // namespace tickrelay::sim
