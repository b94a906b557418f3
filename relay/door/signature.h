// Keys and what they sign: HMAC-SHA256 and ECDSA on P-256 with SHA-256, JWT's HS256 and ES256. OpenSSL does all of it, in this file alone.
//
// Not libjwt, which Debian 12 has at 1.10.2: it believes the token's own `alg` (a public key's PEM is then an HMAC secret), takes garbage
// behind an ES256 signature, answers EINVAL to everything, and reads the PEM anew for each token, 1.1 ms against 0.12 ms here.
//
// A key knows its algorithm; nothing that comes from outside chooses one. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace tickrelay {

enum class Algorithm : std::uint8_t { hs256, es256 };
constexpr std::string_view name_of(Algorithm algorithm) { return algorithm == Algorithm::hs256 ? "HS256" : "ES256"; }

class SigningKey {
  public:
    static constexpr std::size_t secret_bytes_min = 32;
    static constexpr std::size_t text_bytes_max = 4096;

    // What a key file holds: a PEM with an EC key on P-256, public or private without a passphrase, or else the secret of HS256, printable
    // text of 32 to 4096 bytes. Blanks and line breaks at the end do not count. An error text says what to do, and nothing of the key.
    static std::variant<SigningKey, std::string> read(std::string_view text);
    static SigningKey random();  // a secret that nobody else has

    [[nodiscard]] Algorithm algorithm() const;
    [[nodiscard]] bool can_sign() const;
    [[nodiscard]] bool verify(std::string_view input, std::string_view signature) const;
    // HS256: 32 bytes; ES256: 64, r and s. REQUIRES: can_sign().
    [[nodiscard]] std::string sign(std::string_view input) const;

  private:
    struct Parts;
    explicit SigningKey(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
    std::shared_ptr<const Parts> parts_;
};

// Takes as long whatever differs.
bool equal_in_time(std::string_view a, std::string_view b);

using Digest = std::array<std::uint8_t, 32>;
Digest sha256(std::string_view input);

}  // namespace tickrelay
