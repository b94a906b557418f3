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

Outcome fleet_nodes(Call& call) {
    FINISH(call);
    json nodes = json::array();
    for (const NodeInfo& node : call.controls.nodes())
        nodes.push_back({{"node", node.node}, {"url", node.url}, {"headroom", node.headroom}, {"rooms", node.rooms}, {"draining", node.draining},
                         {"alive", node.alive}, {"here", node.here}, {"seen_s", node.seen_s}});
    return json{{"nodes", std::move(nodes)}};
}

Outcome ticket_issue(Call& call) {
    auto request = about_player<TicketRequest>(call);
    request.role =
        static_cast<wire::Role>(call.params.choice("role", {"player", "spectator", "authority"}).value_or(0));
    request.ttl_s =
        static_cast<std::uint32_t>(call.params.whole("ttl_s", 1, ticket_ttl_max_s).value_or(ticket_ttl_default_s));
    request.seat = static_cast<std::uint32_t>(call.params.whole("seat", 1, ~0U).value_or(0));
    request.single_use = call.params.flag("single_use").value_or(true);
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
    const bool fleet = call.params.flag("fleet").value_or(false);
    FINISH(call);
    if (fleet) {
        auto answer = call.controls.fleet_events(after ? std::optional(static_cast<std::uint64_t>(*after)) : std::nullopt, call.deadline);
        if (auto* refused = std::get_if<Refused>(&answer)) return std::move(*refused);
        auto& events = std::get<FleetEvents>(answer);
        subscription.fleet = std::move(events.feed);
        call.session.subscription = std::move(subscription);
        return json{{"seq", events.last}};
    }
    const std::uint64_t last = call.events.last();
    subscription.cursor = after ? static_cast<std::uint64_t>(*after) : last;
    call.session.subscription = std::move(subscription);
    return json{{"seq", last}};
}

constexpr std::array relay_method_table = {
    Method{"relay.info", false, relay_info, "",
           "This relay: `node`, `version`, `uptime_s`, `rooms`, `players`, `headroom` (0 to 1), `draining`, `listen`, `ops_listen`, `url`."},
    Method{"relay.drain", true, relay_drain, "deadline_s?",
           "No new rooms or joins, `/readyz` says 503. Answers the number of rooms that are still here. They end by themselves, or when `deadline_s` is over: "
           "then players get `restarting`; with `data_dir` the rooms wait there, for `relay.undrain` or the next start. The process stays."},
    Method{"relay.undrain", true, relay_undrain, "",
           "Takes rooms and joins again, and takes up the rooms that the drain's deadline had sent to `data_dir`."},
    Method{"fleet.nodes", false, fleet_nodes, "",
           "The nodes of the fleet as this one knows them: `node`, `url`, `headroom`, `rooms`, `draining`, `alive`, `here`, `seen_s`. A relay alone: none."},
    Method{"ticket.issue", true, ticket_issue, "room_id, player_id, role?, ttl_s?, seat?, single_use?",
           "A signed ticket (`role`: player, spectator, authority; `seat`: to take over that player number alone; `single_use`: true) and the URL to join at."},
    Method{"events.subscribe", false, events_subscribe, "room_id?, types?, after_seq?, fleet?",
           "From now on, or from after a number (with `data_dir` over restarts, too), notifications `event` (and `events.lost {from, to}`) on this connection. "
           "With `fleet` those of all nodes, from the fleet's journal: each also has `node` and that node's own `node_seq`, and `after_seq` works on any node."},
};

}  // namespace

std::span<const Method> relay_methods() { return relay_method_table; }

std::string read_reason(Call& call) {
    constexpr std::size_t bytes_max = 120;
    return call.params.text("reason", bytes_max).value_or("");
}

Outcome done(const Answer<Done>& answer) {
    return reply(answer, [](const Done&) { return json::object(); });
}

}  // namespace tickrelay
