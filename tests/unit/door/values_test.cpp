#include "relay/door/values.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "schema/arena_generated.h"

namespace tickrelay {
namespace {

using nlohmann::json;

const LayoutPointer& arena() {
    static const LayoutPointer layout = built_in_types().at("demo").settings.layout;
    return layout;
}

ComponentIndex index_of(std::string_view name) { return std::get<ComponentIndex>(find_component(*arena(), name)); }

std::string pack_error(std::string_view component, const json& fields) {
    const auto packed = pack_fields(arena()->component(index_of(component)), fields);
    return std::holds_alternative<std::string>(packed) ? std::get<std::string>(packed) : "";
}

TEST(Values, AComponentIsFoundByItsNameOrTheLastPartOfIt) {
    EXPECT_EQ(index_of("arena.Transform"), index_of("Transform"));
    EXPECT_NE(std::get<std::string>(find_component(*arena(), "Transfrom")).find("nearest is Transform"),
              std::string::npos);
}

TEST(Values, AStructIsReadAsNestedObjects) {
    const arena::Transform transform(arena::Vec3(1.5F, 0.1F, -2), 0.25F);
    const auto bytes = std::as_bytes(std::span(&transform, 1));
    EXPECT_EQ(fields_to_json(*arena(), index_of("Transform"), bytes).dump(),
              R"({"pos":{"x":1.5,"y":0.1,"z":-2.0},"yaw":0.25})");
}

TEST(Values, FieldsArePackedInFieldOrderWhateverTheOrderOfTheJson) {
    const auto packed = std::get<PackedFields>(
        pack_fields(arena()->component(index_of("Transform")), {{"yaw", 1}, {"pos", {{"y", 2.5}}}}));
    EXPECT_EQ(packed.mask, 0b1010U);
    ASSERT_EQ(packed.data.size(), 8U);
    float values[2];
    std::memcpy(values, packed.data.data(), 8);
    EXPECT_EQ(values[0], 2.5F);
    EXPECT_EQ(values[1], 1.0F);
    const auto flat = std::get<PackedFields>(pack_fields(arena()->component(index_of("Transform")), {{"pos.y", 2.5}}));
    EXPECT_EQ(flat.mask, 0b10U);
}

TEST(Values, ErrorsNameTheFieldAndItsRange) {
    EXPECT_NE(pack_error("Transform", {{"pos", {{"w", 1}}}}).find("pos.w"), std::string::npos);
    EXPECT_NE(pack_error("Transform", {{"yaw", "north"}}).find("yaw must be a number"), std::string::npos);
    EXPECT_NE(pack_error("Transform", {{"yaw", 1e300}}).find("finite"), std::string::npos);
    EXPECT_NE(pack_error("Health", {{"points", -1}}).find("0 to 255"), std::string::npos);
    EXPECT_NE(pack_error("Health", {{"points", 1.5}}).find("whole"), std::string::npos);
    EXPECT_NE(pack_error("Score", {{"kills", 65'536}}).find("65535"), std::string::npos);
    EXPECT_NE(pack_error("Health", json::object()).find("no field"), std::string::npos);
}

TEST(Values, OpaqueComponentsAreBase64BothWays) {
    const auto packed = std::get<PackedFields>(pack_fields(arena()->component(index_of("Name")), {{"base64", "AAEC"}}));
    EXPECT_EQ(packed.mask, 0U);
    EXPECT_EQ(packed.data.size(), 3U);
    EXPECT_EQ(fields_to_json(*arena(), index_of("Name"), packed.data), (json{{"base64", "AAEC"}}));
    EXPECT_NE(pack_error("Name", {{"text", "x"}}), "");
}

TEST(Values, TheRelaysOwnComponentsAreReadable) {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(wire::CreatePlayerDirect(builder, 3, "ada", wire::Role::Spectator, true, R"({"color":1})"));
    const auto bytes = std::as_bytes(builder.GetBufferSpan());
    EXPECT_EQ(
        fields_to_json(*arena(), player_component, {bytes.data(), bytes.size()}),
        (json{{"number", 3}, {"id", "ada"}, {"role", "Spectator"}, {"connected", true}, {"options", {{"color", 1}}}}));
    EXPECT_TRUE(fields_to_json(*arena(), room_component, std::vector<std::byte>(3)).contains("base64"))
        << "damaged: as bytes";
}

// Every field type, nested arrays, by a layout made here.
TEST(Values, EveryTypeComesBackAsItWent) {
    Component all;
    all.name = "t.All";
    const std::pair<FieldType, json> cases[] = {
        {FieldType::Bool, true},         {FieldType::Int8, -128},       {FieldType::UInt8, 255},
        {FieldType::Int16, -32768},      {FieldType::UInt16, 65535},    {FieldType::Int32, INT32_MIN},
        {FieldType::UInt32, UINT32_MAX}, {FieldType::Int64, INT64_MIN}, {FieldType::UInt64, UINT64_MAX},
        {FieldType::Float32, 0.1},       {FieldType::Float64, 0.1}};
    json fields = json::object();
    std::uint16_t offset = 0;
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        const std::string name = i < 2 ? "v[" + std::to_string(i) + "]" : "in.f" + std::to_string(i);
        Field& field = all.fields.emplace_back();
        field.name = name;
        field.type = cases[i].first;
        field.offset = offset;
        offset = static_cast<std::uint16_t>(offset + all.fields.back().width());
        if (i < 2) {
            fields["v"].push_back(cases[i].second);
        } else {
            fields["in"]["f" + std::to_string(i)] = cases[i].second;
        }
    }
    all.bytes = offset;
    const Layout layout({all});
    const auto index = *layout.find("t.All");
    const auto packed = std::get<PackedFields>(pack_fields(layout.component(index), fields));
    EXPECT_EQ(packed.data.size(), offset) << "without padding the packed values are the struct";
    EXPECT_EQ(fields_to_json(layout, index, packed.data), fields);
}

}  // namespace
}  // namespace tickrelay
