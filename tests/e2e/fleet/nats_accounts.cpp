#include "tests/e2e/fleet/nats_accounts.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace tickrelay::test {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

// The first letter of what they make in base 32.
enum class KeyKind : std::uint8_t { account = 0 << 3, operator_ = 14 << 3, user = 20 << 3 };
constexpr std::uint8_t seed_prefix = 18 << 3;

std::string digits(std::span<const std::uint8_t> bytes, std::string_view alphabet, int bits_a_digit) {
    std::string text;
    std::uint32_t held = 0;
    int bits = 0;
    const auto put = [&](int shift) { text += alphabet[(shift >= 0 ? held >> shift : held << -shift) & ((1U << bits_a_digit) - 1)]; };
    for (const std::uint8_t byte : bytes) {
        held = held << 8 | byte;
        for (bits += 8; bits >= bits_a_digit; bits -= bits_a_digit) put(bits - bits_a_digit);
    }
    if (bits > 0) put(bits - bits_a_digit);
    return text;
}

std::string base64url(std::string_view text) {
    return digits({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6);
}

// XMODEM's, low byte first.
std::string with_checksum(Bytes bytes) {
    std::uint16_t sum = 0;
    for (const std::uint8_t byte : bytes) {
        sum = static_cast<std::uint16_t>(sum ^ byte << 8);
        for (int bit = 0; bit < 8; ++bit) sum = static_cast<std::uint16_t>(sum & 0x8000 ? sum << 1 ^ 0x1021 : sum << 1);
    }
    bytes.push_back(static_cast<std::uint8_t>(sum));
    bytes.push_back(static_cast<std::uint8_t>(sum >> 8));
    return digits(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5);
}

class Nkey {
  public:
    explicit Nkey(KeyKind kind) : kind_(static_cast<std::uint8_t>(kind)), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free) {}
    [[nodiscard]] std::string name() const {
        Bytes bytes{kind_};
        append(bytes, EVP_PKEY_get_raw_public_key);
        return with_checksum(std::move(bytes));
    }
    [[nodiscard]] std::string seed() const {
        Bytes bytes{static_cast<std::uint8_t>(seed_prefix | kind_ >> 5), static_cast<std::uint8_t>((kind_ & 31) << 3)};
        append(bytes, EVP_PKEY_get_raw_private_key);
        return with_checksum(std::move(bytes));
    }
    // What this key says of `subject`.
    [[nodiscard]] std::string jwt(const Nkey& subject, const std::string& name, json claims) const {
        claims["version"] = 2;
        const json all{{"jti", name}, {"iat", std::time(nullptr)}, {"iss", this->name()}, {"name", name}, {"sub", subject.name()}, {"nats", std::move(claims)}};
        const std::string text = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(all.dump());
        std::array<std::uint8_t, 64> signature{};
        std::size_t size = signature.size();
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
        EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        return text + "." + base64url({reinterpret_cast<const char*>(signature.data()), size});
    }

  private:
    void append(Bytes& bytes, int (*get)(const EVP_PKEY*, unsigned char*, std::size_t*)) const {
        std::array<std::uint8_t, 32> raw{};
        std::size_t size = raw.size();
        get(key_.get(), raw.data(), &size);
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    }

    std::uint8_t kind_;
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

json unlimited(std::initializer_list<const char*> names) {
    json limits = json::object();
    for (const char* name : names) limits[name] = -1;
    return limits;
}

}  // namespace

NatsAccounts::NatsAccounts() {
    const Nkey owner(KeyKind::operator_), account(KeyKind::account), system(KeyKind::account), user(KeyKind::user);
    json limits = unlimited({"subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams", "consumer"});
    limits["wildcards"] = true;
    const std::string account_jwt = owner.jwt(account, "game", {{"type", "account"}, {"limits", limits}});
    limits["mem_storage"] = limits["disk_storage"] = 0;
    const std::string system_jwt = owner.jwt(system, "system", {{"type", "account"}, {"limits", limits}});
    json rights = unlimited({"subs", "data", "payload"});
    rights["type"] = "user";
    rights["pub"] = rights["sub"] = json::object();
    configuration = "operator: " + owner.jwt(owner, "operator", {{"type", "operator"}}) + "\nsystem_account: " + system.name() +
                    "\nresolver: MEMORY\nresolver_preload: { " + account.name() + ": " + account_jwt + ", " + system.name() + ": " + system_jwt + " }\n";
    credentials = "-----BEGIN NATS USER JWT-----\n" + account.jwt(user, "relay", rights) + "\n------END NATS USER JWT------\n\n" +
                  "-----BEGIN USER NKEY SEED-----\n" + user.seed() + "\n------END USER NKEY SEED------\n";
}

}  // namespace tickrelay::test
