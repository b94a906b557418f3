#include "bench/load/metrics.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace tickrelay::bench {
namespace {

constexpr std::string_view lateness_name = "tickrelay_tick_lateness_seconds_bucket{";
constexpr std::string_view skipped_name = "tickrelay_ticks_skipped_total";

double number_after(std::string_view line, std::size_t place) {
  return std::strtod(std::string(line.substr(place)).c_str(), nullptr);
}

void parse_line(std::string_view line, TickMetrics& metrics) {
  if (line.starts_with(skipped_name)) {
    metrics.ticks_skipped += number_after(line, line.rfind(' '));
  } else if (line.starts_with(lateness_name)) {
    const std::size_t bound = line.find("le=\"");
    if (bound == std::string_view::npos) return;
    const std::string_view upper = line.substr(bound + 4);
    const bool last = upper.starts_with("+Inf");
    metrics.lateness.push_back(
        {last ? std::numeric_limits<double>::infinity() : number_after(upper, 0), number_after(line, line.rfind(' '))});
  }
}

bool send_all(int socket, std::string_view text) {
  return send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string receive_all(int socket) {
  std::string text;
  std::array<char, 16'384> part;
  for (;;) {
    const ssize_t count = recv(socket, part.data(), part.size(), 0);
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

TickMetrics parse_tick_metrics(std::string_view text) {
  TickMetrics metrics;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    parse_line(text.substr(0, end), metrics);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return metrics;
}

TickMetrics difference(const TickMetrics& before, const TickMetrics& after) {
  TickMetrics result = after;
  result.ticks_skipped -= before.ticks_skipped;
  if (before.lateness.size() != after.lateness.size()) return result;
  for (std::size_t i = 0; i < after.lateness.size(); ++i) result.lateness[i].count -= before.lateness[i].count;
  return result;
}

double metric(std::string_view page, std::string_view name) {
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(' ')) return number_after(line, name.size());
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
  }
  return 0;
}

double lateness_quantile_s(const TickMetrics& metrics, double share) {
  if (metrics.lateness.empty() || metrics.lateness.back().count <= 0) return 0;
  const double wanted = share * metrics.lateness.back().count;
  double lower_s = 0, below = 0;
  for (const TickMetrics::Bucket& bucket : metrics.lateness) {
    if (bucket.count >= wanted && bucket.count > below) {
      if (std::isinf(bucket.upper_s)) return lower_s;
      return lower_s + (bucket.upper_s - lower_s) * (wanted - below) / (bucket.count - below);
    }
    lower_s = bucket.upper_s, below = bucket.count;
  }
  return lower_s;
}

std::optional<std::string> http_get(const Endpoint& endpoint) {
  const int socket = connect_socket(endpoint, 0);
  if (socket < 0) return std::nullopt;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request =
      "GET " + endpoint.path + " HTTP/1.0\r\nHost: " + endpoint.host + "\r\nConnection: close\r\n\r\n";
  const std::string answer = send_all(socket, request) ? receive_all(socket) : "";
  close(socket);
  const std::size_t body = answer.find("\r\n\r\n");
  if (body == std::string::npos || answer.find(" 200 ") > answer.find("\r\n")) return std::nullopt;
  return answer.substr(body + 4);
}

}  // namespace tickrelay::bench
