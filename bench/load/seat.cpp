#include "bench/load/seat.h"

#include <algorithm>

#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

std::string text(const flatbuffers::String* string) { return string == nullptr ? std::string() : string->str(); }

}  // namespace

bool Seat::takes(const FrameFacts& frame) const {
  if (frame.events > 0 && frame.event_first > event + 1) return false;
  return frame.base() <= tick && tick < frame.tick;
}

void Seat::take(const FrameFacts& frame) {
  tick = frame.tick;
  complete = frame.complete_tick();
  if (frame.events > 0) event = std::max(event, frame.event_first + frame.events - 1);
}

std::int64_t Seat::due_us(std::uint32_t tick_number) const {
  return tick_zero_us + tick_number * std::int64_t{1'000'000} / tick_rate_hz;
}

// Blocks go up, and the same one may be told twice.
void Seat::add_ids(IdBlock block) {
  if (block.first < ids_end) return;
  ids.push_back(block);
  ids_end = block.first + block.count;
}

std::optional<std::uint32_t> Seat::take_id() {
  if (ids.empty()) return std::nullopt;
  const std::uint32_t id = ids.front().first++;
  if (--ids.front().count == 0) ids.pop_front();
  return id;
}

std::shared_ptr<const Layout> LayoutShelf::keep(const wire::Layout& layout) {
  std::shared_ptr<const Layout>& kept = layouts_[layout.fingerprint()];
  if (!kept) kept = std::make_shared<const Layout>(read_layout(layout));
  return kept;
}

std::shared_ptr<const Layout> LayoutShelf::find(std::uint64_t fingerprint) const {
  const auto found = layouts_.find(fingerprint);
  return found == layouts_.end() ? nullptr : found->second;
}

void seat_by_welcome(Seat& seat, const wire::Welcome& welcome, LayoutShelf& layouts) {
  const bool goes_on = welcome.resumed() && !welcome.rolled_back();
  seat.room_id = text(welcome.room_id());
  seat.session = text(welcome.session());
  seat.player = welcome.player();
  seat.entity = welcome.entity();
  seat.term = welcome.term();
  seat.tick_rate_hz = std::max<std::uint32_t>(welcome.tick_rate(), 1);
  seat.send_rate_hz = std::max<std::uint32_t>(welcome.send_rate(), 1);
  seat.tick_zero_us = static_cast<std::int64_t>(welcome.tick_zero_us());
  seat.acknowledge_within_ns = std::max<std::int64_t>(welcome.ack_interval_ms(), 1) * ms_ns;
  seat.codec = welcome.codec();
  seat.resumed = welcome.resumed();
  if (welcome.layout() != nullptr) seat.layout = layouts.keep(*welcome.layout());
  if (!seat.layout) seat.layout = layouts.find(welcome.fingerprint());
  if (!goes_on) seat.tick = seat.complete = 0;
  seat.event = welcome.event();
  seat.direct = welcome.direct();
  seat.last_seq = std::max(welcome.resumed() ? seat.last_seq : 0, welcome.applied_seq());
  if (!welcome.resumed()) seat.ids.clear();
  if (welcome.ids_count() > 0) seat.add_ids({welcome.ids_first(), welcome.ids_count()});
}

}  // namespace tickrelay::bench
