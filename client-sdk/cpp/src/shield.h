// The second connection of a Session that asked for a loss shield: copies of frames come in on it, acknowledgements go
// out on both. Owned by its Session. Losing it is not losing the seat: it is raised anew for as long as the first
// connection stands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "acks.h"
#include "backoff.h"
#include "compose.h"
#include "relay_link.h"

namespace tickrelay {
inline namespace sdk {

class Shield final : public LinkListener {
 public:
  // Hears every message that comes; true: it was a copy of a frame.
  using Take = std::function<bool(Bytes, std::int64_t now_us)>;

  Shield(bool wanted, std::uint64_t seed, Take take) : wanted_(wanted), backoff_(seed), take_(std::move(take)) {}

  // The first connection has its Welcome: room, session and term are of that.
  void raise(const std::string& room_id, const std::string& session, std::uint32_t term, std::int64_t ack_interval_us,
             std::int64_t now_us);
  void lower();  // the first connection is gone
  void refuse(std::uint16_t code,
              const std::string& reason);  // what comes on it is of no use: not again before raise()

  [[nodiscard]] bool wants_link(std::int64_t now_us) const { return up_ && !link_ && dial_us_ <= now_us; }
  void dialled(std::unique_ptr<Link> link, std::int64_t now_us);  // nullptr: it could not even be tried
  void applied(bool at_once, std::int64_t now_us) { acks_.applied(at_once, now_us); }
  void step(const Have& have, std::int64_t now_us);

  void opened(std::int64_t now_us) override;
  void received(Bytes message, std::int64_t now_us) override;
  void closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) override;

 private:
  void lost(std::int64_t now_us);

  bool wanted_;
  bool up_ = false;
  Backoff backoff_;
  Take take_;
  JoinRequest request_;
  std::uint32_t term_ = 0;
  std::unique_ptr<Link> link_;
  bool open_ = false;
  bool carries_ = false;        // a copy came: the relay has taken it
  std::int64_t dial_us_ = 0;    // not before
  std::int64_t opened_us_ = 0;  // or dialled
  std::int64_t heard_us_ = 0;
  std::int64_t ping_us_ = 0;  // next
  Acks acks_;
  Composer composer_;
};

}  // namespace sdk
}  // namespace tickrelay
