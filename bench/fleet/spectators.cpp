#include "bench/fleet/spectators.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "bench/load/return_slot.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr int niceness = 10;
constexpr std::int64_t look_ns = ms_ns;
constexpr std::int64_t sweep_ns = 9'713 * us_ns;  // no frames' period is a multiple of it: ages are looked at in all phases
constexpr std::uint32_t under_way_max = 64;
constexpr std::int64_t come_again_ns = second_ns;  // of who was closed without a return slot
constexpr std::int64_t leave_patience_ns = 5 * second_ns;

std::int64_t thread_cpu_ns() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * second_ns + used.tv_nsec;
}

}  // namespace

Spectators::Spectators(Endpoint endpoint, SpectatorsOptions options, const SentBoard& sent)
    : options_(std::move(options)), sent_(sent), crowd_(std::move(endpoint), *this), places_(options_.count) {
  for (std::uint32_t i = 0; i < options_.count; ++i) {
    Client::Traits traits;
    traits.decodes = i % options_.decode_one_in == 0;
    crowd_.add(traits);
    due_.push({0, i});
  }
  thread_ = std::thread([this] { run(); });
}

// The begin last: who sees it sees the end, too.
void Spectators::open(std::int64_t begin_ns, std::int64_t end_ns) {
  end_ns_ = end_ns;
  begin_ns_ = begin_ns;
}

const Seen& Spectators::stop() {
  leaving_ = true;
  if (thread_.joinable()) thread_.join();
  return seen_;
}

void Spectators::run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  std::int64_t next_look_ns = now_ns(), next_sweep_ns = next_look_ns;
  while (!leaving_) {
    std::int64_t now = now_ns();
    note_window(now);
    if (inside(now)) seen_.look_lateness.add(now - next_look_ns);
    invite(now);
    crowd_.poll(0);
    now = now_ns();
    if (now >= next_sweep_ns) {
      crowd_.sweep(now);
      if (inside(now)) sample_ages(now);
      next_sweep_ns = std::max(next_sweep_ns + sweep_ns, now);
    }
    next_look_ns = std::max(next_look_ns + look_ns, now);
    sleep_until_ns(next_look_ns);
  }
  note_window(end_ns_);  // it may be that nobody looked since
  leave();
}

void Spectators::note_window(std::int64_t now_ns) {
  if (window_ == Window::ahead && begin_ns_ <= now_ns && begin_ns_ != INT64_MAX) {
    window_ = Window::open;
    seen_.cpu_ns -= thread_cpu_ns();
    seen_.bytes -= bytes_received();  // modulo 2^64: the end adds more
  }
  if (window_ == Window::open && end_ns_ <= now_ns) {
    window_ = Window::over;
    seen_.cpu_ns += thread_cpu_ns();
    seen_.bytes += bytes_received();
    seen_.here = here_;
    seen_.frames_least = places_.empty() ? 0 : std::ranges::min_element(places_, {}, &Place::frames)->frames;
  }
}

std::uint64_t Spectators::bytes_received() const {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < crowd_.size(); ++i) bytes += crowd_[i].bytes_received();
  return bytes;
}

// ----------------------------------------------------------------------------------------------- coming and going

// The first alone: for it the relay makes the mirror.
void Spectators::invite(std::int64_t now_ns) {
  while (under_way_ < (here_ == 0 ? 1 : under_way_max) && !due_.empty() && due_.top().first <= now_ns) {
    const std::uint32_t number = due_.top().second;
    due_.pop();
    join(number, now_ns);
  }
}

void Spectators::join(std::uint32_t number, std::int64_t now_ns) {
  JoinWish wish{.mode = wire::JoinMode::ById,
                .room_id = options_.room_id,
                .player_id = options_.name + "-" + std::to_string(number),
                .role = wire::Role::Spectator};
  if (crowd_.join(crowd_[number], std::move(wish))) {
    places_[number].coming = true;
    ++under_way_;
  } else {
    ++seen_.errors[std::strerror(errno)];
    due_.push({now_ns + come_again_ns, number});
  }
}

void Spectators::on_seated(Client& client, std::int64_t) {
  places_[client.traits().number].coming = false;
  --under_way_, ++here_;
  seen_.rate_hz = client.seat().send_rate_hz;
}

void Spectators::on_closed(Client& client, int code, const std::string& reason) {
  const std::uint32_t number = client.traits().number;
  std::exchange(places_[number].coming, false) ? --under_way_ : --here_;
  if (leaving_) return;
  const auto slot_ns = return_slot_ns(reason);
  if (slot_ns) {
    ++seen_.return_slots;
  } else {
    ++seen_.errors["closed " + std::to_string(code) + (reason.empty() ? "" : ": " + reason)];
  }
  due_.push({now_ns() + slot_ns.value_or(come_again_ns), number});
}

void Spectators::leave() {
  for (std::size_t i = 0; i < crowd_.size(); ++i) {
    if (crowd_[i].seated()) crowd_[i].leave();
  }
  const std::int64_t give_up_ns = now_ns() + leave_patience_ns;
  while (here_ > 0 && now_ns() < give_up_ns) {
    crowd_.poll(5 * ms_ns);
    crowd_.sweep(now_ns());
  }
  for (std::size_t i = 0; i < crowd_.size(); ++i) crowd_.drop(crowd_[i]);
}

// -------------------------------------------------------------------------------------------------------- watching

void Spectators::on_frame(Client& client, const FrameFacts&, std::int64_t now_ns) {
  Place& place = places_[client.traits().number];
  if (inside(now_ns)) ++place.frames, ++seen_.frames;
  if (client.mirror() != nullptr) match_values(client, place, now_ns);
}

// A frame with an older base repeats what came before.
void Spectators::match_values(const Client& client, Place& place, std::int64_t now_ns) {
  const auto transform = client.seat().layout->find("bench.Transform");
  for (const Mirror::Place& change : client.mirror()->changes()) {
    const auto value = client.mirror()->value(change.component, change.entity);
    if (change.component != transform || value.size() != sizeof(Placement)) continue;
    Placement placement;
    std::memcpy(placement.data(), value.data(), sizeof placement);
    const auto intended_ns = sent_.intended_ns(change.entity, placement);
    if (!intended_ns) {
      seen_.values_unknown += inside(now_ns) ? 1 : 0;
      continue;
    }
    auto known = std::ranges::find(place.values, change.entity, &Value::entity);
    if (known == place.values.end()) known = place.values.insert(known, Value{change.entity, 0});
    if (*intended_ns <= known->intended_ns) continue;
    known->intended_ns = *intended_ns;
    place.newest_ns = std::max(place.newest_ns, *intended_ns);
    if (!inside(*intended_ns)) continue;
    ++seen_.values_matched;
    seen_.latency.add(now_ns - *intended_ns);
  }
}

void Spectators::sample_ages(std::int64_t now_ns) {
  for (const Place& place : places_) {
    if (place.newest_ns != 0) seen_.state_age.add(now_ns - place.newest_ns);
  }
}

}  // namespace tickrelay::bench
