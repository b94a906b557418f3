#include "relay/run/trace.h"

#include <pthread.h>

#include <chrono>

#include "relay/core/check.h"
#include "relay/log.h"
#include "relay/run/trace_file.h"

namespace tickrelay {
namespace {

constexpr std::chrono::milliseconds write_every(20);

}  // namespace

Trace::Trace(Options options) : options_(std::move(options)) {}

Trace::~Trace() { stop(); }

bool Trace::open(std::string& error) {
    file_ = std::make_unique<TraceFile>(options_.bytes_max, options_.clock());
    return file_->open(options_.path, error);
}

TraceTrack& Trace::worker(std::uint32_t index) { return track("worker-" + std::to_string(index), worker_thread(index)); }
TraceTrack& Trace::loop(std::uint32_t index) { return track("loop-" + std::to_string(index), loop_thread(index)); }

TraceTrack& Trace::track(std::string name, std::uint32_t thread) {
    file_->name_thread(thread, name);
    tracks_.push_back(std::make_unique<TraceTrack>(std::move(name), thread));
    return *tracks_.back();
}

void Trace::start() {
    CHECK(file_ != nullptr && !thread_.joinable());
    log::info("a trace is written", {{"file", options_.path}, {"bytes_max", options_.bytes_max}});
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "trace");
        while (!stopping_.load()) {
            write();
            std::this_thread::sleep_for(write_every);
        }
    });
}

void Trace::stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    thread_.join();
    write();
    log::info("the trace is complete", {{"file", options_.path}, {"bytes", file_->bytes()}, {"spans", file_->spans()}, {"left_out", left_out()}});
}

void Trace::write() {
    for (const auto& track : tracks_)
        track->take([&](const TraceSpan& span) {
            if (!file_->add(track->thread(), span)) ++no_room_;
        });
    if (!file_->write(left_out())) log::error("the trace cannot be written, and ends here", {{"file", options_.path}});
}

std::uint64_t Trace::left_out() const {
    std::uint64_t sum = no_room_;
    for (const auto& track : tracks_) sum += track->left_out();
    return sum;
}

}  // namespace tickrelay
