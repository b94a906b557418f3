#include "client.h"

#include <algorithm>

namespace tickrelay::sim {

template <typename Build>
void Client::send_message(wire::Body type, Build build) {
  builder_.Clear();
  const auto body = build(builder_);
  builder_.Finish(wire::CreateMessage(builder_, type, body.Union()), "TRM1");
  send_bytes({builder_.GetBufferPointer(), builder_.GetSize()});
}

void Client::send_bytes(std::span<const std::uint8_t> bytes) {
  if (!wire_ || wire_->client_gone || wire_->broken) return;
  std::int64_t arrives_ns = now_ns_ + wire_->quality.delay_ns;
  if (!wire_->up.empty()) arrives_ns = std::max(arrives_ns, wire_->up.back().arrives_ns);
  wire_->up.push_back({arrives_ns, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
}

void Client::join(WirePointer wire, bool resume) {
  wire_ = std::move(wire);
  resuming_ = resume && can_resume();
  leaving_ = misbehaved_ = said_hello_ = false;
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
  if (reading) read_bytes();
  if (!wire_) return;
  if (wire_->ends_ns >= 0 && now_ns_ >= wire_->ends_ns && wire_->down.empty()) {
    const bool with_close = closed_with_ != 0;
    if (!with_close) tally_.count(Fault::early_close);
    return lost();
  }
  if (phase_ != Phase::seated || leaving_) return;
  if (reading) act();
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
