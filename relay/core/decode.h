// Bytes from a client → plain structs. After this line the shape of data is trusted: sizes, ranges, enums; not whether the player may.
// No state; any thread. A span or view points into the message it was read from.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "relay/core/drop.h"
#include "relay/core/limits.h"
#include "relay/core/tick.h"
#include "schema/protocol_generated.h"

namespace tickrelay {

struct JoinRequest {
    wire::JoinMode mode = wire::JoinMode::JoinOrCreate;
    std::string_view room_id;
    std::string_view type;
    std::string_view player_id;
    wire::Role role = wire::Role::Player;
    std::string_view options;
    std::string_view ticket;
    std::string_view session;
    std::uint64_t fingerprint = 0;
    Base have;
    EventNumber have_event = 0;
    EventNumber have_direct = 0;
    bool prompt_acks = false;
    std::string_view metadata;
};

struct Action {
    wire::ActionKind kind = wire::ActionKind::Set;
    wire::ActionFlags flags{};
    std::uint16_t component = 0;
    std::uint32_t seq = 0;
    EntityId entity = 0;
    std::uint64_t mask = 0;
    std::span<const std::byte> data;
    std::string_view type;
    wire::Audience audience = wire::Audience::Default;
    const flatbuffers::Vector<std::uint32_t>* to = nullptr;
    std::uint32_t request = 0;
};

// A verified Update. Its bytes must stay where they are while it is used.
class Actions {
  public:
    Actions() = default;
    explicit Actions(const wire::Update* update) : update_(update) {}

    [[nodiscard]] std::size_t size() const { return update_->actions() == nullptr ? 0 : update_->actions()->size(); }
    [[nodiscard]] Action at(std::size_t i) const;
    [[nodiscard]] const wire::Ack* acknowledged() const { return update_->ack(); }

  private:
    const wire::Update* update_ = nullptr;
};

struct ListRequest {
    std::uint32_t request = 0;
    std::string_view type;
    std::string_view metadata;
};

struct PaceRequest {
    std::uint32_t bytes_per_s = 0;
};

struct PingRequest {
    std::uint64_t client_us = 0;
};

struct LeaveRequest {};

struct ResyncRequest {
    Tick tick = 0;
    EventNumber event = 0;
    EventNumber direct = 0;
};

using Request = std::variant<Drop, JoinRequest, Actions, PingRequest, ListRequest, LeaveRequest, ResyncRequest, PaceRequest>;

// REQUIRES: message.data() is 8-byte aligned.
Request decode(std::span<const std::byte> message);

// A message that decode() gave as Actions, read again without a check (it crossed a queue in between).
Actions trusted_actions(std::span<const std::byte> message);

}  // namespace tickrelay
