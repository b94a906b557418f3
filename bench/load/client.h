#pragma once
// One player of a load: joins, follows the room's frames by the protocol's rules, acknowledges, sends actions. Owned by
// the Crowd, on the generator's one thread. Time comes in with every call.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bench/load/connection.h"
#include "bench/load/frame_head.h"
#include "bench/load/layout.h"
#include "bench/load/messages.h"
#include "bench/load/mirror.h"
#include "bench/load/pace.h"
#include "bench/load/seat.h"

namespace tickrelay::bench {

class Client;

// Who wants to know. A client may be dropped but not restarted from within.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_seated(Client&, std::int64_t /*now_ns*/) {}
  // Applied frames only. Where the client decodes, its mirror has what the frame changed.
  virtual void on_frame(Client&, const FrameFacts&, std::int64_t /*now_ns*/) {}
  // Frames that rule 1 of PROTOCOL.md discards.
  virtual void on_discarded(Client&, const FrameFacts&, std::int64_t /*now_ns*/) {}
  // Its copy is not right, or it lost the stream: it asks for the whole, and applies nothing until that comes.
  virtual void on_lost(Client&, std::int64_t /*now_ns*/) {}
  virtual void on_refused(Client&, const std::string& /*reason*/) {}
  virtual void on_pong(Client&, std::uint64_t /*client_us*/, std::uint64_t /*server_us*/, std::int64_t) {}
  virtual void on_closed(Client&, int /*code*/, const std::string& /*reason*/) {}
};

// What all clients of a load share.
struct ClientCommons {
  ClientEvents& events;
  LayoutShelf layouts{};
  MessageWriter writer{};
  std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(std::size_t{1} << 20);
  std::vector<std::uint64_t> aligned{};  // a message is read where it is aligned
  std::int64_t now_ns = 0;               // of the present read
};

class Client final : private ConnectionEvents {
 public:
  struct Traits {
    std::uint32_t number = 0;
    bool decodes = false;
    int receive_buffer_bytes = 0;       // 0: the system's
    std::int64_t read_bytes_per_s = 0;  // 0: as fast as it comes
  };

  Client(ClientCommons& commons, Traits traits);

  bool start(const Endpoint& endpoint, JoinWish wish);
  // Comes back to its seat with what it has.
  bool resume(const Endpoint& endpoint);
  void drop();
  // Says Leave; the server closes.
  void leave();

  // Given once to each that is ready, and to slow clients every few milliseconds. Returns the bytes that came.
  std::size_t read(std::int64_t now_ns);
  void on_writable() { connection_.on_writable(); }

  // Carries the acknowledgement. Numbers the actions. REQUIRES: seated, at most update_actions_max actions.
  Connection::Sent act(std::span<ActionWish> actions);
  void acknowledge_when_due(std::int64_t now_ns);
  void ping(std::int64_t now_ns);

  const Traits& traits() const { return traits_; }
  const Seat& seat() const { return seat_; }
  std::optional<std::uint32_t> take_id() { return seat_.take_id(); }
  const Mirror* mirror() const { return mirror_ ? mirror_.get() : nullptr; }
  const Connection& connection() const { return connection_; }
  bool seated() const { return seated_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

  std::uint32_t watched = 0;  // the crowd's note: what epoll was asked for

 private:
  void on_open() override;
  void on_message(std::span<const std::uint8_t> message) override;
  void on_closed(int code, const std::string& reason) override;
  void on_state_frame(std::span<const std::uint8_t> message);
  void on_body(const wire::Message& message);
  void on_welcome(const wire::Welcome& welcome);
  void on_yours(const wire::Yours& yours);
  bool decode(std::span<const std::uint8_t> message);
  void ask_for_whole(std::uint32_t tick);
  void broken(const std::string& what);
  std::span<const std::uint8_t> align(std::span<const std::uint8_t> message);
  void acknowledge();
  std::size_t read_allowance(std::int64_t now_ns);

  ClientCommons& commons_;
  Traits traits_;
  Connection connection_;
  JoinWish wish_;
  Seat seat_;
  bool seated_ = false;
  std::unique_ptr<Mirror> mirror_;
  std::int64_t asked_at_ns_ = 0;  // for the whole; 0: it was not, or the server answered
  std::uint64_t bytes_received_ = 0;
  std::int64_t acknowledge_at_ns_ = 0;  // 0: nothing to acknowledge
  Pace pace_;
};

}  // namespace tickrelay::bench
