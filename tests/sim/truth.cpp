#include "truth.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

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

void Record::read(const EventLog& log, const std::function<void(const Event&)>& each) {
  while (last_ < log.last()) {
    if (const EventNumber next = log.continues_at(last_); next > last_) {
      gaps_.emplace_back(last_, next);
      if (log.gap() != 0 && next == log.gap_after() + log.gap()) leaps_.emplace_back(log.gap_after(), next);
      last_ = next;
      continue;
    }
    const Event& e = log.at(++last_);
    if (each) each(e);
    hashes_[last_] = event_hash(e.kind, e.player, e.type, e.data, e.request, e.seq, e.skip_sender);
  }
}

std::optional<std::uint64_t> Record::at(EventNumber number) const {
  const auto it = hashes_.find(number);
  return it == hashes_.end() ? std::nullopt : std::optional(it->second);
}

bool Record::skipped(EventNumber after, EventNumber before) const {
  return std::ranges::any_of(gaps_, [&](const auto& gap) { return gap.first < before && gap.second > after; });
}

// Two owners that came from one checkpoint leapt over the same numbers: those count once.
EventNumber Record::leapt(EventNumber after, EventNumber last, std::size_t known) const {
  std::vector<std::pair<EventNumber, EventNumber>> leaps(leaps_.begin(), leaps_.begin() + static_cast<std::ptrdiff_t>(known));
  std::ranges::sort(leaps);
  EventNumber sum = 0, counted = 0;  // up to here
  for (const auto& [from, to] : leaps) {
    if (from < after || to > last) continue;
    const EventNumber begin = std::max(from, counted);
    if (to > begin) sum += to - begin;
    counted = std::max(counted, to);
  }
  return sum;
}

bool RoomTruth::descends_from(Base base, std::uint32_t term) const {
  for (; term > base.term; term = terms.at(term).parent)
    if (base.tick > terms.at(term).start) return false;
  return term == base.term;
}

void Truth::read(const Worker& worker) {
  for (const auto& place : worker.places()) {
    if (!place->room) continue;
    const Room& room = *place->room;
    RoomTruth& truth = rooms_[room.settings().id];
    truth.id = room.settings().id;
    truth.room = &room;
    truth.events.read(room.events());
    for (const auto& seat : room.seats()) {
      const PlayerNumber player = seat->number;
      truth.direct[player].read(seat->direct, [&](const Event& event) {
        if (event.kind != EventKind::Failure) return;
        ++failures[event.type];
        truth.failed[player].insert(event.request);
      });
    }
    Term& term = truth.terms[room.term()];
    Tick& seen = ticked_[&room];
    const Tick sent = room.frames().tick();
    ticks += room.tick() != seen;
    term.ticks_at[sent] += room.tick() - seen;
    seen = room.tick();
    if (sent == term.newest) continue;
    SIM_REQUIRE(sent > term.newest && sent > term.start, "ticks of frames grow");
    SIM_REQUIRE(sent == room.tick(), "a frame is of the tick that is now");
    term.newest = sent;
    term.worlds[sent] = world_hash(room.world());
    if (room.settings().views) term.views[sent] = Snapshot::of(room);
    read_entities(truth, room);
  }
}

// An id has one entity. What a player sends again after a crash is that one: it was lost with its id.
void Truth::read_entities(RoomTruth& truth, const Room& room) {
  const World& world = room.world();
  std::map<PlayerNumber, std::uint32_t> owned;
  for (const EntityId id : world.entities().ids()) {
    if (world.owner(id) != 0) ++owned[world.owner(id)];
    const auto [it, fresh] = truth.born.try_emplace(id, RoomTruth::Birth{world.owner(id), room.term()});
    if (fresh || it->second.term == room.term()) continue;
    const bool again = world.owner(id) == it->second.owner || world.owner(id) == 0;  // it may have left since
    SIM_REQUIRE(it->second.owner != 0 && again && !world.has(id, player_component),
                "entity id " + std::to_string(id) + " is given twice: player " + std::to_string(it->second.owner) +
                    "'s in term " + std::to_string(it->second.term) + ", " + std::to_string(world.owner(id)) +
                    "'s in term " + std::to_string(room.term()));
    it->second.term = room.term();
  }
  const std::uint32_t most = room.settings().entities_per_player;
  for (const auto& seat : room.seats())  // its own comes with the seat
    SIM_REQUIRE(most == 0 || seat->role == wire::Role::Authority || owned[seat->number] <= most + 1, "a player owns more than it may");
}

void Truth::note_restored(const Room& room) {
  RoomTruth& truth = rooms_[room.settings().id];
  truth.room = &room;
  truth.events.read(room.events());  // before anything pushes the leap out
  for (const EntityId id : room.world().entities().ids()) truth.born[id] = {room.world().owner(id), room.term()};
}

void Truth::note_crash() {
  for (auto& [id, truth] : rooms_) truth.room = nullptr;
  ticked_.clear();
}

// By the room's ticks; what was not used of two seconds may come at once.
void Truth::pay(const Room& room, PlayerNumber from) {
  const RoomSettings& settings = room.settings();
  const auto seat = std::ranges::find(room.seats(), from, [](const auto& at) { return at->number; });
  if (settings.events_per_s == 0 || seat == room.seats().end() || (*seat)->role == wire::Role::Authority) return;
  RoomTruth::Spoken& spoken = rooms_[settings.id].spoken[from];
  if (std::exchange(spoken.term, room.term()) != room.term()) spoken.paid = 0;
  SIM_REQUIRE(spoken.paid - room.tick() <= 2 * settings.tick_rate + 1, "a player says more than it may");
  spoken.paid = std::max<double>(spoken.paid, room.tick()) + static_cast<double>(settings.tick_rate) / settings.events_per_s;
}

void Truth::note_message(const Room& room, PlayerNumber from, const Event& event) {
  if (from != 0) pay(room, from);
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
