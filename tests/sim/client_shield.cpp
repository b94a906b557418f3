// A client's second connection: copies of frames in any order against the first's, lost and slow for itself.

#include "client.h"

namespace tickrelay::sim {

void Client::raise_shield(WirePointer wire) {
  if (shield_) shield_->client_gone = true;  // it is half dead, and the relay does not know
  shield_ = std::move(wire);
  shield_inbox_.clear();
  shield_taken_ = false;
  flatbuffers::FlatBufferBuilder b;
  const auto room = b.CreateString(room_id_);
  const auto session = b.CreateString(session_);
  wire::JoinBuilder join(b);
  join.add_mode(wire::JoinMode::Shield);
  join.add_room_id(room);
  join.add_session(session);
  join.add_have_term(term_);
  b.Finish(wire::CreateMessage(b, wire::Body::Join, join.Finish().Union()), "TRM1");
  send_bytes({b.GetBufferPointer(), b.GetSize()}, shield_);
}

void Client::lower_shield() {
  if (!shield_) return;
  if (shield_->socket_ends_ns < 0) {
    shield_->client_gone = true;
    shield_->socket_ends_ns = now_ns_ + shield_->quality.delay_ns;
  }
  lose_shield();
}

void Client::lose_shield() {
  shield_.reset();
  shield_at_ns_ = now_ns_ + random_.between(0, 600) * ms;
}

void Client::read_shield() {
  auto& down = shield_->down;
  for (; !down.empty() && down.front().arrives_ns <= now_ns_; down.pop_front()) shield_inbox_ += down.front().bytes;
  while (const auto message = cut_message(shield_inbox_)) {
    if (message->close) {
      const auto code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(message->payload[0]) << 8 |
                                                   static_cast<std::uint8_t>(message->payload[1]));
      SIM_REQUIRE(code != 4400, "a shield is closed for a fault of its client");
      return lose_shield();
    }
    copy(message->payload);
    if (!shield_) return;
  }
  if (shield_->ends_ns < 0 || now_ns_ < shield_->ends_ns || !down.empty()) return;
  tally_.count(Fault::shield_lost);
  lose_shield();
}

void Client::copy(const std::string& payload) {
  const std::vector<std::uint64_t> aligned = align(payload);
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, payload.size());
  SIM_REQUIRE(flatbuffers::BufferHasIdentifier(data, "TRF1") && verifier.VerifyBuffer<wire::StateFrame>("TRF1"),
              "a shield carries frames");
  const auto& frame = *flatbuffers::GetRoot<wire::StateFrame>(data);
  shield_taken_ = true;
  const Tick tick = frame.head()->tick();
  const Tick base = frame.head()->span() == 0 ? 0 : tick - frame.head()->span();
  if (lost_ || base > mirror_.have() || mirror_.have() >= tick) return;
  if (frame.events() != nullptr && frame.event_first() > std::max(event_, held_event(tick)) + 1) return;
  tally_.count(frame.head()->kind() == wire::FrameKind::Stream ? Fault::copy_applied : Fault::copied_catch_up);
  passed_ = true;
  apply(frame);
}

void Client::acknowledge_on_shield() {
  if (!shield_ || !shield_taken_ || !random_.chance(0.7)) return;
  const bool lies = habits_.hostile && random_.chance(0.02);  // and nothing comes of it
  const wire::Ack ack(lies ? mirror_.have() + 1'000'000 : mirror_.have(), event_, direct_);
  flatbuffers::FlatBufferBuilder b;
  b.Finish(wire::CreateMessage(b, wire::Body::Update, wire::CreateUpdate(b, &ack).Union()), "TRM1");
  send_bytes({b.GetBufferPointer(), b.GetSize()}, shield_);
}

}  // namespace tickrelay::sim
