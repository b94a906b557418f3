#include "bench/load/report.h"

namespace tickrelay::bench {
namespace {

std::string number_text(double value) { return Json(value).dump(); }

}  // namespace

std::vector<Target> known_targets() {
  return {{"--max-p50-ms", "/latency_ms/p50", {}},
          {"--max-p99-ms", "/latency_ms/p99", {}},
          {"--max-p99-9-ms", "/latency_ms/p99_9", {}},
          {"--max-beyond-tick-p99-ms", "/latency_beyond_tick_ms/p99", {}},
          {"--max-state-age-p99-ms", "/state_age_ms/p99", {}},
          {"--max-slow-state-age-p99-ms", "/slow/state_age_ms/p99", {}},
          {"--max-late-frames", "/frames/late", {}},
          {"--max-missing-frames", "/frames/missing", {}},
          {"--max-bytes-per-update", "/bytes/per_entity_update", {}},
          {"--max-cpu-us-per-frame", "/server/cpu_us_per_frame", {}},
          {"--max-cpu-s-per-s", "/server/cpu_s_per_s", {}},
          {"--max-rss-kib", "/server/rss_kib", {}},
          {"--max-ticks-skipped", "/server/ticks_skipped", {}}};
}

std::vector<std::string> missed_targets(const Json& report, const std::vector<Target>& targets) {
  std::vector<std::string> missed;
  for (const Target& target : targets) {
    if (!target.limit) continue;
    const Json::json_pointer pointer(target.pointer);
    if (!report.contains(pointer)) {
      missed.push_back(target.flag + ": the server does not tell");
    } else if (report[pointer].get<double>() > *target.limit) {
      missed.push_back(target.flag + " " + number_text(*target.limit) + ": it was " + report[pointer].dump());
    }
  }
  return missed;
}

}  // namespace tickrelay::bench
