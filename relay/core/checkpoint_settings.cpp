#include "relay/core/checkpoint_settings.h"

#include <algorithm>
#include <cmath>

#include "relay/core/limits.h"
#include "relay/core/utf8.h"

namespace tickrelay {

namespace {

bool is_short_text(const flatbuffers::String* text, std::size_t bytes_max) { return text->size() <= bytes_max && is_utf8(text->string_view()); }

}  // namespace

flatbuffers::Offset<stored::Settings> put_settings(flatbuffers::FlatBufferBuilder& builder, const RoomSettings& settings) {
    const auto id = builder.CreateString(settings.id);
    const auto type = builder.CreateString(settings.type);
    const auto logic = builder.CreateString(settings.logic);
    const auto metadata = builder.CreateString(settings.metadata);
    const auto trace_id = builder.CreateString(settings.trace_id);
    return stored::CreateSettings(builder, id, type, logic, metadata, settings.tick_rate, settings.send_rate, settings.max_players,
                                  static_cast<std::uint8_t>(settings.authority), settings.codec, settings.is_private,
                                  settings.locked, settings.client_creatable, settings.grace_ms, settings.empty_ttl_ms,
                                  settings.history, settings.bytes_per_s, settings.views, settings.view_radius, settings.view_cell,
                                  settings.rewind_ms, settings.entities_per_player, settings.events_per_s, trace_id, settings.spectator_rate,
                                  settings.spectator_delay_ms);
}

std::string read_settings(const stored::Settings& from, RoomSettings& settings) {
    for (const auto* name : {from.id(), from.type(), from.logic()})
        if (!is_short_text(name, limits::name_bytes_max)) return "a name is too long or no UTF-8";
    if (from.trace_id() != nullptr && !is_short_text(from.trace_id(), limits::name_bytes_max)) return "trace_id is too long or no UTF-8";
    if (!is_short_text(from.metadata(), limits::text_bytes_max)) return "metadata is too long or no UTF-8";
    if (from.tick_rate() == 0 || from.tick_rate() > limits::tick_rate_max) return "tick_rate is out of range";
    if (from.send_rate() == 0 || from.tick_rate() % from.send_rate() != 0) return "send_rate does not divide tick_rate";
    if (from.max_players() == 0 || from.max_players() > limits::players_max) return "max_players is out of range";
    if (from.authority() > static_cast<std::uint8_t>(Authority::logic)) return "authority is unknown";
    if (static_cast<std::uint8_t>(from.codec()) > static_cast<std::uint8_t>(wire::Codec::Packed)) return "codec is unknown";
    settings.id = from.id()->str();
    settings.type = from.type()->str();
    settings.logic = from.logic()->str();
    settings.metadata = from.metadata()->str();
    if (from.trace_id() != nullptr) settings.trace_id = from.trace_id()->str();
    settings.tick_rate = from.tick_rate();
    settings.send_rate = from.send_rate();
    settings.max_players = from.max_players();
    settings.authority = static_cast<Authority>(from.authority());
    settings.codec = from.codec();
    settings.is_private = from.is_private();
    settings.locked = from.locked();
    settings.client_creatable = from.client_creatable();
    settings.grace_ms = from.grace_ms();
    settings.empty_ttl_ms = from.empty_ttl_ms();
    settings.history = from.history();
    settings.bytes_per_s = from.bytes_per_s();
    if (!(from.view_radius() >= 0 && from.view_cell() >= 0 && std::isfinite(from.view_radius()) && std::isfinite(from.view_cell())))
        return "view_radius or view_cell is out of range";
    settings.views = from.views();
    settings.view_radius = from.view_radius();
    settings.view_cell = from.view_cell();
    settings.entities_per_player = from.entities_per_player();
    settings.events_per_s = from.events_per_s();
    settings.rewind_ms = std::min(from.rewind_ms(), limits::rewind_ms_max);
    settings.spectator_rate = std::clamp<std::uint16_t>(from.spectator_rate(), 1, limits::tick_rate_max);
    settings.spectator_delay_ms = std::min(from.spectator_delay_ms(), limits::spectator_delay_ms_max);
    return "";
}

}  // namespace tickrelay
