#include "bench/load/tally.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t late_ticks = 2;

std::uint64_t room_and_entity(std::uint32_t room, std::uint32_t entity) { return std::uint64_t{room} << 32 | entity; }

// The first tick that is due at or after this time.
std::int64_t tick_from(const Seat& seat, std::int64_t server_ns) {
  const std::int64_t passed_ns = server_ns - seat.tick_zero_us * us_ns;
  return (passed_ns * seat.tick_rate_hz + second_ns - 1) / second_ns;
}

}  // namespace

Tally::Tally(Crowd& crowd, std::uint32_t players_per_room, std::int64_t server_ahead_ns, std::int64_t now_ns)
    : crowd_(crowd), players_(players_per_room), server_ahead_ns_(server_ahead_ns), sent_(crowd.size()) {
  receivers_.resize(crowd.size());
  for (std::uint32_t i = 0; i < crowd.size(); ++i) {
    const Client& client = crowd[i];
    const Seat& seat = client.seat();
    receivers_[i].complete_due_ns = seat.complete == 0 ? now_ns : due_ns(seat, seat.complete);
    receivers_[i].slow = client.traits().read_bytes_per_s > 0;
    if (client.traits().decodes) receivers_[i].seen.resize(players_);
    measured_.slow_clients += receivers_[i].slow ? 1 : 0;
    owners_[room_and_entity(i / players_, seat.entity)] = i;
  }
}

std::int64_t Tally::due_ns(const Seat& seat, std::uint32_t tick) const {
  return seat.due_us(tick) * us_ns - server_ahead_ns_;
}

std::uint64_t Tally::ticks_expected(const Seat& seat) const {
  const std::int64_t step = std::max<std::int64_t>(seat.tick_rate_hz / seat.send_rate_hz, 1);
  const auto sends_before = [&](std::int64_t when_ns) {
    return (tick_from(seat, when_ns + server_ahead_ns_) + step - 1) / step;
  };
  return static_cast<std::uint64_t>(sends_before(end_ns_) - sends_before(begin_ns_));
}

void Tally::open(std::int64_t begin_ns, std::int64_t end_ns) {
  begin_ns_ = begin_ns, end_ns_ = end_ns;
  second_bytes_before_ = bytes_received();
  for (std::uint32_t i = 0; i < receivers_.size(); ++i) {
    receivers_[i].bytes_before = crowd_[i].bytes_received();
    if (!receivers_[i].slow) measured_.frames_expected += ticks_expected(crowd_[i].seat());
  }
}

std::uint64_t Tally::bytes_received() const {
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < receivers_.size(); ++i) bytes += receivers_[i].slow ? 0 : crowd_[i].bytes_received();
  return bytes;
}

void Tally::end_seconds(std::int64_t now_ns) {
  const auto ended = static_cast<std::int64_t>(measured_.seconds.size() + 1);
  if (begin_ns_ == INT64_MAX || std::min(now_ns, end_ns_) - begin_ns_ < ended * second_ns) return;
  const std::uint64_t bytes = bytes_received();
  measured_.seconds.push_back({.frames = std::exchange(second_frames_, 0),
                               .bytes = bytes - std::exchange(second_bytes_before_, bytes),
                               .latency_p50_ns = second_latency_.quantile_ns(0.5),
                               .latency_p99_ns = second_latency_.quantile_ns(0.99),
                               .state_age_p99_ns = second_age_.quantile_ns(0.99)});
  second_latency_ = second_age_ = {};
}

void Tally::close() {
  end_seconds(end_ns_);
  for (std::uint32_t i = 0; i < receivers_.size(); ++i) {
    const std::uint64_t bytes = crowd_[i].bytes_received() - receivers_[i].bytes_before;
    (receivers_[i].slow ? measured_.slow_bytes : measured_.bytes) += bytes;
    if (crowd_[i].mirror() != nullptr) measured_.decoded_bytes += bytes;
  }
}

void Tally::on_step(std::uint32_t player, const Placement& placement, std::int64_t intended_ns,
                    std::int64_t written_ns) {
  sent_[player].add(placement, intended_ns, written_ns);
  if (inside(intended_ns)) measured_.generator_lateness.add(written_ns - intended_ns);
}

void Tally::on_frame(const Client& client, const FrameFacts& frame, std::int64_t now_ns) {
  Receiver& receiver = receivers_[client.traits().number];
  const Seat& seat = client.seat();
  receiver.complete_due_ns = due_ns(seat, frame.complete_tick());
  const std::int64_t frame_due_ns = due_ns(seat, frame.tick);
  measured_.frames_all += inside(now_ns) ? 1 : 0;
  if (inside(frame_due_ns) && receiver.slow) ++measured_.slow_frames;
  if (inside(frame_due_ns) && !receiver.slow) {
    ++measured_.frames_received, ++second_frames_;
    measured_.frames_late += now_ns - frame_due_ns > late_ticks * second_ns / seat.tick_rate_hz ? 1 : 0;
    measured_.age_at_arrival.add(now_ns - receiver.complete_due_ns);
  }
  if (client.mirror() != nullptr) match_values(client, receiver, frame, now_ns);
}

void Tally::match_values(const Client& client, Receiver& receiver, const FrameFacts& frame, std::int64_t now_ns) {
  const auto transform = client.seat().layout->find("bench.Transform");
  const std::uint32_t room = client.traits().number / players_;
  for (const Mirror::Place& place : client.mirror()->changes()) {
    if (place.component != transform) continue;
    measured_.decoded_updates += inside(now_ns) ? 1 : 0;
    const auto owner = owners_.find(room_and_entity(room, place.entity));
    const auto value = client.mirror()->value(place.component, place.entity);
    if (owner == owners_.end() || value.size() != sizeof(Placement)) continue;
    Placement placement;
    std::memcpy(placement.data(), value.data(), sizeof placement);
    const Sent* sent = sent_[owner->second].find(placement);
    if (sent == nullptr) {
      measured_.values_unknown += inside(now_ns) ? 1 : 0;
      continue;
    }
    // A frame with an older base repeats what came before.
    std::uint32_t& seen = receiver.seen[owner->second % players_];
    if (sent->number <= seen) continue;
    seen = sent->number;
    if (!receiver.slow && inside(sent->intended_ns)) add_latency(client.seat(), *sent, frame, now_ns);
  }
}

// The relay read the value after it was written and before the frame's base passed it; the first tick after that is the
// later of the two bounds. Of a frame that jumps over skipped ticks the skipped ones count as its lateness.
void Tally::add_latency(const Seat& seat, const Sent& sent, const FrameFacts& frame, std::int64_t now_ns) {
  ++measured_.values_matched;
  measured_.latency.add(now_ns - sent.intended_ns);
  second_latency_.add(now_ns - sent.intended_ns);
  const std::int64_t after_write = tick_from(seat, sent.written_ns + server_ahead_ns_);
  const std::int64_t after_base = std::int64_t{frame.base()} + 1;
  measured_.values_missed_tick += after_write < after_base ? 1 : 0;
  const std::int64_t tick =
      std::clamp<std::int64_t>(after_write, after_base, std::max<std::int64_t>(after_base, frame.tick));
  measured_.latency_beyond_tick.add(now_ns - due_ns(seat, static_cast<std::uint32_t>(tick)));
}

void Tally::sample_ages(std::int64_t now_ns) {
  end_seconds(now_ns);
  if (!inside(now_ns)) return;
  for (const Receiver& receiver : receivers_) {
    (receiver.slow ? measured_.slow_state_age : measured_.state_age).add(now_ns - receiver.complete_due_ns);
    if (!receiver.slow) second_age_.add(now_ns - receiver.complete_due_ns);
  }
}

}  // namespace tickrelay::bench
