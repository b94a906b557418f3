#include <array>
#include <nlohmann/json.hpp>

#include "relay/door/json.h"
#include "relay/door/methods.h"
#include "relay/door/nearest.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr double drain_deadline_max_s = 86'400;
constexpr std::int64_t ticket_ttl_max_s = 86'400;
constexpr std::int64_t ticket_ttl_default_s = 60;

Outcome relay_info(Call& call) {
    FINISH(call);
    return to_json(call.controls.info());
}

Outcome relay_drain(Call& call) {
    const auto deadline_s = call.params.number("deadline_s", 0, drain_deadline_max_s);
    FINISH(call);
    return reply(call.controls.drain(deadline_s, call.deadline), [](std::uint64_t rooms) {
        return json{{"rooms", rooms}};
    });
}

Outcome relay_undrain(Call& call) {
    FINISH(call);
    return done(call.controls.undrain(call.deadline));
}

Outcome ticket_issue(Call& call) {
    TicketRequest request;
    request.room_id = call.params.required_name("room_id");
    request.player_id = call.params.required_name("player_id");
    request.role =
        static_cast<wire::Role>(call.params.choice("role", {"player", "spectator", "authority"}).value_or(0));
    request.ttl_s =
        static_cast<std::uint32_t>(call.params.whole("ttl_s", 1, ticket_ttl_max_s).value_or(ticket_ttl_default_s));
    FINISH(call);
    return reply(call.controls.issue_ticket(std::move(request), call.deadline), [](const TicketIssued& issued) {
        return json{{"ticket", issued.ticket}, {"url", issued.url}};
    });
}

void read_types(Params& params, std::vector<RelayEventType>& types) {
    const json* list = params.any("types");
    if (list == nullptr) return;
    if (!list->is_array()) return params.fail("types", "must be a list of event types");
    for (const auto& name : *list) {
        RelayEventType type{};
        if (!name.is_string() || !find_event_type(name.get<std::string>(), type)) {
            std::vector<std::string_view> known;
            for (int i = 0; i <= static_cast<int>(RelayEventType::relay_undrained); ++i) {
                known.push_back(name_of(static_cast<RelayEventType>(i)));
            }
            const std::string near = name.is_string() ? nearest(name.get<std::string>(), known) : "";
            return params.fail("types", "has an unknown event type" + (near.empty() ? "" : ", the nearest is " + near));
        }
        types.push_back(type);
    }
}

Outcome events_subscribe(Call& call) {
    AdminSession::Subscription subscription;
    subscription.filter.room_id = call.params.name("room_id").value_or("");
    read_types(call.params, subscription.filter.types);
    const auto after = call.params.whole("after_seq", 0, INT64_MAX);
    FINISH(call);
    const std::uint64_t last = call.events.last();
    subscription.cursor = after ? static_cast<std::uint64_t>(*after) : last;
    call.session.subscription = std::move(subscription);
    return json{{"seq", last}};
}

constexpr std::array relay_method_table = {
    Method{"relay.info", false, relay_info},
    Method{"relay.drain", true, relay_drain},
    Method{"relay.undrain", true, relay_undrain},
    Method{"ticket.issue", true, ticket_issue},
    Method{"events.subscribe", false, events_subscribe},
};

}  // namespace

std::span<const Method> relay_methods() { return relay_method_table; }

Outcome done(const Answer<Done>& answer) {
    return reply(answer, [](const Done&) { return json::object(); });
}

}  // namespace tickrelay
