#pragma once
// One WebSocket client connection, non-blocking, over TCP or TLS. Owned by its Client; used on the generator's one thread.
// The owner watches the descriptor and calls on_writable and read; a connection that ended is `closed` and has no
// descriptor any more.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/net/endpoint.h"
#include "bench/net/tls.h"
#include "bench/net/websocket.h"

namespace tickrelay::bench {

// Where what arrives goes. Calls come from within on_writable and read.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  virtual void on_open() = 0;
  virtual void on_message(std::span<const std::uint8_t> message) = 0;
  // False: text is none of its business, and the connection ends.
  virtual bool on_text(std::string_view) { return false; }
  // The close frame's code; 1006 and what happened where there was none.
  virtual void on_closed(int code, const std::string& reason) = 0;
};

class Connection {
 public:
  enum class State { closed, connecting, shaking_hands, upgrading, open };
  enum class Sent { written, kept, refused };

  static constexpr std::size_t message_bytes_max = std::size_t{1} << 24;
  static constexpr std::size_t unsent_bytes_max = 262'144;

  Connection(ConnectionEvents& events, std::uint32_t seed) : events_(events), random_(seed | 1) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False, with errno, where not even the attempt could start.
  bool start(const Endpoint& endpoint, int receive_buffer_bytes);
  void on_writable();
  // One recv of at most bytes_max into scratch. Returns the bytes that came, TLS taken off.
  std::size_t read(std::span<std::uint8_t> scratch, std::size_t bytes_max);
  // Kept: the socket was full, the rest follows by itself. Refused: more than unsent_bytes_max wait already.
  Sent send(std::span<const std::uint8_t> message, Opcode opcode = Opcode::binary);
  // Without a word, as a lost connection is: the server sees a reset.
  void drop();

  State state() const { return state_; }
  int socket() const { return socket_; }
  bool wants_write() const {
    return state_ == State::connecting || !unsent_.empty() || (state_ == State::shaking_hands && tls_->wants_write());
  }

 private:
  void end(int code, const std::string& reason);
  void on_connected();
  void shake_hands();
  void ask_for_upgrade();
  void close_socket();
  bool write(std::span<const std::uint8_t> bytes);
  std::size_t take_upgrade(std::span<const std::uint8_t> bytes);
  std::size_t take_frames(std::span<std::uint8_t> bytes);
  void take_close(std::span<const std::uint8_t> payload);
  std::uint32_t random();

  ConnectionEvents& events_;
  State state_ = State::closed;
  int socket_ = -1;
  std::uint32_t random_;
  std::string host_, path_, protocol_, key_, name_;
  std::shared_ptr<const TlsTrust> trust_;
  std::optional<TlsStream> tls_;
  TlsSession session_;  // of the connection before
  std::vector<std::uint8_t> partial_, unsent_, frame_;
};

}  // namespace tickrelay::bench
