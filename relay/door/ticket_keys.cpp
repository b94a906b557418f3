#include "relay/door/ticket_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "relay/door/base64.h"
#include "relay/door/random.h"

namespace tickrelay {

namespace {

constexpr std::string_view form = "must be file:PATH or env:NAME";

struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int number;
};

// At most one byte more than a key may have. Nothing: errno says why.
std::optional<std::string> bytes_of_file(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe that nobody writes must not hold the start
    if (file.number < 0) return std::nullopt;
    std::string bytes(SigningKey::text_bytes_max + 2, '\0');
    std::size_t have = 0;
    for (ssize_t got = 1; got != 0 && have < bytes.size(); have += static_cast<std::size_t>(got)) {
        got = read(file.number, bytes.data() + have, bytes.size() - have);
        if (got < 0) return std::nullopt;
    }
    bytes.resize(have);
    return bytes;
}

bool is_kid(std::string_view kid) {
    return !kid.empty() && kid.size() <= 64 && std::ranges::all_of(kid, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

std::variant<SigningKey, std::string> read_named(std::string_view source, std::string_view text) {
    auto read = SigningKey::read(text);
    if (const auto* why = std::get_if<std::string>(&read)) return std::string(source) + " " + *why;
    return std::get<SigningKey>(std::move(read));
}

}  // namespace

const TicketKeys::Named* TicketKeys::find(const std::optional<std::string>& kid) const {
    if (!kid && keys_.size() == 1) return keys_.data();
    const auto found = std::ranges::find(keys_, kid.value_or(""), &Named::kid);
    return found == keys_.end() ? nullptr : &*found;
}

const TicketKeys::Named* TicketKeys::signing() const {
    const auto found = std::ranges::find_if(keys_, [](const Named& named) { return named.key.can_sign(); });
    return found == keys_.end() ? nullptr : &*found;
}

std::variant<SigningKey, std::string> load_key(std::string_view source) {
    if (source.starts_with("file:") && source.size() > 5) {
        const auto bytes = bytes_of_file(std::string(source.substr(5)));
        if (!bytes) return "cannot read " + std::string(source) + ": " + std::strerror(errno);
        return read_named(source, *bytes);
    }
    if (source.starts_with("env:") && source.size() > 4) {
        const char* value = std::getenv(std::string(source.substr(4)).c_str());
        if (value == nullptr) return std::string(source) + " is not set";
        return read_named(source, value);
    }
    return std::string(form);  // not what it was: that may be a secret in the wrong place
}

std::variant<TicketKeys, std::string> load_ticket_keys(std::span<const std::string> entries) {
    std::vector<TicketKeys::Named> keys;
    if (entries.size() > ticket_keys_max) return "must be 16 keys or fewer";
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string_view entry = entries[i];
        const std::string where = "entry " + std::to_string(i + 1) + ": ";
        const auto source = entry.find("file:") == 0 || entry.find("env:") == 0 ? 0 : entry.find('=') + 1;
        const std::string kid(source == 0 ? "" : entry.substr(0, source - 1));
        if (source != 0 && !is_kid(kid)) return where + std::string(form) + ", with a name before it: NAME=file:PATH";
        if (std::ranges::find(keys, kid, &TicketKeys::Named::kid) != keys.end())
            return where + (kid.empty() ? "a second key without a name: write NAME=file:PATH" : "a second key '" + kid + "'");
        auto loaded = load_key(entry.substr(source));
        if (const auto* why = std::get_if<std::string>(&loaded)) return where + *why;
        keys.push_back({kid, std::get<SigningKey>(std::move(loaded))});
    }
    return TicketKeys(std::move(keys));
}

std::variant<SigningKey, std::string> key_kept_in(const std::string& folder) {
    const std::string path = (std::filesystem::path(folder) / "session.key").string();
    std::error_code ignored;  // opening says it better
    std::filesystem::create_directories(folder, ignored);
    if (std::filesystem::exists(path, ignored)) return load_key("file:" + path);
    const std::string fresh = path + ".new";  // whole before it has its name: a crash must leave no half of it
    const Descriptor made(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (made.number < 0) return "cannot make " + fresh + ": " + std::strerror(errno) + ". Is data_dir writable? Is there free space in it?";
    std::byte secret[36];
    fill_random(secret);
    const std::string text = encode_base64(secret) + "\n";
    const bool written = write(made.number, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(made.number) == 0 &&
                         (link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);  // another relay's, which came first, stays
    const std::string why = std::strerror(errno);
    unlink(fresh.c_str());
    if (!written) return "cannot write " + path + ": " + why + ". Make free space in data_dir";
    return load_key("file:" + path);
}

}  // namespace tickrelay
