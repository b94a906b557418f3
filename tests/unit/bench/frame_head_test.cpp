#include "bench/load/frame_head.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tickrelay::bench {
namespace {

std::vector<std::uint8_t> make_frame(bool full) {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::uint32_t> ids{1, 2, 3};
  const std::vector<std::uint8_t> values(12, 7);
  const std::vector columns{wire::CreateColumnDirect(builder, 3, &ids, nullptr, &values)};
  const std::vector events{wire::CreateEventDirect(builder, wire::EventKind::Message, 1, "hello"),
                           wire::CreateEventDirect(builder, wire::EventKind::Message, 2, "you")};
  const wire::FrameHead head(1'000, full ? 40 : 1, full ? wire::FrameKind::CatchUp : wire::FrameKind::Stream, {});
  const auto frame =
      full ? wire::CreateStateFrameDirect(builder, &head, nullptr, &columns, nullptr, nullptr, 17, &events, 961)
           : wire::CreateStateFrameDirect(builder, &head, nullptr, &columns);
  builder.Finish(frame, "TRF1");
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(FrameHead, is_read_without_the_rest) {
  const auto facts = read_frame_facts(make_frame(true));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->tick, 1'000U);
  EXPECT_EQ(facts->base(), 960U);
  EXPECT_EQ(facts->kind, wire::FrameKind::CatchUp);
  EXPECT_EQ(facts->event_first, 17U);
  EXPECT_EQ(facts->events, 2U);
  EXPECT_EQ(facts->complete_tick(), 961U);
}

TEST(FrameHead, of_a_plain_frame_has_no_events_and_is_complete_at_its_tick) {
  const auto facts = read_frame_facts(make_frame(false));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->events, 0U);
  EXPECT_EQ(facts->complete_tick(), 1'000U);
}

TEST(FrameHead, span_zero_or_above_the_tick_is_base_zero) {
  EXPECT_EQ((FrameFacts{.tick = 5, .span = 0}).base(), 0U);
  EXPECT_EQ((FrameFacts{.tick = 5, .span = 5}).base(), 0U);
  EXPECT_EQ((FrameFacts{.tick = 5, .span = 9}).base(), 0U);
}

TEST(FrameHead, never_leaves_the_message) {
  const std::vector<std::uint8_t> frame = make_frame(true);
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes) {
    const std::vector<std::uint8_t> cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(bytes));
    (void)read_frame_facts(cut);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> broken = frame;
    for (int i = 0; i < 3; ++i) broken[random() % 48] = static_cast<std::uint8_t>(random());
    (void)read_frame_facts(broken);
  }
}

TEST(FrameHead, kinds_are_told_by_the_identifier) {
  const std::vector<std::uint8_t> frame = make_frame(false);
  EXPECT_EQ(kind_of(frame), MessageKind::frame);
  EXPECT_EQ(kind_of(std::vector<std::uint8_t>{4, 0, 0, 0, 'T', 'R', 'M', '1'}), MessageKind::message);
  EXPECT_EQ(kind_of(std::vector<std::uint8_t>{4, 0, 0, 0, 'N', 'O', 'P', 'E'}), MessageKind::unknown);
  EXPECT_EQ(kind_of(std::vector<std::uint8_t>{4, 0, 0}), MessageKind::unknown);
}

}  // namespace
}  // namespace tickrelay::bench
