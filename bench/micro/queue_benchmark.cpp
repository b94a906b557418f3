// A hop between threads: into a queue and out of it, alone and from another thread.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "relay/run/queue.h"

namespace tickrelay::bench {
namespace {

constexpr std::size_t depth_max = 65'536;
constexpr std::size_t batch = 256;

using Item = std::unique_ptr<int>;

void queue_hop(benchmark::State& state) {
  Queue<Item> queue(depth_max);
  Queue<Item>::Sender sender(queue);
  std::array<Item, batch> taken;
  Item item = std::make_unique<int>(1);
  for (auto _ : state) {
    sender.send(std::move(item));
    queue.receive(taken);
    item = std::move(taken[0]);
  }
}

// What a worker drains in bulk, sent by another thread as fast as it can.
void queue_drain(benchmark::State& state) {
  Queue<int> queue(depth_max);
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    Queue<int>::Sender sender(queue);
    for (int i = 0; !stop; ++i) {
      if (!sender.send(int{i})) std::this_thread::yield();
    }
  });
  std::array<int, batch> taken;
  std::int64_t items = 0;
  for (auto _ : state) items += static_cast<std::int64_t>(queue.receive(taken));
  stop = true;
  producer.join();
  state.SetItemsProcessed(items);
}

BENCHMARK(queue_hop);
BENCHMARK(queue_drain)->UseRealTime();

}  // namespace
}  // namespace tickrelay::bench
