// Connections between clients and loops, as a kernel and a line would treat them: a send buffer that refuses above its low-water mark
// and takes parts, a rate, a delay, stalls, resets, peers that vanish. One thread, simulated time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults.h"
#include "random.h"
#include "relay/run/loop.h"

namespace tickrelay::sim {

inline constexpr std::int64_t us = 1'000;
inline constexpr std::int64_t ms = 1'000'000;
inline constexpr std::int64_t second = 1'000'000'000;

struct Quality {
  double bytes_per_s = 1e9;            // towards the client
  std::int64_t delay_ns = 10 * ms;     // one way
  std::size_t unsent_max = 4096;       // TCP_NOTSENT_LOWAT
  std::size_t room_bytes = 64 * 1024;  // what one send may take at most
};

// One connection. The client sees bytes and `ended`; the loop sees a socket.
struct Wire {
  Quality quality;
  std::int64_t stalled_until_ns = 0;

  struct Flying {
    std::int64_t arrives_ns;
    std::string bytes;
  };
  // to the client
  std::string unsent;  // with the kernel
  std::string kept;    // with the library
  double allowance = 0;
  std::deque<Flying> down;
  std::uint64_t delivered = 0;  // went through
  // to the relay
  std::deque<Flying> up;
  bool paused = false;
  bool broken = false;  // nothing gets through any more, either way
  bool wants_writable = false;

  PeerAddress from{};
  bool opened = false;
  std::int64_t opened_ns = -1;
  bool told = false;                 // something, by the relay
  std::int64_t messages_paid_ns = 0, bytes_paid_ns = 0;  // of its quotas
  bool closing = false;              // the relay sent its close frame
  std::int64_t socket_ends_ns = -1;  // when the loop hears closed()
  bool client_gone = false;          // the client will read nothing more
  std::int64_t ends_ns = -1;         // the client sees the end of the connection
};
using WirePointer = std::shared_ptr<Wire>;

// What the relay closed connections with, by label; what is behind a `bad_ticket` instead of it.
struct Closes {
  std::map<std::string, std::uint64_t> all;          // by close code's label
  std::map<std::string, std::uint64_t> turned_away;  // before they were told anything, by reason
  std::map<std::string, std::uint64_t> later;
  std::uint64_t gone = 0;                            // of themselves, before they were told anything
};

class FakeSockets final : public Sockets {
 public:
  using Released = std::function<void(const PeerAddress&)>;
  FakeSockets(const std::int64_t& now_ns, Random random, Tally& tally, const Guard& quotas, Released released)
      : clock_ns_(now_ns), random_(random), tally_(tally), quotas_(quotas), released_(std::move(released)) {}

  // A client's connection, which was admitted; the loop hears of it at the next poll.
  void open(const WirePointer& wire, const PeerAddress& from);
  // Moves bytes, then tells the loop what happened.
  void poll(Loop& loop);
  // The client goes: with a reset, or without a word (the loop hears nothing for a long time).
  void drop(Wire& wire, bool without_a_word);

  // The line breaks: what flies is lost in part, both ends hear of it.
  void cut(Wire& wire);
  void cut_all();

  [[nodiscard]] std::int64_t now_ns() const override { return clock_ns_; }
  Sent send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) override;
  void close(SocketId socket, CloseCode code, std::string_view detail) override;
  void pause(SocketId socket, bool paused) override;
  [[nodiscard]] std::uint64_t delivered(SocketId socket) const override {
    const Wire& wire = *wires_[socket];
    return wire.unsent.empty() && wire.kept.empty() ? 0 : wire.delivered;
  }
  [[nodiscard]] const PeerAddress& peer(SocketId socket) const override { return wires_[socket]->from; }

  [[nodiscard]] std::size_t bytes_kept() const;
  [[nodiscard]] const Closes& closes() const { return closes_; }
  bool quotas_hold = true;  // since the relay's were read

 private:
  void move_bytes(Wire& wire, std::int64_t passed_ns);
  void receive(Loop& loop, SocketId socket);
  void pay(Wire& wire, std::size_t bytes) const;

  const std::int64_t& clock_ns_;
  Random random_;
  Tally& tally_;
  const Guard& quotas_;
  Released released_;
  Closes closes_;
  std::int64_t polled_ns_ = 0;
  std::vector<WirePointer> wires_;  // by socket; null where free
  std::vector<std::uint64_t> aligned_;
};

}  // namespace tickrelay::sim
