#pragma once
// Socket.IO's protocol 5 in Engine.IO's protocol 4, WebSocket only: as much as socketio/server.js uses.

#include <utility>

#include "bench/peers/dialect.h"

namespace tickrelay::bench {

class SocketIoDialect final : public Dialect {
 public:
  // binary: state and moves are Buffers (attachments), not JSON.
  SocketIoDialect(std::string new_room, bool binary) : room_(std::move(new_room)), binary_(binary) {}

  Endpoint seek(const Endpoint& server, const std::string& room) override;
  std::string room() const override { return room_; }
  bool on_binary(DialectLine& line, std::span<const std::uint8_t> message) override;
  bool on_text(DialectLine& line, std::string_view text) override;
  void move(DialectLine& line, const Placement& placement) override;

 private:
  bool on_event(DialectLine& line, std::string_view json);

  std::string room_;
  bool binary_;
  bool attachment_follows_ = false;
  std::string text_;
};

}  // namespace tickrelay::bench
