#include "client.h"

#include <algorithm>

namespace tickrelay::sim {

template <typename Build>
void Client::send_message(wire::Body type, Build build) {
  builder_.Clear();
  const auto body = build(builder_);
  builder_.Finish(wire::CreateMessage(builder_, type, body.Union()), "TRM1");
  send_bytes({builder_.GetBufferPointer(), builder_.GetSize()}, wire_);
}

void Client::send_bytes(std::span<const std::uint8_t> bytes, const WirePointer& wire) {
  if (!wire || wire->client_gone || wire->broken) return;
  std::int64_t arrives_ns = now_ns_ + wire->quality.delay_ns;
  if (!wire->up.empty()) arrives_ns = std::max(arrives_ns, wire->up.back().arrives_ns);
  wire->up.push_back({arrives_ns, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
}

void Client::join(WirePointer wire, bool resume) {
  wire_ = std::move(wire);
  resuming_ = resume && can_resume();
  leaving_ = misbehaved_ = said_hello_ = passed_ = false;
  inbox_.clear();
  held_.clear();
  closed_with_ = 0;
  acknowledge_at_ns_ = -1;
  silent_since_ns = -1;
  reading = acknowledging = true;
  phase_ = Phase::joining;
  if (!resuming_) {
    session_.clear();
    may_be_replaced = false;
  }
  send_message(wire::Body::Join, [this](flatbuffers::FlatBufferBuilder& b) {
    const auto room = b.CreateString(resuming_ ? room_id_ : habits_.room_id);
    const auto type = b.CreateString(habits_.type);
    const auto id = b.CreateString(habits_.player_id);
    const auto session = b.CreateString(session_);
    wire::JoinBuilder join(b);
    join.add_mode(resuming_                 ? wire::JoinMode::Resume
                  : habits_.room_id.empty() ? wire::JoinMode::JoinOrCreate
                                            : wire::JoinMode::ById);
    join.add_room_id(room);
    join.add_type(type);
    join.add_player_id(id);
    join.add_role(habits_.role);
    join.add_fingerprint(shape_.fingerprint);
    join.add_prompt_acks(habits_.prompt_acks);
    if (resuming_) {
      join.add_session(session);
      join.add_have_term(term_);
      join.add_have_tick(mirror_.have());
      join.add_have_event(event_);
      join.add_have_direct(direct_);
    }
    return join.Finish();
  });
}

void Client::lost() {
  lower_shield();
  if (may_be_replaced) session_.clear();  // its seat may be another's by now
  phase_ = can_resume() ? Phase::idle : Phase::done;
  wire_.reset();
}

void Client::ask_for_whole() {
  lost_ = true;
  held_.clear();
  const std::uint32_t tick = mirror_.have();
  send_message(wire::Body::Resync, [&](flatbuffers::FlatBufferBuilder& b) { return wire::CreateResync(b, tick, event_, direct_); });
  mirror_.reset(shape_);
}

void Client::ask_for(std::uint32_t bytes_per_s) {
  send_message(wire::Body::Pace, [bytes_per_s](flatbuffers::FlatBufferBuilder& b) { return wire::CreatePace(b, bytes_per_s); });
}

void Client::leave() {
  leaving_ = true;
  send_message(wire::Body::Leave, [](flatbuffers::FlatBufferBuilder& b) { return wire::CreateLeave(b); });
}

void Client::poll() {
  if (!wire_ || now_ns_ < next_poll_ns_) return;
  next_poll_ns_ = now_ns_ + habits_.poll_ns;
  if (reading && shield_ && random_.chance(0.5)) read_shield();  // before the first connection, or after
  if (reading) read_bytes();
  if (!wire_) return;
  if (reading && shield_) read_shield();
  if (wire_->ends_ns >= 0 && now_ns_ >= wire_->ends_ns && wire_->down.empty()) {
    const bool with_close = closed_with_ != 0;
    if (!with_close) tally_.count(Fault::early_close);
    return lost();
  }
  if (phase_ != Phase::seated || leaving_) return;
  if (reading) act();
}

void Client::closed(std::uint16_t code, std::string_view reason) {
  closed_with_ = code;
  const std::string text = std::to_string(code) + " " + std::string(reason);
  const bool was_joining = phase_ == Phase::joining;
  bool expected = misbehaved_ || habits_.hostile;
  const RoomTruth& room = truth_.of(room_id_);
  const bool may_end = room.may_end || room.kicked.contains(player_);
  switch (code) {
    case 1000: expected |= leaving_; break;
    case 4002: expected |= room.terms.rbegin()->first > term_; break;  // handed over
    case 4409: expected |= may_be_replaced; break;
    case 4404:
    case 4411:
    case 4423:
    case 4430:
    case 4403:
      expected |= was_joining;
      tally_.count(code == 4430 ? Fault::room_full : Fault::join_refused);
      break;
    case 4410:
      expected |= may_end || was_joining;
      tally_.count(Fault::room_ended);
      break;
    case 4440:
      expected |= may_end || was_joining;
      tally_.count(Fault::kick);
      break;
    case 4450:
      expected |= may_end || was_joining;
      tally_.count(Fault::logic_failed);
      break;
    case 4004:
      tally_.count(Fault::not_acknowledged), expected |= silent_since_ns >= 0 && now_ns_ - silent_since_ns > 5 * second;  // a slow line adds to it
      break;
    default: break;
  }
  SIM_REQUIRE(expected, "closed with " + text + (was_joining ? " at its join" : ""));
  if (code >= 4400 || code == 1000 || was_joining) {
    if (!(was_joining && resuming_ && code < 4400)) session_.clear();
  }
  if (may_be_replaced) session_.clear();  // its seat may be another's by now
  lower_shield();
  wire_->client_gone = true;
  wire_.reset();
  phase_ = can_resume() ? Phase::idle : Phase::done;
}

void Client::send_update(std::size_t from_action) {
  send_message(wire::Body::Update, [&](flatbuffers::FlatBufferBuilder& b) {
    std::vector<flatbuffers::Offset<wire::Action>> actions;
    for (std::size_t i = from_action; i < unconfirmed_.size() && actions.size() < 64; ++i) {
      const Sending& a = unconfirmed_[i];
      const auto data = b.CreateVector(reinterpret_cast<const std::uint8_t*>(a.data.data()), a.data.size());
      const auto type = a.type.empty() ? 0 : b.CreateString(a.type);
      const auto to = a.to.empty() ? 0 : b.CreateVector(a.to);
      actions.push_back(wire::CreateAction(b, a.kind, static_cast<std::uint8_t>(a.flags), a.component, a.seq, a.entity, a.mask, data, type,
                                           a.audience, to, a.request));
    }
    const std::size_t left = unconfirmed_.size() - from_action - actions.size();
    const auto all = actions.empty() ? 0 : b.CreateVector(actions);
    const wire::Ack ack(mirror_.have(), event_, direct_);
    wire::UpdateBuilder update(b);
    if (acknowledging) update.add_ack(&ack);
    if (!all.IsNull()) update.add_actions(all);
    unsent_ = left;
    return update.Finish();
  });
  if (acknowledging) acknowledge_on_shield();
  if (acknowledging) acknowledge_at_ns_ = -1;
}

void Client::check_said() const {
  auto& room = truth_.of(room_id_);
  std::vector<std::uint32_t> wanted;
  for (const std::uint32_t seq : said_)
    if (seq > said_from_ && seq <= applied_seq_ && !refused_.contains(seq)) wanted.push_back(seq);
  std::vector<std::uint32_t> found;
  for (const std::uint32_t seq : room.said[player_])
    if (seq > said_from_ && seq <= applied_seq_) found.push_back(seq);
  SIM_REQUIRE(wanted == found, "player " + std::to_string(player_) + " said " + std::to_string(wanted.size()) +
                                   " messages, the room has " + std::to_string(found.size()));
}

}  // namespace tickrelay::sim
