// A room's settings as checkpoints and publications carry them.
#pragma once

#include <string>

#include "relay/core/settings.h"
#include "schema/checkpoint_generated.h"

namespace tickrelay {

flatbuffers::Offset<stored::Settings> put_settings(flatbuffers::FlatBufferBuilder& builder, const RoomSettings& settings);
// Foreign bytes that the verifier vouched for; the layout is not among them. A text that names what is wrong, or empty.
std::string read_settings(const stored::Settings& from, RoomSettings& settings);

}  // namespace tickrelay
