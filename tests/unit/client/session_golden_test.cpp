// tests/golden/session_*.json: what a relay sent to a program of an older schema (tests/e2e/play/record_session.cpp). It must
// stay readable, and say the same: the state at the end is the relay's own word.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "relay_bytes.h"
#include "tests/unit/schema/base64.h"

namespace tickrelay::test {
namespace {

using nlohmann::json;

json golden(const std::string& codec) {
  std::ifstream file(std::string(GOLDEN_FOLDER) + "/session_" + codec + ".json");
  return json::parse(file);
}

template <class T>
T load(Bytes value, std::uint16_t offset) {
  T number{};
  std::memcpy(&number, value.data() + offset, sizeof number);
  return number;
}

// A field of the shown value, as room.state writes it.
json shown(const wire::Field& field, Bytes value) {
  switch (field.type()) {
    case wire::FieldType::Bool: return load<bool>(value, field.offset());
    case wire::FieldType::UInt8: return load<std::uint8_t>(value, field.offset());
    case wire::FieldType::UInt16: return load<std::uint16_t>(value, field.offset());
    case wire::FieldType::UInt32: return load<std::uint32_t>(value, field.offset());
    case wire::FieldType::Int32: return load<std::int32_t>(value, field.offset());
    case wire::FieldType::Float32: return load<float>(value, field.offset());
    default: return "a type that the recorded schema lacks";
  }
}

// "pos.x" of {"pos": {"x": 1}}
json at(const json& value, std::string path) {
  std::ranges::replace(path, '.', '/');
  return value.at(json::json_pointer("/" + path));
}

struct Replay {
  explicit Replay(const std::string& codec) : recorded(golden(codec)) {
    game.room.on_error([this](const Error& error) { errors.push_back(error.label + ": " + error.detail); });
    game.room.on_message("chat", [this](const Message& message) { heard.emplace_back(message.text()); });
    game.room.on_change<arena::Transform>([this](EntityId, const arena::Transform&) { ++moves; });
    game.room.on_state_change([this](const State&) { ++frames; });
    game.connect();
    for (const auto& each : recorded.at("messages")) {
      const Buffer bytes = from_base64(each.get<std::string>());
      if (const auto* message = flatbuffers::BufferHasIdentifier(bytes.data(), "TRM1") ? wire::GetMessage(bytes.data()) : nullptr)
        if (message->body_type() == wire::Body::Welcome) welcome = bytes;
      count(bytes);
      game.receive(bytes);
      game.step(1000);
    }
  }
  void count(const Buffer& bytes) {
    if (!flatbuffers::BufferHasIdentifier(bytes.data(), "TRF1")) return;
    const auto kind = flatbuffers::GetRoot<wire::StateFrame>(bytes.data())->head()->kind();
    stream += kind == wire::FrameKind::Stream ? 1 : 0;
    absolute += kind == wire::FrameKind::Stream ? 0 : 1;
  }

  json recorded;
  Game game;
  Buffer welcome;
  std::vector<std::string> errors, heard;
  int moves = 0, frames = 0, stream = 0, absolute = 0;
};

class SessionGolden : public testing::TestWithParam<const char*> {};

TEST_P(SessionGolden, EndsWithTheStateThatTheRelayHad) {
  const Replay replay(GetParam());
  EXPECT_EQ(replay.game.room.phase(), Room::Phase::joined);
  EXPECT_TRUE(replay.errors.empty()) << replay.errors.front();
  EXPECT_EQ(replay.game.room.stats().resyncs, 0U);
  const json& entities = replay.recorded.at("state").at("entities");
  EXPECT_EQ(replay.game.room.state().entities().size(), entities.size());
  std::size_t compared = 0;
  const wire::Layout& layout = *wire::GetMessage(replay.welcome.data())->body_as_Welcome()->layout();
  for (const wire::Component* component : *layout.components())
    for (const auto& [entity, values] : entities.items()) {
      const auto id = static_cast<EntityId>(std::stoul(entity));
      const Bytes value = replay.game.room.state().bytes(id, component->name()->str());
      ASSERT_EQ(value.empty(), !values.contains(component->name()->str())) << entity << ' ' << component->name()->str();
      if (value.empty() || component->bytes() == 0) continue;
      for (const wire::Field* field : *component->fields()) {
        const json expected = at(values.at(component->name()->str()), field->name()->str());
        const json held = shown(*field, value);
        EXPECT_TRUE(held.is_number_float() ? held.get<float>() == expected.get<float>() : held == expected)
            << entity << ' ' << component->name()->str() << '.' << field->name()->str() << ": " << held << ", not " << expected;
        ++compared;
      }
    }
  EXPECT_GT(compared, 80U);
}

TEST_P(SessionGolden, TellsWhatHappenedOnTheWay) {
  const Replay replay(GetParam());
  EXPECT_EQ(replay.heard, (std::vector<std::string>{"step 5", "step 25", "step 45", "step 65", "step 85"}));
  EXPECT_GT(replay.moves, 60);
  EXPECT_GT(replay.stream, 15);
  EXPECT_GT(replay.absolute, 1) << "a whole frame, and at least one catch-up";
  EXPECT_EQ(replay.game.room.players().size(), 3U);
  EXPECT_EQ(replay.game.room.player_id(), "old");
}

// The older program's structs are prefixes of the room's.
TEST_P(SessionGolden, IsReadByTheOlderProgramsTypes) {
  const Replay replay(GetParam());
  const State& state = replay.game.room.state();
  const json& entities = replay.recorded.at("state").at("entities");
  std::size_t ships = 0;
  state.each<arena::Transform>([&](EntityId id, const arena::Transform& transform) {
    const json& expected = entities.at(std::to_string(id)).at("arena.Transform");
    EXPECT_EQ(transform.pos().y(), at(expected, "pos.y").get<float>());
    EXPECT_EQ(transform.yaw(), expected.at("yaw").get<float>());
    EXPECT_EQ(state.get<arena::Health>(id)->points(), entities.at(std::to_string(id)).at("arena.Health").at("points").get<int>());
    ++ships;
  });
  EXPECT_EQ(ships, 5U);
}

INSTANTIATE_TEST_SUITE_P(Codecs, SessionGolden, testing::Values("packed", "plain"));

}  // namespace
}  // namespace tickrelay::test
