#include "bench/fleet/engine_limits.h"

#include <atomic>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/load/histogram.h"
#include "relay/fleet/nats.h"

namespace tickrelay::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t patience_ms = 5'000;
constexpr int threads_count = 16, batch = 256, rooms = 1'024;
constexpr std::int64_t stream_bytes_max = 256LL << 20;

double seconds_since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

std::uint64_t put(Nats& nats, const std::string& bucket, const std::string& key, std::uint64_t expected) {
  std::uint64_t revision = 0;
  if (nats.put(bucket, key, std::string(160, 'x'), expected, revision, patience_ms) != Nats::Wrote::done)
    throw std::runtime_error("JetStream does not take a key");
  return revision;
}

}  // namespace

EngineLimits measure_engine(const std::string& servers, double checkpoint_bytes, double seconds) {
  NatsSettings settings;
  settings.name = "tickrelay-fleet";
  std::istringstream urls(servers);
  for (std::string url; std::getline(urls, url, ',');) settings.servers.push_back(url);
  Nats nats;
  if (const auto error = nats.connect(settings)) throw std::runtime_error(*error);
  const std::string bucket = "tickrelay_bench_" + std::to_string(Clock::now().time_since_epoch().count());
  if (const auto error = nats.open_bucket(bucket)) throw std::runtime_error(*error);
  if (const auto error = nats.open_stream(bucket + "_stream", bucket + ".>", true, stream_bytes_max, 0)) throw std::runtime_error(*error);

  EngineLimits limits{.checkpoint_bytes = checkpoint_bytes};
  Histogram took;
  std::uint64_t revision = 0;
  for (const auto from = Clock::now(); seconds_since(from) < seconds;) {
    const auto sent = Clock::now();
    revision = put(nats, bucket, "one", revision);
    took.add(std::chrono::nanoseconds(Clock::now() - sent).count());
  }
  limits.put_p50_us = static_cast<double>(took.quantile_ns(0.5)) / 1e3;
  limits.put_p99_us = static_cast<double>(took.quantile_ns(0.99)) / 1e3;

  std::atomic<std::uint64_t> puts{0};
  std::atomic<bool> failed{false};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < threads_count; ++i)
      threads.emplace_back([&, i] {
        std::uint64_t last = 0;
        for (const auto from = Clock::now(); seconds_since(from) < seconds && !failed; ++puts) {
          std::uint64_t wrote = 0;
          if (nats.put(bucket, "t" + std::to_string(i), std::string(160, 'x'), last, wrote, patience_ms) != Nats::Wrote::done) failed = true;
          last = wrote;
        }
      });
  }
  if (failed) throw std::runtime_error("JetStream does not take keys from sixteen threads");
  limits.puts_per_s = static_cast<double>(puts) / seconds;

  std::uint64_t taken = 0, room = 0;
  const auto from = Clock::now();
  while (seconds_since(from) < seconds) {
    std::vector<Nats::Message> messages;
    for (int i = 0; i < batch; ++i)
      messages.push_back({.subject = bucket + "." + std::to_string(++room % rooms), .bytes = std::string(static_cast<std::size_t>(checkpoint_bytes), 'x'), .id = {}});
    for (const bool has : nats.publish(messages, patience_ms)) taken += has ? 1 : 0;
  }
  limits.checkpoints_per_s = static_cast<double>(taken) / seconds_since(from);
  return limits;
}

}  // namespace tickrelay::bench
