#include "bench/peers/runs.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "bench/peers/measure.h"

namespace tickrelay::bench {
namespace {

bool matches(const Json& run, const RunChoice& choice) {
  const auto same = [&](const char* name, std::uint32_t wanted) {
    return wanted == 0 || run.value(name, 0U) == wanted;
  };
  return run.value("series", "") == choice.series && (choice.peer.empty() || run.value("peer", "") == choice.peer) &&
         same("rooms", choice.rooms) && same("players", choice.players) && same("rate", choice.rate_hz);
}

}  // namespace

Runs Runs::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Runs runs;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    runs.runs_.push_back(Json::parse(line, nullptr, false));
    if (!runs.runs_.back().is_object()) throw std::runtime_error("a line of " + path + " is no run");
  }
  return runs;
}

Runs Runs::chosen(const RunChoice& choice) const {
  Runs found;
  for (const Json& run : runs_) {
    if (matches(run, choice) && !run.contains("failed")) found.runs_.push_back(run);
  }
  return found;
}

Runs Runs::calm() const {
  Runs found;
  for (const Json& run : runs_) {
    if (!disturbed(run)) found.runs_.push_back(run);
  }
  return found.empty() ? *this : found;
}

std::vector<double> Runs::figures(const std::string& pointer) const {
  const Json::json_pointer place(pointer);
  std::vector<double> found;
  for (const Json& run : runs_) {
    if (run.contains(place) && run.at(place).is_number()) found.push_back(run.at(place).get<double>());
  }
  return found;
}

double Runs::median(const std::string& pointer) const { return median_of(figures(pointer)); }

double Runs::largest(const std::string& pointer) const {
  const std::vector<double> values = figures(pointer);
  return values.empty() ? NAN : *std::ranges::max_element(values);
}

double Runs::smallest(const std::string& pointer) const {
  const std::vector<double> values = figures(pointer);
  return values.empty() ? NAN : *std::ranges::min_element(values);
}

double Runs::median_ratio(const std::string& pointer, const Runs& to) const {
  const Json::json_pointer place(pointer);
  std::vector<double> ratios;
  for (const Json& run : runs_) {
    for (const Json& other : to.runs_) {
      if (run.at("round") != other.at("round") || !run.contains(place) || !other.contains(place)) continue;
      if (other.at(place).get<double>() > 0)
        ratios.push_back(run.at(place).get<double>() / other.at(place).get<double>());
    }
  }
  return median_of(std::move(ratios));
}

double median_of(std::vector<double> values) {
  if (values.empty()) return NAN;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace tickrelay::bench
