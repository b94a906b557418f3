#include "relay/run/queue.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace tickrelay {
namespace {

TEST(Queue, refuses_above_its_bound_and_leaves_the_item) {
  Queue<std::vector<int>> queue(2);
  Queue<std::vector<int>>::Sender sender(queue);
  EXPECT_TRUE(sender.send({1}));
  EXPECT_TRUE(sender.send({2}));
  std::vector<int> third{3};
  EXPECT_FALSE(sender.send(std::move(third)));
  EXPECT_EQ(third, (std::vector<int>{3}));
  sender.send_always({4});
  EXPECT_EQ(queue.depth(), 3U);
  std::array<std::vector<int>, 8> out;
  EXPECT_EQ(queue.receive(out), 3U);
  EXPECT_EQ(out[2], (std::vector<int>{4}));
  EXPECT_EQ(queue.depth(), 0U);
}

TEST(Queue, keeps_the_order_of_each_sender) {
  struct Item {
    int sender = 0, number = 0;
  };
  constexpr int count = 20'000;
  Queue<Item> queue(1 << 20);
  std::vector<std::jthread> threads;
  for (int s = 0; s < 3; ++s)
    threads.emplace_back([&queue, s] {
      Queue<Item>::Sender sender(queue);
      for (int i = 0; i < count; ++i) sender.send_always({s, i});
    });
  std::array<int, 3> next{};
  std::array<Item, 64> out;
  for (int left = 3 * count; left > 0;) {
    const std::size_t got = queue.receive(out);
    for (std::size_t i = 0; i < got; ++i) ASSERT_EQ(out[i].number, next[static_cast<std::size_t>(out[i].sender)]++);
    left -= static_cast<int>(got);
  }
  EXPECT_EQ(queue.depth(), 0U);
}

}  // namespace
}  // namespace tickrelay
