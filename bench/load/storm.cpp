#include "bench/load/storm.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/load/return_slot.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t grain_ns = 487 * us_ns;
constexpr std::int64_t sweep_ns = 10 * ms_ns;
constexpr double golden_ratio = 0.6180339887498949;

// PROTOCOL.md, "Close codes": these come back with Resume.
bool comes_back(int code) { return (code >= 4000 && code < 4400) || code == 1001 || code == 1006; }

// Evenly in 0 to 1, from a client's number.
double spread(std::uint32_t number) {
  const double turns = number * golden_ratio;
  return turns - static_cast<double>(static_cast<std::int64_t>(turns));
}

}  // namespace

Storm::Storm(Endpoint endpoint, StormOptions options)
    : options_(std::move(options)),
      crowd_(std::move(endpoint), *this),
      gathering_(crowd_, {.rooms = options_.rooms, .players = options_.players, .room_ids = options_.room_ids}),
      movement_(options_.rooms * options_.players, 1, 0, options_.rate_hz),
      returning_(options_.rooms * options_.players) {
  for (std::size_t i = 0; i < returning_.size(); ++i) crowd_.add({});
}

std::string Storm::gather(std::int64_t timeout_ns) {
  const std::int64_t give_up_ns = now_ns() + timeout_ns;
  while (!gathering_.complete() && gathering_.failure().empty()) {
    gathering_.advance();
    crowd_.poll(5 * ms_ns);
    crowd_.sweep(now_ns());
    if (now_ns() > give_up_ns) return "only " + std::to_string(gathering_.seated()) + " players had seats in time";
  }
  return gathering_.failure();
}

void Storm::step() {
  crowd_.poll(0);
  const std::int64_t now = now_ns();
  movement_.advance(crowd_, now, [](const Movement::Step&) {});
  if (now >= next_sweep_ns_) {
    crowd_.sweep(now);
    next_sweep_ns_ = now + sweep_ns;
  }
  sleep_until_ns(now + grain_ns);
}

PlayResult Storm::play(std::int64_t until_ns) {
  stage_ = Stage::playing;
  play_ = {};
  frame_ns_.assign(crowd_.size(), 0);
  movement_.start(now_ns());
  while (now_ns() < until_ns) step();
  return play_;
}

StormResult Storm::drop_all_and_return() {
  stage_ = Stage::returning;
  away_ = static_cast<std::uint32_t>(crowd_.size());
  for (std::size_t i = 0; i < crowd_.size(); ++i) crowd_.drop(crowd_[i]);
  const std::int64_t dropped_ns = now_ns();
  for (std::uint32_t i = 0; i < crowd_.size(); ++i) {
    const auto delay_ns = static_cast<std::int64_t>(spread(i) * static_cast<double>(options_.within_ns));
    returning_[i] = {.try_at_ns = dropped_ns + delay_ns, .waiting = true};
  }
  while (away_ > 0 && now_ns() < dropped_ns + options_.patience_ns) {
    start_due_attempts(now_ns());
    step();
  }
  result_.lost += away_;
  if (away_ > 0 && result_.first_failure.empty()) result_.first_failure = "no frame in time";
  return result_;
}

void Storm::start_due_attempts(std::int64_t now_ns) {
  for (std::uint32_t i = 0; i < returning_.size(); ++i) {
    Returning& one = returning_[i];
    if (one.try_at_ns > now_ns) continue;
    if (one.tries++ == 0) one.first_try_ns = one.try_at_ns;
    one.try_at_ns = INT64_MAX;
    if (!crowd_.resume(crowd_[i])) give_up(i, std::strerror(errno));
  }
}

void Storm::give_up(std::uint32_t number, const std::string& reason) {
  if (!std::exchange(returning_[number].waiting, false)) return;
  --away_, ++result_.lost;
  if (result_.first_failure.empty()) result_.first_failure = reason;
}

// A seat that is not the old one is a lost player.
void Storm::on_seated(Client& client, std::int64_t) {
  if (stage_ == Stage::joining) return gathering_.on_seated(client);
  if (!client.seat().resumed) give_up(client.traits().number, "welcomed, but not resumed");
}

void Storm::on_frame(Client& client, const FrameFacts&, std::int64_t now_ns) {
  if (stage_ == Stage::playing) {
    const std::int64_t before_ns = std::exchange(frame_ns_[client.traits().number], now_ns);
    if (before_ns != 0) play_.gaps.add(now_ns - before_ns);
  }
  if (stage_ != Stage::returning) return;
  Returning& one = returning_[client.traits().number];
  if (!std::exchange(one.waiting, false)) return;
  --away_;
  result_.back.add(now_ns - one.first_try_ns);
}

// Back-off as PROTOCOL.md asks for, spread instead of random: 0 to 1 s, 0 to 2 s, 0 to 4 s.
void Storm::on_closed(Client& client, int code, const std::string& reason) {
  const std::uint32_t number = client.traits().number;
  if (stage_ == Stage::joining) return gathering_.on_closed(client, code, reason);
  if (stage_ == Stage::playing) ++play_.lost;
  if (stage_ == Stage::playing || !returning_[number].waiting) return;
  const std::string what = std::to_string(code) + " " + reason;
  if (!comes_back(code)) return give_up(number, what);
  if (result_.first_failure.empty()) result_.first_failure = what;
  ++result_.retries;
  if (const auto slot_ns = return_slot_ns(reason)) {
    ++result_.slots;
    returning_[number].try_at_ns = now_ns() + *slot_ns;
    return;
  }
  const int doublings = std::min(returning_[number].tries - 1, 4);
  const double wait_s = spread(number + 1 + static_cast<std::uint32_t>(doublings)) * (1 << doublings);
  returning_[number].try_at_ns = now_ns() + static_cast<std::int64_t>(wait_s * static_cast<double>(second_ns));
}

}  // namespace tickrelay::bench
