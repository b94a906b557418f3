#pragma once
// What a client knows of its seat and what it has of its room: the protocol's numbers, without sockets or clocks.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "bench/load/frame_head.h"
#include "bench/load/layout.h"

namespace tickrelay::bench {

struct IdBlock {
  std::uint32_t first, count;
};

struct Seat {
  std::string room_id, session;
  std::uint32_t player = 0, entity = 0, term = 0;
  std::uint32_t tick_rate_hz = 1, send_rate_hz = 1;
  std::int64_t tick_zero_us = 0;  // the server's clock
  std::int64_t acknowledge_within_ns = 0;
  wire::Codec codec = wire::Codec::Plain;
  bool resumed = false;
  std::shared_ptr<const Layout> layout;

  // What the client has.
  std::uint32_t tick = 0, complete = 0, event = 0, direct = 0;
  std::uint32_t last_seq = 0;
  std::deque<IdBlock> ids;  // to spawn from
  std::uint32_t ids_end = 0;

  // Rules 1 and 4 of PROTOCOL.md, "Frames".
  bool takes(const FrameFacts& frame) const;
  void take(const FrameFacts& frame);
  std::int64_t due_us(std::uint32_t tick_number) const;
  void add_ids(IdBlock block);
  // nullopt: wait for a further block.
  std::optional<std::uint32_t> take_id();
};

// Rooms of one type share a layout; it is read once.
class LayoutShelf {
 public:
  std::shared_ptr<const Layout> keep(const wire::Layout& layout);
  std::shared_ptr<const Layout> find(std::uint64_t fingerprint) const;

 private:
  std::unordered_map<std::uint64_t, std::shared_ptr<const Layout>> layouts_;
};

// A Welcome of a higher term without `resumed` starts from nothing; one with it goes on from what there is.
void seat_by_welcome(Seat& seat, const wire::Welcome& welcome, LayoutShelf& layouts);

}  // namespace tickrelay::bench
