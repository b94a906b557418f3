#pragma once
// What a peer's protocol says and how: the part of a player that differs between peers. Knows no sockets beyond its own
// requests for a seat. One for each player.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/load/sent_log.h"
#include "bench/net/endpoint.h"
#include "bench/net/websocket.h"

namespace tickrelay::bench {

// What a dialect may do, and whom it tells.
class DialectLine {
 public:
  virtual ~DialectLine() = default;
  virtual void send(Opcode opcode, std::span<const std::uint8_t> message) = 0;
  virtual void seated(std::uint32_t entity) = 0;
  virtual void value(std::uint32_t entity, const Placement& placement) = 0;
  // A state frame ended; its values were told where they are wanted.
  virtual void frame() = 0;
  virtual bool wants_values() const = 0;

  void send_text(std::string_view text) {
    send(Opcode::text, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
};

class Dialect {
 public:
  virtual ~Dialect() = default;

  // Where to open a WebSocket for a seat in this room ("": in a new one). May ask the server, blocking.
  // Throws std::runtime_error where it gives none.
  virtual Endpoint seek(const Endpoint& server, const std::string& room) = 0;
  // The same after a drop.
  virtual Endpoint seek_again(const Endpoint& server) { return seek(server, room()); }
  virtual std::string room() const = 0;

  virtual void on_open(DialectLine&) {}
  // False: the server broke the protocol.
  virtual bool on_binary(DialectLine& line, std::span<const std::uint8_t> message) = 0;
  virtual bool on_text(DialectLine&, std::string_view) { return false; }
  virtual void move(DialectLine& line, const Placement& placement) = 0;
};

}  // namespace tickrelay::bench
