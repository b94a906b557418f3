#pragma once
// A player of a peer that is not ours: a WebSocket and a dialect.

#include <memory>
#include <vector>

#include "bench/load/pace.h"
#include "bench/peers/dialect.h"
#include "bench/peers/player.h"

namespace tickrelay::bench {

class DialectPlayer final : public Player, private ConnectionEvents, private DialectLine {
 public:
  // scratch: what is read goes through it; shared by all players.
  DialectPlayer(PlayerEvents& events, const Endpoint& server, std::vector<std::uint8_t>& scratch, Traits traits,
                std::unique_ptr<Dialect> dialect);

  bool join(const std::string& room) override;
  bool come_back() override;
  void drop() override;
  Connection::Sent move(const Placement& placement) override;
  void on_writable() override { connection_.on_writable(); }
  void read() override;
  void sweep() override {}

  const Connection& connection() const override { return connection_; }
  bool seated() const override { return seated_; }
  std::string room() const override { return dialect_->room(); }
  std::uint32_t entity() const override { return entity_; }
  std::uint64_t bytes_received() const override { return bytes_received_; }

 private:
  void on_open() override { dialect_->on_open(*this); }
  void on_message(std::span<const std::uint8_t> message) override;
  bool on_text(std::string_view text) override;
  void on_closed(int code, const std::string& reason) override;

  void send(Opcode opcode, std::span<const std::uint8_t> message) override;
  void seated(std::uint32_t entity) override;
  void value(std::uint32_t entity, const Placement& placement) override;
  void frame() override { events_.on_frame(*this); }
  bool wants_values() const override { return traits().decodes; }

  PlayerEvents& events_;
  const Endpoint& server_;
  std::vector<std::uint8_t>& scratch_;
  std::unique_ptr<Dialect> dialect_;
  Connection connection_;
  Connection::Sent last_sent_ = Connection::Sent::refused;
  Pace pace_;
  bool seated_ = false;
  std::uint32_t entity_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace tickrelay::bench
