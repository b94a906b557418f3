// What the opaque handles point to. A room's call-backs hold it weakly: it may be freed while its seat is still
// leaving.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events.h"
#include "tickrelay/client.h"
#include "tickrelay/client_c.h"

struct tickrelay_room {
  tickrelay_client* client = nullptr;
  std::shared_ptr<tickrelay::Room> room;
  std::set<std::string, std::less<>> watched;
  bool watches_send_ticks = false;
  std::vector<tickrelay::Player> players;  // behind the entries last given out
};

struct tickrelay_client {
  explicit tickrelay_client(std::string url, tickrelay::ClientOptions options)
      : client(std::move(url), std::move(options)) {}

  tickrelay::c::Events events;
  std::vector<std::shared_ptr<tickrelay_room>> rooms;
  tickrelay::Client client;
};

namespace tickrelay::c {

inline std::string text_of(const char* text) { return text ? text : ""; }

inline Bytes bytes_of(const void* data, std::size_t size) {
  return data ? Bytes(static_cast<const std::uint8_t*>(data), size) : Bytes();
}

// No exception leaves the library: out of memory looks like any refusal.
template <class Result, class Call>
Result guarded(Result otherwise, Call&& call) noexcept {
  try {
    return call();
  } catch (...) {
    return otherwise;
  }
}

// Turns the room's call-backs into events.
void listen(const std::shared_ptr<tickrelay_room>& room);
void watch(const std::shared_ptr<tickrelay_room>& room, const std::string& component);

}  // namespace tickrelay::c
