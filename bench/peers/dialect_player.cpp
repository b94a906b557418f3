#include "bench/peers/dialect_player.h"

#include <utility>

#include "bench/net/clock.h"

namespace tickrelay::bench {

DialectPlayer::DialectPlayer(PlayerEvents& events, const Endpoint& server, std::vector<std::uint8_t>& scratch,
                             Traits traits, std::unique_ptr<Dialect> dialect)
    : Player(traits),
      events_(events),
      server_(server),
      scratch_(scratch),
      dialect_(std::move(dialect)),
      connection_(*this, 2'654'435'769U * (traits.number + 1)),
      pace_(traits.read_bytes_per_s) {}

bool DialectPlayer::join(const std::string& room) {
  seated_ = false;
  return connection_.start(dialect_->seek(server_, room), traits().receive_buffer_bytes);
}

bool DialectPlayer::come_back() {
  seated_ = false;
  return connection_.start(dialect_->seek_again(server_), traits().receive_buffer_bytes);
}

void DialectPlayer::drop() {
  seated_ = false;
  connection_.drop();
}

Connection::Sent DialectPlayer::move(const Placement& placement) {
  dialect_->move(*this, placement);
  return last_sent_;
}

void DialectPlayer::read() {
  const std::size_t allowed = slow() && seated_ ? pace_.allowance_bytes(now_ns()) : scratch_.size();
  if (allowed == 0) return;
  const std::size_t bytes = connection_.read(scratch_, allowed);
  bytes_received_ += bytes;
  pace_.spend(bytes);
}

void DialectPlayer::on_message(std::span<const std::uint8_t> message) {
  if (dialect_->on_binary(*this, message)) return;
  drop();
  events_.on_closed(*this, "a message that the protocol does not know");
}

bool DialectPlayer::on_text(std::string_view text) { return dialect_->on_text(*this, text); }

void DialectPlayer::on_closed(int code, const std::string& reason) {
  seated_ = false;
  events_.on_closed(*this, std::to_string(code) + " " + reason);
}

void DialectPlayer::send(Opcode opcode, std::span<const std::uint8_t> message) {
  last_sent_ = connection_.send(message, opcode);
}

void DialectPlayer::seated(std::uint32_t entity) {
  entity_ = entity;
  seated_ = true;
  events_.on_seated(*this);
}

void DialectPlayer::value(std::uint32_t entity, const Placement& placement) {
  events_.on_value(*this, entity, placement);
}

}  // namespace tickrelay::bench
