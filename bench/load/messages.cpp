#include "bench/load/messages.h"

namespace tickrelay::bench {
namespace {

flatbuffers::Offset<flatbuffers::String> text(flatbuffers::FlatBufferBuilder& builder, const std::string& value) {
  return value.empty() ? 0 : builder.CreateString(value);
}

}  // namespace

template <class Table>
std::span<const std::uint8_t> MessageWriter::finish(wire::Body kind, flatbuffers::Offset<Table> body) {
  wire::FinishMessageBuffer(builder_, wire::CreateMessage(builder_, kind, body.Union()));
  return {builder_.GetBufferPointer(), builder_.GetSize()};
}

std::span<const std::uint8_t> MessageWriter::join(const JoinWish& wish) {
  builder_.Clear();
  const auto room_id = text(builder_, wish.room_id), type = text(builder_, wish.type);
  const auto player_id = text(builder_, wish.player_id), ticket = text(builder_, wish.ticket);
  const auto session = text(builder_, wish.session);
  wire::JoinBuilder join(builder_);
  join.add_mode(wish.mode);
  join.add_room_id(room_id);
  join.add_type(type);
  join.add_player_id(player_id);
  join.add_role(wish.role);
  join.add_ticket(ticket);
  join.add_session(session);
  join.add_fingerprint(wish.fingerprint);
  join.add_have_term(wish.have_term);
  join.add_have_tick(wish.have_tick);
  join.add_have_event(wish.have_event);
  join.add_have_direct(wish.have_direct);
  return finish(wire::Body::Join, join.Finish());
}

std::span<const std::uint8_t> MessageWriter::update(const wire::Ack& ack, std::span<const ActionWish> actions) {
  builder_.Clear();
  actions_.clear();
  for (const ActionWish& action : actions) {
    const auto data = action.data.empty() ? 0 : builder_.CreateVector(action.data.data(), action.data.size());
    actions_.push_back(wire::CreateAction(builder_, action.kind, static_cast<std::uint8_t>(action.flags), action.component, action.seq,
                                          action.entity, action.mask, data));
  }
  const auto list = actions_.empty() ? 0 : builder_.CreateVector(actions_);
  return finish(wire::Body::Update, wire::CreateUpdate(builder_, &ack, list));
}

std::span<const std::uint8_t> MessageWriter::ping(std::uint64_t client_us) {
  builder_.Clear();
  return finish(wire::Body::Ping, wire::CreatePing(builder_, client_us));
}

std::span<const std::uint8_t> MessageWriter::leave() {
  builder_.Clear();
  return finish(wire::Body::Leave, wire::CreateLeave(builder_));
}

std::span<const std::uint8_t> MessageWriter::resync(std::uint32_t tick, std::uint32_t event, std::uint32_t direct) {
  builder_.Clear();
  return finish(wire::Body::Resync, wire::CreateResync(builder_, tick, event, direct));
}

}  // namespace tickrelay::bench
