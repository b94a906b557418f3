#include "bench/load/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace tickrelay::bench {
namespace {

constexpr double width = 760;
constexpr double bar_height = 15, bar_gap = 3, group_gap = 16;
constexpr double title_height = 34, legend_row = 20;
constexpr double plot_height = 260;
constexpr double letter_width = 6.6;  // of the 12 px font, about
constexpr int ticks_wanted = 5;

// Told apart by those who see few colours, too (Okabe and Ito); the same on light and dark.
constexpr std::array<std::string_view, 8> colours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                  "#56b4e9", "#d55e00", "#8c8c8c", "#b8a900"};

std::string format(const char* pattern, auto... values) {
  char text[400];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string number(double value) {
  const double size = std::abs(value);
  return format(size == 0 || size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.3f", value);
}

std::string label(double x, double y, const char* anchor, const std::string& text, const char* kind = "") {
  return format(R"(<text x="%.1f" y="%.1f" text-anchor="%s"%s>)", x, y, anchor, kind) + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2) {
  return format("<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1, y1, x2, y2);
}

std::string frame(const std::string& title, double height, const std::string& inside) {
  return format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label=")", width,
                height) +
         escaped(title) +
         "\">\n<style>svg{font:12px system-ui,sans-serif;max-width:760px}text{fill:#24292f}.title{font-size:15px;"
         "font-weight:600}.grid{stroke:#d0d7de}.paper{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#e6edf3}"
         ".grid{stroke:#3d444d}.paper{fill:#0d1117}}</style>\n" +
         format("<rect class=\"paper\" width=\"%.0f\" height=\"%.0f\"/>\n", width, height) +
         label(12, 22, "start", title, " class=\"title\"") + inside + "</svg>\n";
}

// A round distance between about five marks.
double tick_distance(double span) {
  if (!(span > 0)) return 1;
  const double rough = span / ticks_wanted, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (rough <= step * power) return step * power;
  }
  return 10 * power;
}

// Returns the legend; `y` moves below it.
template <class Series>
std::string legend(const std::vector<Series>& series, double& y) {
  if (series.size() < 2) return "";
  std::string text;
  double x = 12;
  y += 10;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const double needed = 24 + letter_width * static_cast<double>(series[i].name.size()) + 14;
    if (x + needed > width && x > 12) x = 12, y += legend_row;
    text += format("<rect x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\" rx=\"2\" fill=\"%s\"/>\n", x, y - 10,
                   colours[i % colours.size()].data());
    text += label(x + 16, y, "start", series[i].name);
    x += needed;
  }
  y += 12;
  return text;
}

double largest_value(const BarChart& chart) {
  double largest = 0;
  for (const auto& series : chart.series) {
    for (const double value : series.values) largest = std::max(largest, value);
  }
  return largest > 0 ? largest : 1;
}

struct Axis {
  double low, high, begin, end;
  bool log = false;
  double at(double value) const {
    const double share = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return begin + share * (end - begin);
  }
};

// 1, 2 and 5 of each power of ten, or the powers alone.
std::vector<double> log_marks(const Axis& x) {
  std::vector<double> marks;
  const bool all = x.high / x.low < 1'001;
  for (double power = std::pow(10, std::floor(std::log10(x.low))); power <= x.high; power *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      if (step * power >= x.low && step * power <= x.high && (all || step == 1.0)) marks.push_back(step * power);
    }
  }
  return marks;
}

Axis axis(double low, double high, double begin, double end) {
  const double distance = tick_distance(high - low);
  return {std::floor(low / distance) * distance, std::max(std::ceil(high / distance) * distance, low + distance), begin,
          end};
}

// Marks of both axes with their grid.
std::string grid(const Axis& x, const Axis& y) {
  std::string text;
  const double step_x = tick_distance(x.high - x.low), step_y = tick_distance(y.high - y.low);
  for (double value = y.low; value <= y.high + step_y / 2; value += step_y) {
    text += line(x.begin, y.at(value), x.end, y.at(value)) +
            label(x.begin - 6, y.at(value) + 4, "end", format("%g", value));
  }
  if (x.log) {
    for (const double mark : log_marks(x)) text += label(x.at(mark), y.begin + 18, "middle", format("%g", mark));
    return text;
  }
  for (double value = std::ceil(x.low / step_x) * step_x; value <= x.high; value += step_x) {
    text += label(x.at(value), y.begin + 18, "middle", format("%g", value));
  }
  return text;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += letter;
    }
  }
  return result;
}

std::string svg(const BarChart& chart) {
  double y = title_height;
  std::string text = legend(chart.series, y);
  std::size_t longest = 0;
  for (const std::string& group : chart.groups) longest = std::max(longest, group.size());
  const double left = 20 + letter_width * static_cast<double>(longest), right = width - 80;
  const double scale = (right - left) / largest_value(chart);
  for (std::size_t group = 0; group < chart.groups.size(); ++group) {
    const double rows = static_cast<double>(chart.series.size()) * (bar_height + bar_gap);
    text += label(left - 8, y + rows / 2 + 3, "end", chart.groups[group]);
    for (std::size_t i = 0; i < chart.series.size(); ++i, y += bar_height + bar_gap) {
      const double value = group < chart.series[i].values.size() ? chart.series[i].values[group] : -1;
      if (value < 0) continue;
      text += format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" rx=\"2\" fill=\"%s\"/>\n", left, y,
                     std::max(value * scale, 1.0), bar_height, colours[i % colours.size()].data());
      text += label(left + value * scale + 5, y + bar_height - 3, "start", number(value) + " " + chart.unit);
    }
    y += chart.series.size() > 1 ? group_gap : bar_gap;
  }
  return frame(chart.title, y + 8, text);
}

std::string svg(const LineChart& chart) {
  double y = title_height;
  std::string text = legend(chart.series, y);
  double x_low = INFINITY, x_high = -INFINITY, y_high = 0;
  for (const auto& series : chart.series) {
    for (const auto& [at, value] : series.points) {
      x_low = std::min(x_low, at), x_high = std::max(x_high, at), y_high = std::max(y_high, value);
    }
  }
  if (!(x_low < x_high)) x_low = std::isfinite(x_low) ? x_low - 1 : 0, x_high = x_low + 2;
  text += label(12, y + 14, "start", chart.y_label);
  const double top = y + 24, bottom = top + plot_height;
  const Axis across{x_low, x_high, 62, width - 24, chart.log_x && x_low > 0};
  const Axis up = axis(0, y_high > 0 ? y_high : 1, bottom, top);
  text += grid(across, up) + label(across.end, bottom + 36, "end", chart.x_label);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const char* colour = colours[i % colours.size()].data();
    std::string points;
    if (chart.series[i].dots) {
      for (const auto& [at, value] : chart.series[i].points)
        text += format("<circle fill=\"none\" stroke-width=\"2\" stroke=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", colour, across.at(at), up.at(value));
      continue;
    }
    for (const auto& [at, value] : chart.series[i].points) points += format("%.1f,%.1f ", across.at(at), up.at(value));
    text +=
        format(R"(<polyline fill="none" stroke-width="2" stroke="%s" points=")", colour) +
        points + "\"/>\n";
  }
  return frame(chart.title, bottom + 46, text);
}

}  // namespace tickrelay::bench
