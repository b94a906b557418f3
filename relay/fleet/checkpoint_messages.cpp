#include "relay/fleet/checkpoint_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tickrelay {

namespace {

constexpr std::string_view magic = "TRC1";
constexpr std::size_t length_bytes = 4;

std::string_view text_of(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::uint64_t checkpoint_hash(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325ULL ^ bytes.size();
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return hash;
}

CheckpointMessages to_messages(const CheckpointBytes& checkpoint, std::uint32_t slot) {
    const std::string_view bytes = text_of(checkpoint.bytes);
    CheckpointMessages made;
    if (bytes.size() > checkpoint_part_bytes)
        for (std::size_t at = 0; at < bytes.size(); at += checkpoint_part_bytes) made.parts.emplace_back(bytes.substr(at, checkpoint_part_bytes));
    const std::string head = nlohmann::json{{"made_ms", checkpoint.made_ms}, {"runs_on", checkpoint.runs_on}, {"bytes", bytes.size()},
                                            {"hash", checkpoint_hash(bytes)}, {"parts", made.parts.size()}, {"slot", slot}}
                                 .dump();
    made.head = magic;
    for (std::size_t i = 0; i < length_bytes; ++i) made.head += static_cast<char>(head.size() >> (8 * i) & 0xFF);
    made.head += head;
    if (made.parts.empty()) made.head += bytes;
    return made;
}

std::optional<CheckpointHead> parse_head(std::string_view message, std::string_view& inline_bytes) {
    if (!message.starts_with(magic) || message.size() < magic.size() + length_bytes) return std::nullopt;
    message.remove_prefix(magic.size());
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) length |= static_cast<std::size_t>(static_cast<unsigned char>(message[i])) << (8 * i);
    message.remove_prefix(length_bytes);
    if (length > message.size()) return std::nullopt;
    const auto from = nlohmann::json::parse(message.substr(0, length), nullptr, false);
    if (!from.is_object()) return std::nullopt;
    CheckpointHead head;
    try {
        head = {.made_ms = from.at("made_ms"), .runs_on = from.at("runs_on"), .bytes = from.at("bytes"), .hash = from.at("hash"), .parts = from.at("parts"),
                .slot = from.at("slot")};
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
    inline_bytes = message.substr(length);
    return head;
}

}  // namespace tickrelay
