#include "bench/load/load.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

// No rate's period is a multiple of it: what waits for the grain waits a different time at every tick.
constexpr std::int64_t grain_ns = 487 * us_ns;
constexpr std::int64_t sweep_ns = 10 * ms_ns;  // on average

GatheringOptions gathering_options(const LoadOptions& options) {
  return {.rooms = options.rooms, .players = options.players, .type = options.type, .room_ids = options.room_ids};
}

// Every so-manieth client, so that slow ones and decoders are spread over the rooms.
bool chosen(std::uint32_t number, double share) {
  return std::floor((number + 1) * share) > std::floor(number * share);
}

}  // namespace

Load::Load(Endpoint endpoint, LoadOptions options)
    : options_(std::move(options)),
      crowd_(std::move(endpoint), *this),
      gathering_(crowd_, gathering_options(options_)),
      movement_(options_.rooms * options_.players, options_.entities, options_.still, options_.rate_hz) {
  for (std::uint32_t i = 0; i < options_.rooms * options_.players; ++i) {
    Client::Traits traits;
    // A slow client counts only: what it decodes is old.
    traits.decodes = i % options_.decode_one_in == 0;
    if (!traits.decodes && chosen(i, options_.slow_fraction)) {
      traits.read_bytes_per_s = options_.slow_bytes_per_s;
      traits.receive_buffer_bytes = options_.slow_receive_buffer_bytes;
    }
    crowd_.add(traits);
  }
}

std::string Load::gather(std::int64_t timeout_ns) {
  const std::int64_t give_up_ns = now_ns() + timeout_ns;
  while (!gathering_.complete() && gathering_.failure().empty()) {
    gathering_.advance();
    crowd_.poll(5 * ms_ns);
    crowd_.sweep(now_ns());
    if (now_ns() > give_up_ns) {
      return "only " + std::to_string(gathering_.seated()) + " of " + std::to_string(crowd_.size()) +
             " players had their seats in time";
    }
  }
  if (gathering_.failure().empty()) tally_.emplace(crowd_, options_.players, options_.server_ahead_ns, now_ns());
  return gathering_.failure();
}

void Load::play(std::int64_t until_ns, const std::function<void(std::int64_t)>& each_second) {
  std::int64_t next_grain_ns = now_ns();
  if (!std::exchange(started_, true)) {
    movement_.start(next_grain_ns);
    start_ns_ = next_sweep_ns_ = next_grain_ns;
    next_second_ns_ = next_grain_ns + second_ns;
  }
  for (;;) {
    crowd_.poll(0);
    std::int64_t now = now_ns();
    if (options_.moves) movement_.advance(crowd_, now, [this](const Movement::Step& step) { on_step(step); });
    now = now_ns();
    if (now >= next_sweep_ns_) {
      crowd_.sweep(now);
      tally_->sample_ages(now);
      next_sweep_ns_ = std::max(sweep_time_ns(++sweeps_), now);
    }
    if (now >= next_second_ns_) {
      each_second(now);
      next_second_ns_ += second_ns;
    }
    if (now >= until_ns) return;
    next_grain_ns = std::max(next_grain_ns + grain_ns, now);
    sleep_until_ns(next_grain_ns);
  }
}

// Somewhere in its 10 ms, so that ages are not always looked at in the same phases of the tick.
std::int64_t Load::sweep_time_ns(std::int64_t sweep) const {
  const double turns = static_cast<double>(sweep) * 0.6180339887498949;
  return start_ns_ + sweep * sweep_ns + static_cast<std::int64_t>((turns - std::floor(turns)) * sweep_ns);
}

void Load::on_step(const Movement::Step& step) {
  tally_->on_step(step.player, step.placement, step.intended_ns, now_ns());
  if (options_.on_step) options_.on_step(crowd_[step.player].seat().entity, step.placement, step.intended_ns);
  if (step.sent == Connection::Sent::refused) tally_->count_error("input not sent: the server does not read");
}

void Load::on_seated(Client& client, std::int64_t) { gathering_.on_seated(client); }

void Load::on_frame(Client& client, const FrameFacts& frame, std::int64_t now) {
  if (tally_) tally_->on_frame(client, frame, now);
}

void Load::on_discarded(Client&, const FrameFacts&, std::int64_t) {
  if (tally_) tally_->count_error("frame discarded");
}

void Load::on_lost(Client&, std::int64_t) {
  if (tally_) tally_->count_error("copy lost: it asks for the whole");
}

void Load::on_refused(Client&, const std::string& reason) {
  if (tally_) tally_->count_error("action refused: " + reason);
}

void Load::on_closed(Client& client, int code, const std::string& reason) {
  if (!tally_) return gathering_.on_closed(client, code, reason);
  tally_->count_error("closed " + std::to_string(code) + (reason.empty() ? "" : ": " + reason));
}

}  // namespace tickrelay::bench
