#include "bench/peers/meter.h"

#include <algorithm>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t late_ticks = 2;

}  // namespace

Meter::Meter(std::uint32_t rooms, std::uint32_t players_per_room, std::uint32_t rate_hz, std::uint32_t values_kept)
    : players_(players_per_room), rate_hz_(rate_hz), receivers_(rooms * players_per_room) {
  sent_.assign(receivers_.size(), SentLog(values_kept));
  for (Receiver& receiver : receivers_) receiver.seen.resize(players_);
}

std::uint64_t Meter::entity_key(const Player& player, std::uint32_t entity) const {
  return std::uint64_t{player.traits().number / players_} << 32 | entity;
}

void Meter::seat(const Player& player) { owners_[entity_key(player, player.entity())] = player.traits().number; }

void Meter::open(std::int64_t begin_ns, std::int64_t end_ns, const std::vector<const Player*>& players) {
  begin_ns_ = begin_ns, end_ns_ = end_ns;
  const std::int64_t ticks = (end_ns - begin_ns) * rate_hz_ / second_ns;
  metered_.slow_age.resize(static_cast<std::size_t>((end_ns - begin_ns + second_ns - 1) / second_ns));
  for (const Player* player : players) {
    receivers_[player->traits().number].bytes_before = player->bytes_received();
    if (!player->slow()) metered_.frames_expected += static_cast<std::uint64_t>(ticks);
  }
}

void Meter::close(const std::vector<const Player*>& players) {
  for (const Player* player : players) {
    const std::uint64_t bytes = player->bytes_received() - receivers_[player->traits().number].bytes_before;
    if (player->slow()) metered_.slow_bytes += bytes;
    if (!player->slow() && player->traits().decodes) metered_.decoded_bytes += bytes;
  }
}

void Meter::on_move(const Player& player, const Placement& placement, std::int64_t intended_ns,
                    std::int64_t written_ns) {
  sent_[player.traits().number].add(placement, intended_ns, written_ns);
  if (inside(intended_ns)) metered_.sent_late.add(written_ns - intended_ns);
}

void Meter::on_value(const Player& player, std::uint32_t entity, const Placement& placement, std::int64_t now_ns) {
  if (!player.slow() && inside(now_ns)) ++metered_.decoded_values;
  const auto owner = owners_.find(entity_key(player, entity));
  if (owner == owners_.end()) return;
  const Sent* sent = sent_[owner->second].find(placement);
  if (sent == nullptr) {
    metered_.values_unknown += inside(now_ns) ? 1 : 0;
    return;
  }
  Receiver& receiver = receivers_[player.traits().number];
  receiver.newest_ns = std::max(receiver.newest_ns, sent->intended_ns);
  std::uint32_t& seen = receiver.seen[owner->second % players_];
  if (sent->number <= seen) return;  // it was there already
  seen = sent->number;
  if (player.slow() || !inside(sent->intended_ns)) return;
  ++metered_.values_matched;
  metered_.latency.add(now_ns - sent->intended_ns);
}

void Meter::on_frame(const Player& player, std::int64_t now_ns) {
  Receiver& receiver = receivers_[player.traits().number];
  const std::int64_t gap_ns = now_ns - receiver.frame_ns;
  receiver.frame_ns = now_ns;
  if (!inside(now_ns)) return;
  ++metered_.frames_all;
  if (player.slow()) {
    ++metered_.slow_frames;
    return;
  }
  ++metered_.frames;
  metered_.frames_late += gap_ns > late_ticks * second_ns / rate_hz_ ? 1 : 0;
}

void Meter::sample_ages(std::int64_t now_ns, const std::vector<const Player*>& players) {
  if (!inside(now_ns)) return;
  const auto second = static_cast<std::size_t>((now_ns - begin_ns_) / second_ns);
  for (const Player* player : players) {
    const std::int64_t newest_ns = receivers_[player->traits().number].newest_ns;
    if (!player->traits().decodes || !player->seated() || newest_ns == 0) continue;
    (player->slow() ? metered_.slow_age[second] : metered_.state_age).add(now_ns - newest_ns);
  }
}

}  // namespace tickrelay::bench
