#pragma once
// The floor that relays are compared to: a bare epoll relay in one thread. One tick for all rooms, each room encoded
// once, one send() per member. It speaks just enough of the protocol that `tickrelay-bench run` drives it unchanged:
// Join, Update with Set, Spawn and Despawn, Ping. It looks at no acknowledgement and owes slow players nothing: a frame
// that the socket does not take is dropped, and a whole one follows when there is room.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/floor/room.h"
#include "bench/net/endpoint.h"

namespace tickrelay::bench {

struct FloorOptions {
  std::uint32_t rate_hz = 20;
  std::uint32_t players_max = 64;  // in a room that is joined by its type
  bool stagger = false;            // spread the rooms' ticks over the period
  bool lazy = false;               // read inputs only at ticks
};

class Floor {
 public:
  Floor(int listening_socket, FloorOptions options);
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  // Returns after `stop` became true, within a tick.
  void run(const std::atomic<bool>& stop);

 private:
  struct Peer;

  void wait(std::int64_t until_ns);
  void accept_all();
  void close(Peer& peer);
  void read(Peer& peer);
  bool upgrade(Peer& peer, std::vector<std::uint8_t>& bytes);
  bool receive(Peer& peer, std::span<const std::uint8_t> payload);
  bool join(Peer& peer, const wire::Join& join);
  FloorRoom& seat_room(const wire::Join& join);
  FloorRoom& room_named(const std::string& id);
  std::int64_t next_due_ns() const;
  void tick(FloorRoom& room, std::uint32_t number);
  void send(Peer& peer, std::span<const std::uint8_t> bytes);
  void send_message(Peer& peer, wire::Body kind, flatbuffers::Offset<void> body);
  void flush(Peer& peer);
  void watch(Peer& peer, std::uint32_t events);

  FloorOptions options_;
  int listening_;
  int epoll_;
  std::int64_t zero_ns_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by descriptor
  std::vector<std::unique_ptr<FloorRoom>> rooms_;
  std::unordered_map<std::string, FloorRoom*> rooms_by_id_;
  FloorRoom* open_room_ = nullptr;  // newest of those made by type
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<std::uint8_t> scratch_, outgoing_;
};

}  // namespace tickrelay::bench
