#include "relay/door/admin_token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <variant>

#include "relay/door/json.h"
#include "relay/log.h"

namespace tickrelay {

using nlohmann::json;

namespace {

constexpr int refused_by_relay = -32000;

struct Token {
    std::string text;
};

// The token, or why there is none.
std::variant<Token, std::string> read_token(const std::string& path) {
    const std::string file = "[admin_tcp] token_file " + path + ": ";
    const std::string make = "(umask 077; openssl rand -hex 32 > " + path + ")";
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return file + std::strerror(errno) + ". Make it: " + make;
    if (!S_ISREG(found.st_mode)) return file + "this is no file. Make one: " + make;
    if ((found.st_mode & 007) != 0) return file + "everyone on this machine may read it. chmod 600 " + path;
    std::ifstream stream(path);
    Token token;
    if (!std::getline(stream, token.text)) return file + "it is empty or cannot be read. Make it anew: " + make;
    while (!token.text.empty() && (token.text.back() == '\r' || token.text.back() == ' ')) token.text.pop_back();
    if (token.text.size() < admin_token_min || token.text.size() > admin_token_max) {
        return file + "its line has " + std::to_string(token.text.size()) + " characters, it takes " + std::to_string(admin_token_min) + " to " +
               std::to_string(admin_token_max) + ". Make it anew: " + make;
    }
    return token;
}

// Of digests, so that lengths do not show either.
bool same(std::string_view a, std::string_view b) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> first{}, second{};
    SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), first.data());
    SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), second.data());
    return CRYPTO_memcmp(first.data(), second.data(), first.size()) == 0;
}

}  // namespace

std::string check_admin_token(const std::string& path) {
    const auto read = read_token(path);
    const auto* error = std::get_if<std::string>(&read);
    return error != nullptr ? *error : std::string{};
}

bool answer_auth(std::string_view line, const std::string& path, std::string& answer) {
    const json request = parse_json(line);
    json id = nullptr;
    std::string given;
    if (request.is_object() && request.value("jsonrpc", json()) == "2.0" && request.value("method", json()) == "auth") {
        const json& params = request.value("params", json());
        if (params.is_object() && params.value("token", json()).is_string()) given = params.value("token", "");
    }
    if (request.is_object()) id = request.value("id", json());
    if (!id.is_string() && !id.is_number()) id = nullptr;
    const auto read = read_token(path);
    if (const auto* error = std::get_if<std::string>(&read)) log::error("no token is good", {{"why", *error}});
    const auto* token = std::get_if<Token>(&read);
    if (token != nullptr && same(given, token->text)) {
        answer = dump_line({{"jsonrpc", "2.0"}, {"id", id}, {"result", json::object()}});
        return true;
    }
    answer = dump_line({{"jsonrpc", "2.0"},
                        {"id", id},
                        {"error",
                         {{"code", refused_by_relay},
                          {"message", "the first line must be the method auth with params {\"token\": …}, of this relay's token file"},
                          {"data", {{"reason", "unauthenticated"}}}}}});
    return false;
}

}  // namespace tickrelay
