// What happened in the last poll, kept until the program takes it. Owned by a tickrelay_client.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tickrelay/client_c.h"
#include "tickrelay/types.h"

namespace tickrelay::c {

struct Event {
  tickrelay_event_kind kind{};
  tickrelay_room* room = nullptr;
  std::uint32_t code = 0;
  std::uint32_t number = 0;
  std::uint32_t player = 0;
  std::uint32_t entity = 0;
  std::uint64_t fields = 0;
  std::string component;
  std::string type;
  std::string text;
  std::vector<std::uint8_t> data;  // from new: aligned for everything
};

class Events {
 public:
  Event& add(tickrelay_event_kind kind, tickrelay_room* room) {
    Event& event = events_.emplace_back();
    event.kind = kind;
    event.room = room;
    return event;
  }

  void forget() {
    events_.clear();
    next_ = 0;
  }

  void forget(const tickrelay_room* room) {
    for (std::size_t i = next_; i < events_.size(); ++i) {
      if (events_[i].room == room) events_[i].kind = {};
    }
  }

  bool next(tickrelay_event& to) {
    while (next_ < events_.size() && events_[next_].kind == tickrelay_event_kind{}) ++next_;
    if (next_ == events_.size()) return false;
    const Event& from = events_[next_++];
    to = {from.kind,
          from.room,
          from.code,
          from.number,
          from.player,
          from.entity,
          from.fields,
          from.component.c_str(),
          from.type.c_str(),
          from.text.c_str(),
          from.data.empty() ? nullptr : from.data.data(),
          from.data.size()};
    return true;
  }

 private:
  std::deque<Event> events_;  // references stay
  std::size_t next_ = 0;
};

}  // namespace tickrelay::c
