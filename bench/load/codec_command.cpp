#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "bench/load/codec.h"
#include "bench/load/commands.h"

namespace tickrelay::bench {
namespace {

struct CodecFlags {
  std::vector<std::string> files;
  std::string codec = "packed", out;
};

double rounded(double value) { return std::round(value * 100) / 100; }

Json trace_json(const std::string& file, const std::string& codec, const CodecFigures& figures) {
  return {{"file", std::filesystem::path(file).filename().string()},
          {"codec", codec},
          {"ticks", figures.ticks},
          {"entities_per_tick", rounded(figures.entities_per_tick)},
          {"changed_per_tick", rounded(figures.changed_per_tick)},
          {"payload_bytes_per_tick", rounded(figures.payload_bytes_per_tick)},
          {"message_bytes_per_tick", rounded(figures.message_bytes_per_tick)},
          {"catch_up_bytes_per_tick", rounded(figures.catch_up_bytes_per_tick)},
          {"encode_us_per_tick", rounded(figures.encode_us_per_tick)},
          {"encode_ns_per_unchanged", rounded(figures.encode_ns_per_unchanged)},
          {"decode_us_per_tick", rounded(figures.decode_us_per_tick)},
          {"verified", figures.verified}};
}

void print_head() {
  std::printf("%-20s %-7s %6s %8s %8s %8s %8s %8s %9s %9s %9s\n", "file", "codec", "ticks", "entities", "changed",
              "payload", "message", "catch-up", "encode", "unchanged", "decode");
  std::printf("%-20s %-7s %6s %8s %8s %8s %8s %8s %9s %9s %9s\n", "", "", "", "a tick", "a tick", "B/tick", "B/tick",
              "B/tick", "us/tick", "ns/entity", "us/tick");
}

void print_line(const Json& trace) {
  const auto number = [&](const char* key) { return trace[key].get<double>(); };
  std::printf("%-20s %-7s %6.0f %8.1f %8.1f %8.1f %8.1f %8.1f %9.2f %9.2f %9.2f%s\n",
              trace["file"].get<std::string>().c_str(), trace["codec"].get<std::string>().c_str(), number("ticks"),
              number("entities_per_tick"), number("changed_per_tick"), number("payload_bytes_per_tick"),
              number("message_bytes_per_tick"), number("catch_up_bytes_per_tick"), number("encode_us_per_tick"),
              number("encode_ns_per_unchanged"), number("decode_us_per_tick"),
              trace["verified"].get<bool>() ? "" : "  NOT VERIFIED");
  std::fflush(stdout);
}

int execute(CodecFlags& flags) {
  const auto codec = flags.codec == "packed" ? wire::Codec::Packed : wire::Codec::Plain;
  Json report{{"traces", Json::array()}};
  bool verified = true;
  print_head();
  for (const std::string& file : flags.files) {
    const CodecFigures figures = measure_codec(load_recording(file), codec);
    report["traces"].push_back(trace_json(file, flags.codec, figures));
    print_line(report["traces"].back());
    if (!figures.verified)
      std::fprintf(stderr, "tickrelay-bench: what was decoded of %s is not what was recorded\n", file.c_str());
    verified &= figures.verified;
  }
  write_report(flags.out, report);
  return verified ? exit_ok : exit_failed;
}

}  // namespace

Command add_codec(CommandLine& app) {
  auto flags = std::make_shared<CodecFlags>();
  app.add("TRACE", flags->files, "recordings: .gsr or .gsr.xz").required();
  app.add("--codec", flags->codec, "which one").among({"packed", "plain"}).shown();
  app.add("--out", flags->out, "the report as JSON");
  return [flags] { return execute(*flags); };
}

}  // namespace tickrelay::bench
