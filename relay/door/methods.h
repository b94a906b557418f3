// The methods of the admin socket, one function each. For .cpp files of the door only.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/params.h"
#include "relay/door/rpc.h"

namespace tickrelay {

struct Call {
    Controls& controls;
    EventRing& events;
    AdminSession& session;
    Params& params;
    Deadline deadline;
};

using Outcome = std::variant<nlohmann::json, Refused, ParamError>;

struct Method {
    std::string_view name;
    bool changes;  // its audit line is worth reading; calls that only look are logged at level debug
    Outcome (*run)(Call&);
    std::string_view params = {};  // "room_id, reason?": optional ones with ?, * for the settings of a room
    std::string_view doc = {};     // Markdown
};

std::span<const Method> relay_methods();  // relay.*, ticket.*, events.*
std::span<const Method> room_methods();   // room.*, player.*
std::span<const Method> ban_methods();    // who may not come

const Method* find_method(std::string_view name);  // null: there is none
// Runs it and writes its audit line. REQUIRES: params is an object.
Outcome run_method(const Method& method, const nlohmann::json& params, Controls& controls, EventRing& events, AdminSession& session,
                   Deadline deadline);
// What is the whole fleet's, after this node's part: a mistake in it is told by this node alone.
Outcome with_others(Controls& controls, const std::string& name, const nlohmann::json& params, Outcome own, const AdminSession& session,
                    Deadline deadline);

// Reads the parameters to their end; an error stops the method.
#define FINISH(call) \
    if (auto error = (call).params.finish()) return *error

// A request about one player of a room.
template <typename Request>
Request about_player(Call& call) {
    Request request;
    request.room_id = call.params.required_name("room_id");
    request.player_id = call.params.required_name("player_id");
    return request;
}

std::string read_reason(Call& call);  // as far as it fits into a close frame

// The answer's result by `show`, or its refusal.
template <typename Result, typename Show>
Outcome reply(const Answer<Result>& answer, const Show& show) {
    if (const auto* refused = std::get_if<Refused>(&answer)) return *refused;
    return show(std::get<Result>(answer));
}

Outcome done(const Answer<Done>& answer);

}  // namespace tickrelay
