#include "bench/fleet/onlooker.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/load/machine.h"
#include "bench/load/process_stats.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t age_every_ns = 490 * ms_ns;

double thousandths(double value) { return std::round(value * 1e3) / 1e3; }

Json ages_json(const std::vector<double>& ages_s) {
  const double sum_s = std::accumulate(ages_s.begin(), ages_s.end(), 0.0);
  return {{"mean", thousandths(sum_s / static_cast<double>(ages_s.size()) * 1e3)}, {"max", thousandths(std::ranges::max(ages_s) * 1e3)}};
}

}  // namespace

void Onlooker::opened(std::int64_t begin_ns, std::int64_t end_ns) {
  for (const auto& each : spectators_) each->open(begin_ns, end_ns);
  window_s_ = static_cast<double>(end_ns - begin_ns) * 1e-9;
  for (std::size_t i = 0; i < before_.size(); ++i) before_[i] = fleet_.node(i).read();
  busy_ns_ = -busy_ns();
  nats_ns_ = -process_cpu_ns(fleet_.nats_process());
  sampling_ = std::jthread([this](const std::stop_token& stop) { sample_ages(stop); });
}

void Onlooker::closed() {
  for (std::size_t i = 0; i < after_.size(); ++i) after_[i] = fleet_.node(i).read();
  busy_ns_ += busy_ns();
  nats_ns_ += process_cpu_ns(fleet_.nats_process());
  sampling_.request_stop();
}

void Onlooker::sample_ages(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (std::size_t i = 0; i < ages_s_.size(); ++i) {
      const auto page = http_get(*fleet_.node(i).metrics());
      if (page && metric(*page, "tickrelay_mirrors") > 0) ages_s_[i].push_back(metric(*page, "tickrelay_mirror_age_seconds"));
    }
    sleep_until_ns(now_ns() + age_every_ns);
  }
}

Json Onlooker::relays() {
  if (sampling_.joinable()) sampling_.join();
  Json all = Json::array();
  for (std::size_t i = 0; i < before_.size(); ++i) all.push_back(relay(i, before_[i].get(), after_[i].get()));
  return all;
}

// Its ticks are those of all rooms there: the mirror's too.
Json Onlooker::relay(std::size_t number, const ServerReading& before, const ServerReading& after) const {
  const auto per_s = [&](const char* name) { return thousandths((metric(after.page, name) - metric(before.page, name)) / window_s_); };
  Json json{{"node", fleet_.name(number)},
            {"has_room", number == 0},
            {"cpu_s_per_s", thousandths(static_cast<double>(after.cpu_ns - before.cpu_ns) * 1e-9 / window_s_)},
            {"rss_kib", after.rss_kib}};
  if (before.ticks && after.ticks) {
    const TickMetrics ticks = difference(*before.ticks, *after.ticks);
    json["ticks_skipped"] = ticks.ticks_skipped;
    json["tick_lateness_ms"] = {{"p50", thousandths(lateness_quantile_s(ticks, 0.5) * 1e3)}, {"p99", thousandths(lateness_quantile_s(ticks, 0.99) * 1e3)}};
    json["publications_per_s"] = per_s("tickrelay_publications_total");
    json["publication_bytes_per_s"] = per_s("tickrelay_publication_bytes_total");
  }
  if (!ages_s_[number].empty()) json["mirror_age_ms"] = ages_json(ages_s_[number]);
  return json;
}

Json Onlooker::machine() const {
  return {{"cpus", std::thread::hardware_concurrency()},
          {"busy_cpus", thousandths(static_cast<double>(busy_ns_) * 1e-9 / window_s_)},
          {"nats_cpu_s_per_s", thousandths(static_cast<double>(nats_ns_) * 1e-9 / window_s_)}};
}

}  // namespace tickrelay::bench
