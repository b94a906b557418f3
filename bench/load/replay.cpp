#include "bench/load/replay.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

using wire::ActionKind;

// The masked fields in order, native width, little endian.
void pack(const RecordedChange& change, const std::vector<std::uint8_t>& field_bytes, std::vector<std::uint8_t>& out) {
  out.clear();
  for (std::size_t field = 0; field < field_bytes.size(); ++field) {
    if ((change.mask >> field & 1) == 0) continue;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&change.values[field]);
    out.insert(out.end(), bytes, bytes + field_bytes[field]);
  }
}

}  // namespace

Replay::Replay(Endpoint endpoint, const Recording& recording, const RecordedSchema& schema,
               std::int64_t server_ahead_ns)
    : recording_(recording),
      schema_(schema),
      server_ahead_ns_(server_ahead_ns),
      crowd_(std::move(endpoint), *this),
      changes_(recording),
      values_(update_actions_max) {
  crowd_.add({});
}

void Replay::join(const JoinWish& wish, std::int64_t patience_ns) {
  const std::int64_t give_up_ns = now_ns() + patience_ns;
  if (!crowd_.join(crowd_[0], wish)) throw std::runtime_error("cannot connect");
  while (!crowd_[0].seated()) {
    crowd_.poll(5 * ms_ns);
    check_connection();
    if (now_ns() > give_up_ns) throw std::runtime_error("the room gave no seat in time");
  }
  find_components();
}

void Replay::find_components() {
  const auto find = [this](const std::string& name) {
    const auto found = crowd_[0].seat().layout->find(name);
    if (!found) throw std::runtime_error("the room's layout has no " + name);
    return *found;
  };
  for (const RecordedColumn& column : schema_.columns) components_.push_back(find(column.component));
  tick_component_ = find(schema_.tick_component);
}

void Replay::check_connection() const {
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

// A little after a tick of the room: all of a recorded tick arrives before the next one.
std::int64_t Replay::first_write_ns() const {
  const Seat& seat = crowd_[0].seat();
  const std::int64_t period_ns = second_ns / seat.tick_rate_hz;
  const std::int64_t zero_ns = seat.tick_zero_us * us_ns - server_ahead_ns_;
  const std::int64_t soon_ns = now_ns() + 2 * period_ns - zero_ns;
  return zero_ns + soon_ns / period_ns * period_ns + period_ns / 8;
}

void Replay::play(std::size_t ticks, const std::function<void(std::size_t)>& each_second) {
  const std::int64_t start_ns = first_write_ns();
  const double period_ns = static_cast<double>(second_ns) / recording_.hz();
  std::int64_t next_second_ns = start_ns + second_ns;
  for (std::size_t tick = 0; tick < std::min(ticks, recording_.ticks()); ++tick) {
    const std::int64_t due_ns = start_ns + static_cast<std::int64_t>(period_ns * static_cast<double>(tick));
    for (std::int64_t now = now_ns(); now < due_ns; now = now_ns()) {
      crowd_.poll(std::min(due_ns - now, 10 * ms_ns));
      crowd_.sweep(now_ns());
      check_connection();
    }
    write_tick(tick);
    counts_.lateness_max_ms = std::max(counts_.lateness_max_ms, static_cast<double>(now_ns() - due_ns) * 1e-6);
    if (now_ns() < next_second_ns) continue;
    each_second(tick);
    next_second_ns += second_ns;
  }
}

// The tick's number goes last: who sees it has all of that tick.
void Replay::write_tick(std::size_t tick) {
  for (const RecordedChange& change : changes_.to(tick)) add(change);
  const auto number = static_cast<std::uint32_t>(tick);
  std::vector<std::uint8_t>& value = values_[actions_.size()];
  value.assign(reinterpret_cast<const std::uint8_t*>(&number), reinterpret_cast<const std::uint8_t*>(&number + 1));
  add_action(ActionKind::Set, tick_component_, 0, 1, value);
  send_actions();
  ++counts_.ticks;
}

void Replay::add(const RecordedChange& change) {
  using What = RecordedChange::What;
  const std::uint16_t component = components_[change.key.first];
  if (change.what == What::goes) {
    add_action(ActionKind::Despawn, 0, entities_.at(change.key), 0, {});
    entities_.erase(change.key);
    ++counts_.despawned;
    return;
  }
  const bool appears = change.what == What::appears;
  if (appears) entities_[change.key] = new_id();
  ++(appears ? counts_.spawned : counts_.set);
  std::vector<std::uint8_t>& value = values_[actions_.size()];
  pack(change, schema_.columns[change.key.first].field_bytes, value);
  add_action(appears ? ActionKind::Spawn : ActionKind::Set, component, entities_.at(change.key), change.mask, value);
}

void Replay::add_action(ActionKind kind, std::uint16_t component, std::uint32_t entity, std::uint64_t mask,
                        std::span<const std::uint8_t> data) {
  actions_.push_back({.kind = kind, .component = component, .entity = entity, .mask = mask, .data = data});
  if (actions_.size() == update_actions_max) send_actions();
}

void Replay::send_actions() {
  if (actions_.empty()) return;
  if (crowd_[0].act(actions_) == Connection::Sent::refused) failure_ = "the relay does not read any more";
  actions_.clear();
}

// Waits for a further block of ids where those that the relay gave are used up.
std::uint32_t Replay::new_id() {
  const std::int64_t give_up_ns = now_ns() + 5 * second_ns;
  for (;;) {
    if (const auto id = crowd_[0].take_id()) return *id;
    send_actions();
    crowd_.poll(5 * ms_ns);
    crowd_.sweep(now_ns());
    check_connection();
    if (now_ns() > give_up_ns) throw std::runtime_error("the relay gives no further entity ids");
  }
}

void Replay::leave() {
  crowd_[0].leave();
  const std::int64_t give_up_ns = now_ns() + second_ns;
  while (crowd_[0].seated() && now_ns() < give_up_ns) crowd_.poll(5 * ms_ns);
}

void Replay::on_seated(Client&, std::int64_t) {}

void Replay::on_refused(Client&, const std::string& reason) { ++counts_.refused[reason]; }

void Replay::on_closed(Client&, int code, const std::string& reason) {
  failure_ = "the relay closed the connection with " + std::to_string(code) + " " + reason;
}

}  // namespace tickrelay::bench
