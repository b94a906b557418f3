// What a replay makes of a recording: a schema and changes, without a relay.

#include <flatbuffers/reflection.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>

#include "bench/load/recorded_changes.h"
#include "bench/load/recorded_schema.h"
#include "bench/load/schema_compiler.h"
#include "bench/load/synthetic_recording.h"

namespace tickrelay::bench {
namespace {

using Word = std::uint32_t;

void put_name(std::vector<std::uint8_t>& bytes, std::string name) {
  name.resize(16);
  bytes.insert(bytes.end(), name.begin(), name.end());
}

void put(std::vector<std::uint8_t>& bytes, Word word) {
  const auto* start = reinterpret_cast<const std::uint8_t*>(&word);
  bytes.insert(bytes.end(), start, start + 4);
}

// One type, one tick, one entity with these fields.
Recording recording_of(const std::string& type, std::map<std::string, std::pair<Word, std::int32_t>> fields) {
  std::vector<std::uint8_t> bytes{'G', 'S', 'R', '1'};
  put(bytes, 1), put(bytes, 1), put(bytes, std::bit_cast<Word>(30.0F));
  put_name(bytes, type), put(bytes, static_cast<Word>(fields.size()));
  for (const auto& [name, field] : fields) put_name(bytes, name), put(bytes, field.first);
  put(bytes, 1), put(bytes, 0), put(bytes, 5);
  for (const auto& [name, field] : fields) put(bytes, static_cast<Word>(field.second));
  return Recording::parse(bytes);
}

TEST(RecordedSchema, keeps_the_width_signed_or_not_and_widens_what_does_not_fit) {
  const RecordedSchema schema = recorded_schema(
      recording_of("car", {{"a", {1, -5}}, {"b", {1, 200}}, {"c", {1, 300}}, {"d", {2, 65'000}}, {"e", {2, -40'000}}}));
  EXPECT_EQ(schema.columns[0].field_bytes, (std::vector<std::uint8_t>{1, 1, 2, 2, 4}));
  EXPECT_NE(schema.text.find("a: byte;"), std::string::npos);
  EXPECT_NE(schema.text.find("b: ubyte;"), std::string::npos);
  EXPECT_NE(schema.text.find("d: ushort;"), std::string::npos);
  EXPECT_NE(schema.text.find("e: int;"), std::string::npos);
}

TEST(RecordedSchema, compiles_whatever_the_names) {
  for (const std::string name : {"cube", "table", "3d", "a b", "Recording", "bool", "x-y"}) {
    const RecordedSchema schema =
        recorded_schema(recording_of(name, {{"int", {4, 1}}, {"9", {1, 1}}, {"q w", {2, 1}}}));
    const std::string compiled = compile_schema(schema.text);
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(compiled.data()), compiled.size());
    ASSERT_TRUE(reflection::VerifySchemaBuffer(verifier)) << schema.text;
    const auto* objects = reflection::GetSchema(compiled.data())->objects();
    EXPECT_NE(objects->LookupByKey(schema.columns[0].component.c_str()), nullptr) << name;
    EXPECT_NE(objects->LookupByKey(schema.tick_component.c_str()), nullptr);
  }
}

TEST(BenchSchema, keeps_its_attributes) {
  const std::string compiled = compile_schema(bench_schema_text());
  const auto* object = reflection::GetSchema(compiled.data())->objects()->LookupByKey("bench.Transform");
  ASSERT_NE(object, nullptr);
  EXPECT_TRUE(object->is_struct());
  EXPECT_EQ(object->bytesize(), 16);
  ASSERT_NE(object->attributes(), nullptr);
  EXPECT_NE(object->attributes()->LookupByKey("player"), nullptr);
  const auto* x = object->fields()->LookupByKey("x");
  ASSERT_NE(x->attributes(), nullptr);
  EXPECT_EQ(x->attributes()->LookupByKey("precision")->value()->str(), "0.001");
}

TEST(RecordedChanges, make_each_tick_from_the_one_before) {
  const Recording recording = Recording::parse(synthetic_recording({.seed = 9, .ticks = 200}));
  RecordedChanges changes(recording);
  std::map<RecordedKey, std::vector<std::int32_t>> copy;
  std::vector<RecordedEntity> entities;
  std::size_t went = 0;
  for (std::size_t tick = 0; tick < recording.ticks(); ++tick) {
    for (const RecordedChange& change : changes.to(tick)) {
      if (change.what == RecordedChange::What::goes) {
        ++went;
        ASSERT_EQ(copy.erase(change.key), 1U);
        continue;
      }
      ASSERT_EQ(copy.contains(change.key), change.what == RecordedChange::What::changes);
      std::vector<std::int32_t>& values = copy[change.key];
      values.resize(change.values.size());
      for (std::size_t field = 0; field < values.size(); ++field) {
        const bool set = (change.mask >> field & 1) != 0;
        EXPECT_TRUE(set || values[field] == change.values[field]);
        if (set) values[field] = change.values[field];
      }
    }
    recording.tick(tick, entities);
    ASSERT_EQ(copy.size(), entities.size());
    for (const RecordedEntity& entity : entities) {
      const std::vector<std::int32_t> values(entity.values.begin(), entity.values.end());
      ASSERT_EQ((copy[{entity.type, entity.id}]), values);
    }
  }
  EXPECT_GT(went, 0U);
}

}  // namespace
}  // namespace tickrelay::bench
