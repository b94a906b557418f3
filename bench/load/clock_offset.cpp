#include "bench/load/clock_offset.h"

#include <cstdlib>

#include "bench/load/crowd.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr int rounds = 25;

// A connection that has not joined may ping.
class Pinger final : public ConnectionEvents {
 public:
  explicit Pinger(const Endpoint& endpoint) : connection_(*this, 1) { connection_.start(endpoint, 0); }

  std::optional<std::int64_t> measure(std::int64_t give_up_ns) {
    while (answers_ < rounds && !closed_ && now_ns() < give_up_ns) {
      if (connection_.wants_write()) connection_.on_writable();
      connection_.read(scratch_, scratch_.size());
    }
    if (answers_ == 0) return std::nullopt;
    return std::abs(ahead_ns_) <= quickest_ns_ ? 0 : ahead_ns_;
  }

 private:
  void on_open() override { ping(); }
  void on_closed(int, const std::string&) override { closed_ = true; }

  void on_message(std::span<const std::uint8_t> message) override {
    const std::int64_t now = now_ns();
    std::vector<std::uint64_t> aligned(message.size() / 8 + 1);
    std::copy(message.begin(), message.end(), reinterpret_cast<std::uint8_t*>(aligned.data()));
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(aligned.data()), message.size());
    if (!wire::VerifyMessageBuffer(verifier)) return;
    const wire::Pong* pong = wire::GetMessage(aligned.data())->body_as_Pong();
    if (pong == nullptr) return;
    const std::int64_t round_ns = now - sent_ns_;
    if (answers_ == 0 || round_ns < quickest_ns_) {
      quickest_ns_ = round_ns;
      ahead_ns_ = static_cast<std::int64_t>(pong->server_us()) * us_ns - (sent_ns_ + round_ns / 2);
    }
    if (++answers_ < rounds) ping();
  }

  void ping() {
    sent_ns_ = now_ns();
    connection_.send(writer_.ping(static_cast<std::uint64_t>(sent_ns_ / us_ns)));
  }

  Connection connection_;
  MessageWriter writer_;
  std::vector<std::uint8_t> scratch_ = std::vector<std::uint8_t>(131'072);
  bool closed_ = false;
  int answers_ = 0;
  std::int64_t sent_ns_ = 0, quickest_ns_ = 0, ahead_ns_ = 0;
};

}  // namespace

std::optional<std::int64_t> measure_server_ahead_ns(const Endpoint& endpoint) {
  return Pinger(endpoint).measure(now_ns() + 2 * second_ns);
}

}  // namespace tickrelay::bench
