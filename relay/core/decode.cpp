#include "relay/core/decode.h"

#include "relay/core/check.h"
#include "relay/core/utf8.h"

namespace tickrelay {

namespace {

constexpr Drop bad(std::string_view detail) { return {.code = CloseCode::protocol_error, .detail = detail}; }

std::string_view text(const flatbuffers::String* string) {
    return string == nullptr ? std::string_view{} : std::string_view(string->c_str(), string->size());
}

std::span<const std::byte> bytes(const flatbuffers::Vector<std::uint8_t>* vector) {
    if (vector == nullptr) return {};
    return std::as_bytes(std::span(vector->data(), vector->size()));
}

Request decode_join(const wire::Join& join) {
    if (join.mode() > wire::JoinMode::MAX || join.role() > wire::Role::MAX) return bad("join: unknown mode or role");
    JoinRequest request{
        .mode = join.mode(),
        .room_id = text(join.room_id()),
        .type = text(join.type()),
        .player_id = text(join.player_id()),
        .role = join.role(),
        .options = text(join.options()),
        .ticket = text(join.ticket()),
        .session = text(join.session()),
        .fingerprint = join.fingerprint(),
        .have = {join.have_term(), join.have_tick()},
        .have_event = join.have_event(),
        .have_direct = join.have_direct(),
        .prompt_acks = join.prompt_acks(),
        .metadata = text(join.metadata()),
    };
    for (const std::string_view name : {request.room_id, request.type, request.player_id})
        if (name.size() > limits::name_bytes_max || !is_utf8(name)) return bad("join: a name is over 64 bytes or no UTF-8");
    if (request.options.size() > limits::text_bytes_max || request.metadata.size() > limits::text_bytes_max)
        return bad("join: options or metadata are longer than 4 KiB");
    if (request.ticket.size() > limits::ticket_bytes_max) return bad_ticket(TicketFault::malformed);
    if (request.session.size() > limits::session_bytes_max) return bad("join: a session over 1 KiB");
    if (!is_utf8(request.options) || !is_utf8(request.metadata)) return bad("join: options or metadata are no UTF-8");
    // A ticket names its room.
    const bool by_ticket = request.mode == wire::JoinMode::ById && !request.ticket.empty();
    const bool by_id = request.mode == wire::JoinMode::ById || request.mode == wire::JoinMode::Resume || request.mode == wire::JoinMode::Shield;
    if (by_id && !by_ticket && request.room_id.empty()) return bad("join: room_id is missing");
    if (!by_id && request.type.empty()) return bad("join: type is missing");
    return request;
}

std::string_view fault_of(const wire::Action& action) {
    using wire::ActionKind;
    if (action.kind() > ActionKind::MAX) return "update: unknown kind of action";
    if (action.seq() == 0) return "update: an action without seq";
    const std::size_t size = action.data() == nullptr ? 0 : action.data()->size();
    if (text(action.type()).size() > limits::name_bytes_max || !is_utf8(text(action.type()))) return "update: a type is over 64 bytes or no UTF-8";
    switch (action.kind()) {
        case ActionKind::Set:
        case ActionKind::Spawn:
            if (size > limits::opaque_bytes_max) return "update: a value over 16 KiB";
            break;
        case ActionKind::Input:
            if (size > limits::input_bytes_max) return "update: an input over 1 KiB";
            break;
        case ActionKind::Message:
        case ActionKind::Answer:
            if (size > limits::payload_bytes_max) return "update: a payload over 16 KiB";
            if (action.audience() > wire::Audience::MAX) return "update: unknown audience";
            if (action.to() != nullptr && action.to()->size() > limits::audience_max) return "update: over 256 receivers";
            break;
        case ActionKind::Despawn:
        case ActionKind::Claim: break;
    }
    return {};
}

Request decode_update(const wire::Update& update) {
    if (update.actions() != nullptr) {
        if (update.actions()->size() > limits::actions_max) return bad("update: over 64 actions");
        for (const wire::Action* action : *update.actions())
            if (const std::string_view fault = fault_of(*action); !fault.empty()) return bad(fault);
    }
    return Actions(&update);
}

}  // namespace

Action Actions::at(std::size_t i) const {
    const wire::Action& action = *update_->actions()->Get(static_cast<flatbuffers::uoffset_t>(i));
    return {
        .kind = action.kind(),
        .flags = static_cast<wire::ActionFlags>(action.flags()),
        .component = action.component(),
        .seq = action.seq(),
        .entity = action.entity(),
        .mask = action.mask(),
        .data = bytes(action.data()),
        .type = text(action.type()),
        .audience = action.audience(),
        .to = action.to(),
        .request = action.request(),
    };
}

Request decode(std::span<const std::byte> message) {
    CHECK(reinterpret_cast<std::uintptr_t>(message.data()) % 8 == 0);
    const auto* data = reinterpret_cast<const std::uint8_t*>(message.data());
    if (message.size() < 8 || !flatbuffers::BufferHasIdentifier(data, "TRM1")) return bad("not a TRM1 message");
    flatbuffers::Verifier verifier(data, message.size(), /*max_depth*/ 8, /*max_tables*/ 4 + limits::actions_max);
    if (!verifier.VerifyBuffer<wire::Message>("TRM1")) return bad("the message does not verify");
    const auto& body = *flatbuffers::GetRoot<wire::Message>(data);
    if (body.body() == nullptr) return bad("a message without a body");  // which the verifier lets through
    switch (body.body_type()) {
        case wire::Body::Join: return decode_join(*body.body_as_Join());
        case wire::Body::Update: return decode_update(*body.body_as_Update());
        case wire::Body::Ping: return PingRequest{body.body_as_Ping()->client_us()};
        case wire::Body::Leave: return LeaveRequest{};
        case wire::Body::Pace: return PaceRequest{body.body_as_Pace()->bytes_per_s()};
        case wire::Body::Resync: return ResyncRequest{body.body_as_Resync()->tick(), body.body_as_Resync()->event(), body.body_as_Resync()->direct()};
        case wire::Body::ListRooms: {
            const auto& list = *body.body_as_ListRooms();
            if (text(list.type()).size() > limits::name_bytes_max || text(list.metadata()).size() > limits::text_bytes_max ||
                !is_utf8(text(list.type())) || !is_utf8(text(list.metadata())))
                return bad("list_rooms: type over 64 bytes or metadata over 4 KiB, or no UTF-8");
            return ListRequest{list.request(), text(list.type()), text(list.metadata())};
        }
        default: return bad("this kind of message is not for the relay");
    }
}

Actions trusted_actions(std::span<const std::byte> message) {
    return Actions(flatbuffers::GetRoot<wire::Message>(message.data())->body_as_Update());
}

}  // namespace tickrelay
