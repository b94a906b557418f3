#include "roster.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr std::int64_t event_wait_us = 1'000'000;

Player player_of(const wire::Player& from, EntityId entity) {
  Player player;
  player.number = from.number();
  player.id = from.id() ? from.id()->str() : "";
  player.role = static_cast<Role>(from.role());
  player.connected = from.connected();
  player.options = from.options() ? from.options()->str() : "";
  player.entity = from.entity() != 0 ? from.entity() : entity;
  return player;
}

}  // namespace

void Roster::apply(const std::vector<MirrorChange>& changes, const Mirror& mirror, std::int64_t now_us,
                   const Joined& joined) {
  for (const MirrorChange& change : changes) {
    if (change.component != player_component) continue;
    const bool removed = change.kind == Change::Kind::removed;
    const wire::Player* from =
        verified<wire::Player>(removed ? Bytes(change.last) : mirror.value(player_component, change.entity));
    if (from == nullptr || from->number() == 0) continue;
    if (removed) {
      const auto seat = seats_.find(from->number());
      // A seat that was made again has another entity, which may be told of before the old one goes.
      if (seat == seats_.end() || seat->second.carrier != change.entity) continue;
      if (seat->second.told_left) {
        seats_.erase(seat);
      } else {
        seat->second.gone_us = now_us;
      }
      continue;
    }
    Seat& seat = seats_[from->number()];
    seat.player = player_of(*from, change.entity);
    seat.carrier = change.entity;
    seat.gone_us = 0;
    if (std::exchange(seat.told_joined, true)) continue;
    const Player player = seat.player;
    joined(player);
  }
}

void Roster::left(PlayerNumber number, const std::string& reason, const Left& call) {
  const auto seat = seats_.find(number);
  if (seat == seats_.end() || seat->second.told_left) return;
  const Player player = seat->second.player;
  if (seat->second.gone_us != 0) {
    seats_.erase(seat);
  } else {
    seat->second.told_left = true;
  }
  call(player, reason);
}

void Roster::step(std::int64_t now_us, const Left& call) {
  std::vector<PlayerNumber> overdue;
  for (const auto& [number, seat] : seats_) {
    if (seat.gone_us != 0 && now_us - seat.gone_us >= event_wait_us) overdue.push_back(number);
  }
  for (const PlayerNumber number : overdue) left(number, "left", call);
}

std::vector<Player> Roster::players() const {
  std::vector<Player> players;
  for (const auto& [number, seat] : seats_) {
    if (seat.gone_us == 0 && !seat.told_left) players.push_back(seat.player);
  }
  return players;
}

}  // namespace sdk
}  // namespace tickrelay
