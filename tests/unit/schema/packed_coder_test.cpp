#include "schema/packed/coder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "schema/packed/model.h"
#include "tests/sim/random.h"

namespace tickrelay::packed {
namespace {

struct Symbol {
  unsigned raw;  // bits; 0: one with a probability
  std::uint32_t value, probability;
};

std::vector<Symbol> symbols(sim::Random& random, std::size_t count) {
  std::vector<Symbol> all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto raw = random.below(4) == 0 ? static_cast<unsigned>(random.between(1, 32)) : 0U;
    const auto bits = static_cast<std::uint32_t>(random.next());
    const auto p = static_cast<std::uint32_t>(random.between(probability_min, 65536 - probability_min));
    const bool likely = random.below(65536) < p;
    all.push_back({raw, raw == 0 ? (likely ? 1U : 0U) : raw == 32 ? bits : bits & ((1U << raw) - 1), p});
  }
  return all;
}

TEST(PackedCoder, reads_what_was_written_whatever_follows_in_the_buffer) {
  sim::Random random(7);
  for (int round = 0; round < 3'000; ++round) {
    const auto all = symbols(random, random.below(60));
    std::vector<std::uint8_t> bytes = {0xAB};
    RangeEncoder encoder(bytes);
    for (const Symbol& s : all)
      s.raw == 0 ? (void)encoder.bit(s.value != 0, s.probability) : (void)encoder.raw(s.value, s.raw);
    encoder.finish();
    ASSERT_EQ(bytes[0], 0xAB);
    ASSERT_TRUE(bytes.size() == 1 || bytes.back() != 0);
    RangeDecoder decoder({bytes.data() + 1, bytes.size() - 1});
    for (const Symbol& s : all)
      ASSERT_EQ(s.raw == 0 ? (decoder.bit(false, s.probability) ? 1U : 0U) : decoder.raw(0, s.raw), s.value);
  }
}

TEST(PackedCoder, costs_little_more_than_the_entropy) {
  sim::Random random(8);
  std::vector<std::uint8_t> bytes;
  RangeEncoder encoder(bytes);
  double bits = 0;
  for (const Symbol& s : symbols(random, 20'000)) {
    if (s.raw != 0) {
      encoder.raw(s.value, s.raw);
      bits += s.raw;
      continue;
    }
    encoder.bit(s.value != 0, s.probability);
    const double p = s.probability / 65536.0;
    bits -= std::log2(s.value != 0 ? p : 1 - p);
  }
  encoder.finish();
  EXPECT_LT(static_cast<double>(bytes.size()), bits / 8 * 1.001 + 4);
}

TEST(PackedCoder, tables_are_what_their_formulas_say) {
  for (std::size_t i = 0; i < knots.size(); ++i) {
    const double logit = (static_cast<double>(i) * 64 - 2048) / 256;
    EXPECT_EQ(knots[i], std::clamp<long>(std::lround(65536 / (1 + std::exp(-logit))), 32, 65504)) << i;
  }
  for (std::size_t i = 1; i < stretch_table.size(); ++i) ASSERT_GE(stretch_table[i], stretch_table[i - 1]);
  EXPECT_EQ(stretch_table.front(), -logit_max);
  EXPECT_EQ(stretch_table.back(), logit_max);
}

TEST(PackedCoder, numbers_of_every_length_come_back) {
  std::vector<std::uint32_t> all = {0, 1, 2, 3, 0xFFFFFFFFU, 0x80000000U};
  sim::Random random(9);
  for (int i = 0; i < 2'000; ++i) all.push_back(static_cast<std::uint32_t>(random.next() >> 32 >> random.below(32)));
  std::vector<std::uint8_t> bytes;
  RangeEncoder encoder(bytes);
  NumberModel written, read;
  for (const std::uint32_t value : all) code_number(encoder, value, written);
  encoder.finish();
  RangeDecoder decoder(bytes);
  for (const std::uint32_t value : all) ASSERT_EQ(code_number(decoder, 0, read), value);
}

}  // namespace
}  // namespace tickrelay::packed
