#include "shield.h"

#include "bounds.h"

namespace tickrelay {
inline namespace sdk {
namespace {

constexpr std::int64_t lasted_us = 5'000'000;  // one that lasted this long ends the back-off
constexpr std::int64_t ping_interval_us = 2'000'000;

bool comes_again(std::uint16_t code) { return code == 1001 || code == 1006 || (code >= 4000 && code <= 4399); }

}  // namespace

void Shield::raise(const std::string& room_id, const std::string& session, std::uint32_t term,
                   std::int64_t ack_interval_us, std::int64_t now_us) {
  lower();
  up_ = wanted_;
  request_.mode = wire::JoinMode::Shield;
  request_.room_id = room_id;
  request_.session = session;
  term_ = term;
  acks_.start(ack_interval_us);
  backoff_.reset();
  dial_us_ = now_us + backoff_.next_us();  // after a relay's restart all come at once as it is
}

void Shield::lower() {
  up_ = open_ = false;
  link_.reset();
}

void Shield::refuse(std::uint16_t code, const std::string& reason) {
  if (link_) link_->close(code, reason);
  lower();
}

void Shield::dialled(std::unique_ptr<Link> link, std::int64_t now_us) {
  link_ = std::move(link);
  opened_us_ = heard_us_ = now_us;
  if (!link_) lost(now_us);
}

void Shield::opened(std::int64_t now_us) {
  open_ = true;
  carries_ = false;
  opened_us_ = heard_us_ = now_us;
  ping_us_ = now_us + ping_interval_us;
  Have have;
  have.term = term_;
  link_->write(composer_.join(request_, have, 0, false));
}

void Shield::received(Bytes message, std::int64_t now_us) {
  if (!link_) return;
  heard_us_ = now_us;
  carries_ = take_(message, now_us) || carries_;
}

void Shield::closed(std::uint16_t code, const std::string& reason, std::int64_t now_us) {
  up_ = up_ && comes_again(code);
  lost(now_us);
  if (const auto slot = return_slot_us(reason)) dial_us_ = now_us + *slot;
}

void Shield::lost(std::int64_t now_us) {
  link_.reset();
  open_ = false;
  if (now_us - opened_us_ >= lasted_us) backoff_.reset();
  dial_us_ = now_us + backoff_.next_us();
}

// A copy comes only where the first connection keeps up with the stream, a Pong always.
void Shield::step(const Have& have, std::int64_t now_us) {
  if (!link_) return;
  if (now_us - heard_us_ >= limits::silence_us) return lost(now_us);
  if (!open_) return;
  if (carries_ && acks_.due(now_us) && link_->writable()) {
    link_->write(composer_.update(have, {}, nullptr));
    acks_.sent();
  }
  if (now_us >= ping_us_ && link_->writable()) {
    link_->write(composer_.ping(now_us));
    ping_us_ = now_us + ping_interval_us;
  }
}

}  // namespace sdk
}  // namespace tickrelay
