#include "compose.h"

namespace tickrelay {
inline namespace sdk {

void pack(const Component& component, std::uint64_t mask, Bytes value, std::vector<std::uint8_t>& packed) {
  packed.clear();
  for (std::size_t i = 0; i < component.fields.size(); ++i) {
    const Field& field = component.fields[i];
    if (mask >> i & 1)
      packed.insert(packed.end(), value.begin() + field.offset, value.begin() + field.offset + field.width());
  }
}

template <class T>
Bytes Composer::finish(wire::Body kind, flatbuffers::Offset<T> body) {
  builder_.Finish(wire::CreateMessage(builder_, kind, body.Union()), wire::MessageIdentifier());
  return {builder_.GetBufferPointer(), builder_.GetSize()};
}

flatbuffers::Offset<flatbuffers::String> Composer::text(const std::string& value) {
  return value.empty() ? flatbuffers::Offset<flatbuffers::String>() : builder_.CreateString(value);
}

Bytes Composer::join(const JoinRequest& request, const Have& have, std::uint64_t fingerprint, bool prompt_acks) {
  builder_.Clear();
  const auto room_id = text(request.room_id);
  const auto type = text(request.type);
  const auto player_id = text(request.options.player_id);
  const auto options = text(request.options.options);
  const auto ticket = text(request.ticket);
  const auto session = text(request.session);
  const auto metadata = text(request.options.metadata);
  wire::JoinBuilder join(builder_);
  join.add_mode(request.mode);
  join.add_room_id(room_id);
  join.add_type(type);
  join.add_player_id(player_id);
  join.add_role(static_cast<wire::Role>(request.options.role));
  join.add_options(options);
  join.add_ticket(ticket);
  join.add_session(session);
  join.add_metadata(metadata);
  join.add_fingerprint(fingerprint);
  join.add_have_term(have.term);
  join.add_have_tick(have.tick);
  join.add_have_event(have.event);
  join.add_have_direct(have.direct);
  join.add_prompt_acks(prompt_acks);
  return finish(wire::Body::Join, join.Finish());
}

flatbuffers::Offset<wire::Action> Composer::action(const Action& action, const Layout* layout) {
  const bool state = action.kind == wire::ActionKind::Set || action.kind == wire::ActionKind::Spawn;
  const std::vector<std::uint8_t>* data = &action.data;
  if (state && layout && !layout->component(action.component).opaque()) {
    pack(layout->component(action.component), action.mask, action.data, packed_);
    data = &packed_;
  }
  const auto bytes =
      data->empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : builder_.CreateVector(*data);
  const auto type = text(action.type);
  const auto to =
      action.to.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>>() : builder_.CreateVector(action.to);
  return wire::CreateAction(builder_, action.kind, static_cast<std::uint8_t>(action.flags), action.component, action.seq, action.entity,
                            action.mask, bytes, type, action.audience, to, action.request);
}

Bytes Composer::update(const Have& have, const std::vector<Action>& actions, const Layout* layout) {
  builder_.Clear();
  std::vector<flatbuffers::Offset<wire::Action>> offsets;
  offsets.reserve(actions.size());
  for (const Action& each : actions) offsets.push_back(action(each, layout));
  const auto vector = offsets.empty() ? flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Action>>>()
                                      : builder_.CreateVector(offsets);
  const wire::Ack ack(have.tick, have.event, have.direct);
  return finish(wire::Body::Update, wire::CreateUpdate(builder_, &ack, vector));
}

Bytes Composer::ping(std::int64_t now_us) {
  builder_.Clear();
  return finish(wire::Body::Ping, wire::CreatePing(builder_, static_cast<std::uint64_t>(now_us)));
}

Bytes Composer::pace(std::uint32_t bytes_per_s) {
  builder_.Clear();
  return finish(wire::Body::Pace, wire::CreatePace(builder_, bytes_per_s));
}

Bytes Composer::resync(std::uint32_t tick, const Have& have) {
  builder_.Clear();
  return finish(wire::Body::Resync, wire::CreateResync(builder_, tick, have.event, have.direct));
}

Bytes Composer::leave() {
  builder_.Clear();
  return finish(wire::Body::Leave, wire::CreateLeave(builder_));
}

Bytes Composer::list_rooms(const RoomFilter& filter, std::uint32_t request) {
  builder_.Clear();
  const auto type = text(filter.type);
  const auto metadata = text(filter.metadata);
  return finish(wire::Body::ListRooms, wire::CreateListRooms(builder_, request, type, metadata));
}

}  // namespace sdk
}  // namespace tickrelay
