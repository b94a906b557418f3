#include "bench/load/walk.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tickrelay::bench {
namespace {

std::vector<Field> fields() {
  const Field field{.name = {}, .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 0.001};
  return {field, field, field, field};
}

TEST(Walk, changes_every_field_at_every_step) {
  for (const double step_s : {1.0 / 240, 1.0 / 60, 1.0 / 10}) {
    Walk walk(7, step_s);
    Placement before = walk.step(fields());
    for (int i = 0; i < 5'000; ++i) {
      const Placement now = walk.step(fields());
      for (std::size_t field = 0; field < now.size(); ++field) {
        ASSERT_NE(now[field], before[field]);
        // A relay that quantises by the same rule changes nothing.
        ASSERT_EQ(quantise(fields()[field], now[field]), now[field]);
      }
      ASSERT_LT(std::hypot(now[0], now[1]), 200);
      before = now;
    }
  }
}

TEST(Walk, is_found_again_in_the_log) {
  Walk walk(3, 1.0 / 60);
  SentLog log;
  std::vector<Placement> sent;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    sent.push_back(walk.step(fields()));
    log.add(sent.back(), i, i + 1);
    const std::uint32_t back = std::min<std::uint32_t>(i, SentLog::kept_mostly - 1);
    for (const std::uint32_t age : {0U, back / 2, back}) {
      const Sent* found = log.find(sent[i - age]);
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(found->intended_ns, i - age);
    }
  }
  EXPECT_EQ(log.find(sent[0]), nullptr);
}

TEST(Quantise, follows_the_protocol) {
  Field field{.name = {}, .flags = FieldFlags::Quantised, .precision = 0.5};
  EXPECT_EQ(quantise(field, 0.74F), 0.5F);
  EXPECT_EQ(quantise(field, 0.75F), 1.0F);
  EXPECT_EQ(quantise(field, -0.75F), -0.5F);
  field.flags = FieldFlags::Quantised | FieldFlags::Ranged, field.min = 0.25, field.max = 2;
  EXPECT_EQ(quantise(field, -3), 0.25F);
  EXPECT_EQ(quantise(field, 0.6F), 0.75F);
  field.flags = FieldFlags::Ranged;
  EXPECT_EQ(quantise(field, 9), 2.0F);
}

}  // namespace
}  // namespace tickrelay::bench
