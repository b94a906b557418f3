#include "relay/run/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "relay/core/utf8.h"

namespace tickrelay {
namespace {

constexpr std::size_t tail_bytes_max = 128;
constexpr std::size_t buffer_kept_max = 1U << 20;

struct Names {
    std::string_view span;
    std::array<std::string_view, 2> figures;  // those that end in _us are of ns
};

constexpr std::array<Names, 6> names = {{{"inputs", {"messages", "waited_us"}},
                                         {"tick", {"tick", "late_us"}},
                                         {"encode", {"frames", "bytes"}},
                                         {"wait", {"", ""}},
                                         {"pass", {"connections", "bytes"}},
                                         {"write", {"connections", "bytes"}}}};

void append(std::string& to, std::uint64_t value, int base = 10) {
    char text[24];
    to.append(text, std::to_chars(text, text + sizeof text, value, base).ptr);
}

// Microseconds, to the nanosecond.
void append_us(std::string& to, std::int64_t ns) {
    if (ns < 0) to += '-';
    const std::uint64_t size = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
    append(to, size / 1000);
    const auto rest = static_cast<char>('0' + size % 10);
    to += '.';
    to += static_cast<char>('0' + size / 100 % 10);
    to += static_cast<char>('0' + size / 10 % 10);
    to += rest;
}

void append_quoted(std::string& to, std::string_view text) {
    const bool readable = is_utf8(text);
    to += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            to.append(1, '\\').append(1, c);
        else
            to += byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable) ? '?' : c;
    }
    to += '"';
}

}  // namespace

TraceFile::~TraceFile() {
    if (file_ >= 0) ::close(file_);
}

bool TraceFile::open(const std::string& path, std::string& error) {
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0) {
        error = "cannot write the trace " + path + ": " + std::strerror(errno);
        return false;
    }
    buffer_ = R"({"displayTimeUnit":"ns","traceEvents":[)"
              "\n"
              R"({"ph":"M","name":"process_name","pid":1,"args":{"name":"tickrelay"}})";
    return true;
}

void TraceFile::name_thread(std::uint32_t thread, std::string_view name) {
    for (const std::string_view what : {"thread_name", "thread_sort_index"}) {
        buffer_ += ",\n{\"ph\":\"M\"";
        text("name", what);
        number("pid", 1);
        number("tid", thread);
        buffer_ += ",\"args\":{";
        if (what == "thread_name")
            buffer_ += "\"name\":", append_quoted(buffer_, name);
        else
            buffer_ += "\"sort_index\":", append(buffer_, thread);
        buffer_ += "}}";
    }
}

bool TraceFile::add(std::uint32_t thread, const TraceSpan& span) {
    const std::size_t before = buffer_.size();
    if (span.kind == TraceSpan::Kind::wait) {
        add_wait(thread, span);
    } else {
        const Names& name = names[static_cast<std::size_t>(span.kind)];
        begin('X', name.span, thread, span.begin_ns);
        time("dur", span.end_ns - span.begin_ns);
        buffer_ += ",\"args\":{\"";
        for (std::size_t i = 0; i < name.figures.size(); ++i) {
            if (i != 0) buffer_ += ",\"";
            buffer_.append(name.figures[i]) += "\":";
            if (name.figures[i].ends_with("_us"))
                append_us(buffer_, static_cast<std::int64_t>(span.figures[i]));
            else
                append(buffer_, span.figures[i]);
        }
        if (span.room.bytes != 0) text("room", span.room.view());
        buffer_ += "}}";
        if (span.batch != 0) {  // where the arrow from its tick ends
            begin('f', "frames", thread, span.begin_ns);
            buffer_ += R"(,"cat":"frames","bp":"e")";
            id(span.batch);
            buffer_ += '}';
        }
    }
    if (failed_ || at_ + buffer_.size() + tail_bytes_max > bytes_max_) {
        buffer_.resize(before);
        return false;
    }
    ++spans_;
    return true;
}

// In a queue many wait at once: a track of its own for each pair of threads, and an arrow from the tick to the write.
void TraceFile::add_wait(std::uint32_t thread, const TraceSpan& span) {
    const auto worker = static_cast<std::uint32_t>(span.figures[1]);
    begin('s', "frames", worker, span.begin_ns);
    buffer_ += R"(,"cat":"frames")";
    id(span.figures[0]);
    buffer_ += '}';
    for (const char phase : {'b', 'e'}) {
        begin(phase, "wait", thread, phase == 'b' ? span.begin_ns : span.end_ns);
        buffer_ += R"(,"cat":"queue")";
        id(span.figures[0]);
        buffer_ += ",\"args\":{\"worker\":";
        append(buffer_, worker);
        text("room", span.room.view());
        buffer_ += "}}";
    }
}

void TraceFile::begin(char phase, std::string_view name, std::uint32_t thread, std::int64_t at_ns) {
    buffer_.append(",\n{\"ph\":\"") += phase;
    buffer_ += '"';
    text("name", name);
    number("pid", 1);
    number("tid", thread);
    time("ts", at_ns - zero_ns_);
}

void TraceFile::time(std::string_view key, std::int64_t ns) {
    buffer_.append(",\"").append(key).append("\":");
    append_us(buffer_, ns);
}

void TraceFile::number(std::string_view key, std::uint64_t value) {
    buffer_.append(",\"").append(key).append("\":");
    append(buffer_, value);
}

void TraceFile::id(std::uint64_t value) {
    buffer_ += R"(,"id":"0x)";
    append(buffer_, value, 16);
    buffer_ += '"';
}

void TraceFile::text(std::string_view key, std::string_view value) {
    buffer_.append(",\"").append(key).append("\":");
    append_quoted(buffer_, value);
}

std::string TraceFile::tail(std::uint64_t left_out) const {
    std::string text = "\n],\"otherData\":{\"spans\":";
    append(text, spans_);
    text += ",\"left_out\":";
    append(text, left_out);
    return text += "}}\n";
}

// Over the tail that is there: the new one ends further back.
bool TraceFile::write(std::uint64_t left_out) {
    if (failed_) return true;
    const std::uint64_t added = buffer_.size();
    if (put(buffer_ + tail(left_out), at_)) {
        at_ += added;
        buffer_.clear();
        if (buffer_.capacity() > buffer_kept_max) buffer_.shrink_to_fit();
        return true;
    }
    failed_ = true;
    buffer_.clear();
    // As it was before; where the disk does not even take that, Perfetto reads it all the same.
    const std::string end = tail(left_out);
    [[maybe_unused]] const bool whole = at_ != 0 && put(end, at_) && ftruncate(file_, static_cast<off_t>(at_ + end.size())) == 0;
    return false;
}

bool TraceFile::put(std::string_view bytes, std::uint64_t at) const {
    while (!bytes.empty()) {
        const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
    return true;
}

}  // namespace tickrelay
