#include "client.h"

#include <algorithm>

#include "papers.h"

namespace tickrelay::sim {

namespace {

// PROTOCOL.md, "Close codes" and "Label enums".
bool is_typed(std::uint16_t code, std::string_view reason) {
  static const std::map<std::uint16_t, std::string_view> labels = {
      {1000, "left"}, {4000, "going_away"}, {4001, "moved"}, {4002, "restarting"}, {4003, "server_error"}, {4004, "not_acknowledged"},
      {4005, "overloaded"}, {4400, "protocol_error"}, {4401, "bad_ticket"}, {4403, "forbidden"}, {4404, "room_not_found"},
      {4405, "unknown_type"}, {4406, "incompatible_schema"}, {4408, "join_timeout"}, {4409, "replaced"}, {4410, "room_closed"},
      {4411, "session_unknown"}, {4413, "message_too_large"}, {4423, "room_locked"}, {4429, "rate_limit"}, {4430, "room_full"},
      {4440, "kicked"}, {4441, "banned"}, {4450, "logic_failed"}};
  static const std::set<std::string_view> faults = {
      "ticket_missing", "ticket_malformed", "ticket_algorithm", "ticket_unknown_key", "ticket_bad_signature", "ticket_not_yet_valid", "ticket_expired",
      "ticket_wrong_issuer", "ticket_wrong_audience", "ticket_wrong_room", "ticket_wrong_seat", "ticket_spent"};
  const auto label = labels.find(code);
  if (label == labels.end() || !reason.starts_with(label->second)) return false;
  reason.remove_prefix(label->second.size());
  if (reason.empty()) return code != 4401;
  if (!reason.starts_with(": ")) return false;
  reason.remove_prefix(2);
  return code != 4401 || faults.contains(reason.substr(0, reason.find(',')));
}

}  // namespace

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
  leaving_ = misbehaved_ = said_hello_ = passed_ = forged_ = false;
  joined_ns_ = now_ns_;
  inbox_.clear();
  held_.clear();
  closed_with_ = 0;
  acknowledge_at_ns_ = -1;
  silent_since_ns = -1;
  had_since_ns_ = now_ns_;
  reading = acknowledging = true;
  phase_ = Phase::joining;
  if (!resuming_) {
    session_.clear();
    may_be_replaced = may_be_banned = missed_direct_ = false;
  }
  if (habits_.mute) return;
  std::string token = session_;
  if (resuming_ && habits_.hostile && random_.chance(0.3)) {
    forged_ = true;
    token[random_.between(2, 9)] ^= 1;
    tally_.count(Fault::session_forged);
  }
  send_message(wire::Body::Join, [&, this](flatbuffers::FlatBufferBuilder& b) {
    const auto room = b.CreateString(resuming_ ? room_id_ : habits_.by_ticket_alone ? std::string() : habits_.room_id);
    const auto type = b.CreateString(habits_.type);
    const auto id = b.CreateString(habits_.player_id);
    const auto session = b.CreateString(token);
    const auto ticket = b.CreateString(resuming_ ? std::string() : habits_.ticket);
    wire::JoinBuilder join(b);
    join.add_ticket(ticket);
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
  if (mirror_.have() != had_) had_ = mirror_.have(), had_since_ns_ = now_ns_;
  if (reading && shield_ && random_.chance(0.5)) read_shield();  // before the first connection, or after
  if (reading) read_bytes();
  if (!wire_) return;
  if (reading && shield_) read_shield();
  if (wire_->ends_ns >= 0 && now_ns_ >= wire_->ends_ns && wire_->down.empty()) {
    const bool with_close = closed_with_ != 0;
    if (!with_close) tally_.count(Fault::early_close);
    return lost();
  }
  SIM_REQUIRE(!habits_.mute || wire_->opened_ns < 0 || now_ns_ - wire_->opened_ns < first_message_ns + 5 * second, "who says nothing is not closed");
  if (phase_ != Phase::seated || leaving_) return;
  if (reading) act();
}

void Client::closed(std::uint16_t code, std::string_view reason) {
  closed_with_ = code;
  const std::string text = std::to_string(code) + " " + std::string(reason);
  const bool was_joining = phase_ == Phase::joining;
  SIM_REQUIRE(is_typed(code, reason), "closed without a reason of the protocol: " + text);
  const bool expected = expects(code) || misbehaved_ || habits_.hostile;
  if (code == 4401) {
    const bool spent = reason.find("ticket_spent") != std::string_view::npos;
    tally_.count(spent ? Fault::ticket_spent : Fault::ticket_refused);
    SIM_REQUIRE(!spent || (paper != nullptr && paper->once && paper->shown > 1), "a ticket is spent that nobody showed before");
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

bool Client::expects(std::uint16_t code) {
  const bool was_joining = phase_ == Phase::joining;
  const RoomTruth& room = truth_.of(room_id_);
  const bool may_end = room.may_end || room.kicked.contains(player_);
  switch (code) {
    case 1000: return leaving_;
    case 4002: return room.terms.rbegin()->first > term_;  // handed over
    case 4005: return was_joining || room.threw;  // a logic that found no memory
    case 4401: return was_joining && paper != nullptr;
    case 4408:
      tally_.count(Fault::mute);
      SIM_REQUIRE(wire_->opened_ns >= 0 && now_ns_ - wire_->opened_ns >= first_message_ns, "closed before the time for its Join was over");
      return was_joining;
    case 4409: return may_be_replaced;
    case 4429: return was_joining;
    case 4441: tally_.count(Fault::banned); return may_be_banned;
    case 4404:
    case 4411:
    case 4423:
    case 4430:
    case 4403: tally_.count(code == 4430 ? Fault::room_full : Fault::join_refused); return was_joining;
    case 4410: tally_.count(Fault::room_ended); return may_end || was_joining;
    case 4440: tally_.count(Fault::kick); return may_end || was_joining;
    case 4450: tally_.count(Fault::logic_failed); return may_end || was_joining;
    case 4004:
      tally_.count(Fault::not_acknowledged);
      // A slow line adds to it; so does a quota that holds its messages back.
      if (silent_since_ns >= 0 && now_ns_ - silent_since_ns > 5 * second) return true;
      if (!wire_->up.empty() && now_ns_ - wire_->up.front().arrives_ns > 5 * second) return true;
      // A slow reader whose own buffer took large frames at once, and who has read to their end only now.
      return wire_->quality.unsent_max > 64 * 1024 && now_ns_ - had_since_ns_ > 5 * second;
    default: return false;
  }
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
  if (missed_direct_) return;  // perhaps what it missed was that one of them was refused
  SIM_REQUIRE(wanted == found, "player " + std::to_string(player_) + " said " + std::to_string(wanted.size()) +
                                   " messages, the room has " + std::to_string(found.size()));
}

}  // namespace tickrelay::sim
