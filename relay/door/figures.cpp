#include "relay/door/figures.h"

#include <nlohmann/json.hpp>
#include <vector>

namespace tickrelay {

using nlohmann::json;

namespace {

json histogram(const HistogramTotal& total) {
    const auto end = total.counts.begin() + static_cast<std::ptrdiff_t>(total.bounds_s.size()) + 1;
    return {{"bounds_s", std::vector<double>(total.bounds_s.begin(), total.bounds_s.end())},
            {"counts", std::vector<std::uint64_t>(total.counts.begin(), end)},
            {"sum_s", total.sum_s}};
}

template <typename Numbers, typename LabelOf>
json by(const Numbers& numbers, LabelOf&& label_of) {
    json object = json::object();
    for (std::size_t i = 0; i < numbers.size(); ++i) object[std::string(label_of(i))] = numbers[i];
    return object;
}

}  // namespace

json figures_to_json(const StatsTotals& totals, const ProcessFigures& process) {
    const auto sent = [](std::size_t i) { return sent_kinds[i]; };
    return {{"rooms", totals.rooms},
            {"players", totals.players},
            {"connections", totals.connections},
            {"shields", totals.shields},
            {"rooms_slowed", totals.rooms_slowed},
            {"workers_stuck", totals.workers_stuck},
            {"headroom", totals.headroom},
            {"ticks", totals.ticks},
            {"ticks_skipped", totals.ticks_skipped},
            {"frames_superseded", totals.frames_superseded},
            {"bytes_received", totals.bytes_received},
            {"frames_sent", by(totals.frames_sent, sent)},
            {"bytes_sent", by(totals.bytes_sent, sent)},
            {"messages_received", by(totals.messages_received, [](std::size_t i) { return received_kinds[i]; })},
            {"resumes", by(totals.resumes, [](std::size_t i) { return resume_results[i]; })},
            {"queue_depth", by(totals.queue_depth, [](std::size_t i) { return queue_kinds[i]; })},
            {"refused", by(totals.refused, reason_label)},
            {"closed", by(totals.closed, reason_label)},
            {"tick_duration", histogram(totals.tick_duration)},
            {"tick_lateness", histogram(totals.tick_lateness)},
            {"state_age", histogram(totals.state_age)},
            {"process",
             {{"cpu_s", process.cpu_s},
              {"resident_bytes", process.resident_bytes},
              {"open_fds", process.open_fds},
              {"fds_max", process.fds_max},
              {"threads", process.threads}}}};
}

}  // namespace tickrelay
