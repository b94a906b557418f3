// Quaternions as smallest three: whatever comes in, what comes out is one of length 1 on steps, and stays.
#include "schema/state/quat.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "schema/packed/lanes.h"
#include "schema/state/quantise.h"
#include "tests/sim/random.h"

namespace tickrelay::test {
namespace {

using sim::Random;
constexpr double precisions[] = {0.001, 1e-6, 0.1, 0.00035, 0.0027675, 1.0 / 1024, 0.05};

Quat quantised(double precision, Quat value) {
  std::array<std::byte*, 4> at;
  for (std::size_t i = 0; i < 4; ++i) at[i] = reinterpret_cast<std::byte*>(&value[i]);
  EXPECT_TRUE(quantise_quat(precision, at));
  return value;
}

std::array<std::uint32_t, 4> bits(const Quat& value) { return std::bit_cast<std::array<std::uint32_t, 4>>(value); }

double length(const Quat& value) {
  double squares = 0;
  for (const float x : value) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}

// Of the turn that takes one to the other, in steps of `precision`: its share that is not the same.
double apart(const Quat& a, const Quat& b) {
  double dot = 0;
  for (std::size_t i = 0; i < 4; ++i) dot += static_cast<double>(a[i]) * b[i];
  return 1 - std::abs(dot) / (length(a) * length(b));
}

// The same value, on steps, of length 1; lanes that give it back.
void expect_settled(double precision, const Quat& given) {
  const Quat once = quantised(precision, given);
  ASSERT_EQ(bits(quantised(precision, once)), bits(once))
      << precision << ' ' << given[0] << ' ' << given[1] << ' ' << given[2] << ' ' << given[3];
  ASSERT_NEAR(length(once), 1, 1e-6);
  const QuatSteps at = steps_of(precision, once);
  ASSERT_EQ(bits(quat_at(precision, at)), bits(once));
  ASSERT_EQ(step_of_largest(precision, at), at.steps[static_cast<std::size_t>(at.largest)]);
  ASSERT_GT(once[static_cast<std::size_t>(at.largest)], 0.25F);
}

float any_float(Random& random) {
  float x = 0;
  do x = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
  while (!std::isfinite(x));
  return x;
}

TEST(Quat, of_every_pair_of_steps_and_what_is_near_stays_what_it_is) {
  const double precision = 0.1;
  for (int a = -22; a <= 22; ++a)
    for (int b = -22; b <= 22; ++b)
      for (int c = -22; c <= 22; ++c)
        for (int d = 0; d <= 22; d += 2) {
          expect_settled(precision, {static_cast<float>(a) * 0.05F, static_cast<float>(b) * 0.05F,
                                     static_cast<float>(c) * 0.05F, static_cast<float>(d) * 0.05F});
          if (HasFatalFailure()) return;
        }
}

TEST(Quat, of_random_turns_and_near_ties_stays_what_it_is) {
  Random random(3);
  const auto unit = [&] { return static_cast<double>(random.between(-1'000'000, 1'000'000)) / 1e6; };
  for (const double precision : precisions)
    for (int i = 0; i < 60'000; ++i) {
      Quat any, tie;
      for (std::size_t k = 0; k < 4; ++k) {
        any[k] = random.below(4) == 0 ? any_float(random) : static_cast<float>(unit());
        const double middle = i % 2 == 0 ? 0.5 : k < 2 ? std::sqrt(0.5) : 0;
        tie[k] = static_cast<float>((random.below(2) == 0 ? middle : -middle) + precision * unit() * (i % 3));
      }
      expect_settled(precision, any);
      expect_settled(precision, tie);
      if (HasFatalFailure()) return;
    }
}

TEST(Quat, is_off_by_no_more_than_its_steps) {
  Random random(4);
  for (const double precision : precisions)
    for (int i = 0; i < 20'000; ++i) {
      Quat given;
      for (float& x : given) x = static_cast<float>(random.between(-1'000'000, 1'000'000)) / 3e5F;
      if (length(given) < 0.01) continue;
      // Three of half a step each, and what the largest makes of them: an angle of 3 steps between the two is more than enough.
      ASSERT_LT(apart(given, quantised(precision, given)), 9 * precision * precision / 2 + 1e-12) << precision;
    }
}

TEST(Quat, has_its_largest_positive_and_zero_is_no_turn) {
  EXPECT_EQ(quantised(0.001, {0, 0, 0, 0}), (Quat{0, 0, 0, 1}));
  EXPECT_EQ(bits(quantised(0.001, {0, -0.0F, 0, -1})), bits({0, 0, 0, 1}));
  EXPECT_EQ(quantised(0.001, {-9, 0, 0, 0}), (Quat{1, 0, 0, 0}));
  EXPECT_EQ(quantised(0.001, {1e-45F, 0, 0, 0}), (Quat{1, 0, 0, 0}));
  EXPECT_EQ(quantised(0.1, {3e38F, 0, -3e38F, 0})[0], static_cast<float>(std::sqrt(1 - 7 * 0.1 * (7 * 0.1))));
  const Quat half = quantised(0.001, {0.5F, -0.5F, 0.5F, 0.5F});
  EXPECT_EQ(half, (Quat{0.5F, -0.5F, 0.5F, 0.5F}));
  EXPECT_EQ(steps_of(0.001, half).largest, 0) << "the first of equals";
}

TEST(Quat, refuses_nan_and_infinity_and_leaves_the_value) {
  for (const float bad :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf("")})
    for (std::size_t k = 0; k < 4; ++k) {
      Quat value{1, 2, 3, 4};
      value[k] = bad;
      const auto before = bits(value);
      std::array<std::byte*, 4> at;
      for (std::size_t i = 0; i < 4; ++i) at[i] = reinterpret_cast<std::byte*>(&value[i]);
      EXPECT_FALSE(quantise_quat(0.001, at));
      EXPECT_EQ(bits(value), before);
    }
}

// tests/golden/quat.py is a second implementation, written from PROTOCOL.md.
TEST(Quat, agrees_with_the_golden_values) {
  std::ifstream file(GOLDEN_QUAT);
  std::string line;
  std::getline(file, line);
  std::size_t count = 0;
  std::uint64_t precision = 0;
  file >> std::hex;
  for (; file >> precision; ++count) {
    std::array<std::uint32_t, 4> given, expected;
    for (std::uint32_t& x : given) ASSERT_TRUE(file >> x);
    for (std::uint32_t& x : expected) ASSERT_TRUE(file >> x);
    const Quat made = quantised(std::bit_cast<double>(precision), std::bit_cast<Quat>(given));
    EXPECT_EQ(bits(made), expected) << "line " << count + 2;
  }
  EXPECT_EQ(count, 1068U);
}

std::vector<Field> fields(std::initializer_list<FieldFlags> flags) {
  std::vector<Field> all;
  for (const FieldFlags each : flags)
    all.push_back({.name = "f",
                   .type = FieldType::Float32,
                   .offset = static_cast<std::uint16_t>(4 * all.size()),
                   .flags = each,
                   .precision = 0.01});
  return all;
}

TEST(Quat, fields_go_by_fours) {
  const FieldFlags quat = FieldFlags::Quat | FieldFlags::Quantised, other = FieldFlags::Quantised;
  EXPECT_EQ(quats_of(fields({other, quat, quat, quat, quat, quat, quat, quat, quat, other})), 0b0000100010U);
  EXPECT_TRUE(quats_are_whole(fields({quat, quat, quat, quat})));
  EXPECT_FALSE(quats_are_whole(fields({quat, quat, quat, quat, quat})));
  EXPECT_FALSE(quats_are_whole(fields({quat, quat, quat, other})));
  EXPECT_FALSE(quats_are_whole(fields({quat, quat, quat, FieldFlags::Quat})));
  std::vector<Field> uneven = fields({quat, quat, quat, quat});
  uneven[2].precision = 0.02;
  EXPECT_FALSE(quats_are_whole(uneven));
  EXPECT_EQ(with_whole_quats(0b0000001000, 0b0000100010), 0b0000011110U);
  EXPECT_EQ(with_whole_quats(0b1000100001, 0b0000100010), 0b1111100001U | 0b0111100000U);
  EXPECT_EQ(with_whole_quats(0b1000000001, 0b0000100010), 0b1000000001U);
}

TEST(Quat, zero_of_a_struct_is_no_turn) {
  const FieldFlags quat = FieldFlags::Quat | FieldFlags::Quantised;
  const std::vector<std::byte> zero = zero_of(fields({FieldFlags::Quantised, quat, quat, quat, quat}), 20);
  std::array<float, 5> floats;
  std::memcpy(floats.data(), zero.data(), 20);
  EXPECT_EQ(floats, (std::array<float, 5>{0, 0, 0, 0, 1}));
}

TEST(Angle, has_so_many_steps_as_differ) {
  const auto angle = [](double precision, double min, double max) {
    return Field{.name = "a",
                 .type = FieldType::Float32,
                 .flags = FieldFlags::Quantised | FieldFlags::Ranged | FieldFlags::Angle,
                 .precision = precision,
                 .min = min,
                 .max = max};
  };
  const double pi = 3.1415927410125732;
  EXPECT_EQ(steps_of_turn(angle(1, 0, 360)), 360U);
  EXPECT_EQ(steps_of_turn(angle(100, 0, 360)), 4U);  // 0 100 200 300: the next is beyond
  EXPECT_EQ(steps_of_turn(angle(110, 0, 360)), 4U);  // 0 110 220 330: the turn's rest is no step
  EXPECT_EQ(steps_of_turn(angle(800, 0, 360)), 1U);
  EXPECT_EQ(steps_of_turn(angle(360.0 / 7, 0, 360)), 7U);
  EXPECT_EQ(steps_of_turn({.name = "x", .type = FieldType::Float32, .flags = FieldFlags::Quantised, .precision = 1}),
            0U);
  for (const double precision : {0.001, 0.01, 0.7, 1.0, 3.0}) {
    const Field field = angle(precision, -pi, pi);
    const std::uint32_t turn = steps_of_turn(field);
    float last = 0, end = 0;
    store_step(field, turn - 1, reinterpret_cast<std::byte*>(&last));
    store_step(field, turn, reinterpret_cast<std::byte*>(&end));
    EXPECT_GT(last, -pi) << precision;
    EXPECT_EQ(end, static_cast<float>(-pi)) << precision;
  }
}

TEST(Angle, takes_the_short_way) {
  using packed::nearest_in_turn, packed::within_turn;
  EXPECT_EQ(nearest_in_turn(360, 359, 1), 361);
  EXPECT_EQ(nearest_in_turn(360, 1, 359), -1);
  EXPECT_EQ(nearest_in_turn(360, 10, 20), 20);
  Random random(8);
  for (int i = 0; i < 200'000; ++i) {
    const auto turn = static_cast<std::uint32_t>(random.between(1, i % 2 == 0 ? 50 : packed::turn_max));
    const auto last = static_cast<std::int32_t>(random.below(turn)),
               step = static_cast<std::int32_t>(random.below(turn));
    const std::int64_t way = std::int64_t{nearest_in_turn(turn, last, step)} - last;
    ASSERT_LE(std::abs(way) * 2, std::int64_t{turn}) << turn << ' ' << last << ' ' << step;
    ASSERT_EQ(within_turn(turn, nearest_in_turn(turn, last, step)), step);
  }
  EXPECT_EQ(within_turn(7, std::numeric_limits<std::int32_t>::min()),
            2147483648 % 7 == 0 ? 0 : 7 - static_cast<int>(2147483648 % 7));
}

}  // namespace
}  // namespace tickrelay::test
