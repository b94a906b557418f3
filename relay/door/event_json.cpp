#include "relay/door/event_json.h"

#include <nlohmann/json.hpp>

#include "relay/door/base64.h"
#include "relay/door/json.h"

namespace tickrelay {

nlohmann::json to_json(const RelayEvent& event) {
    nlohmann::json object = {{"seq", event.seq}, {"type", name_of(event.type)}, {"time_ms", event.time_ms}};
    if (!event.room_id.empty()) object["room_id"] = event.room_id;
    if (!event.player_id.empty()) object["player_id"] = event.player_id;
    if (!event.trace_id.empty()) object["trace_id"] = event.trace_id;
    switch (event.type) {
        case RelayEventType::room_message:
            object["message_type"] = event.label;
            object["data"] = encode_base64(bytes_of(event.data));
            break;
        case RelayEventType::room_result: object["data"] = json_of(event.data); break;
        case RelayEventType::room_spawned:
        case RelayEventType::room_restored: object["room_type"] = event.label; break;
        default:
            if (!event.label.empty()) object["reason"] = event.label;
    }
    return object;
}

}  // namespace tickrelay
