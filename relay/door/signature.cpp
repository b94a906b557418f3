#include "relay/door/signature.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>

#include "relay/core/check.h"

namespace tickrelay {

namespace {

constexpr std::size_t half_bytes = 32;  // of an ES256 signature: r, then s

template <auto release>
struct Release {
    void operator()(auto* object) const { release(object); }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using Pair = std::unique_ptr<ECDSA_SIG, Release<ECDSA_SIG_free>>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

int no_passphrase(char*, int, int, void*) { return -1; }  // without it OpenSSL asks the terminal

bool is_p256(const EVP_PKEY* key) {
    char group[32] = "";
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
           std::string_view(group) == "prime256v1";
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// JWT's form is r and s side by side, OpenSSL's is DER.
std::string to_der(std::string_view signature) {
    if (signature.size() != 2 * half_bytes) return {};
    const Pair pair(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(raw(signature), half_bytes, nullptr);
    BIGNUM* s = BN_bin2bn(raw(signature) + half_bytes, half_bytes, nullptr);
    CHECK(pair && r != nullptr && s != nullptr && ECDSA_SIG_set0(pair.get(), r, s) == 1);
    unsigned char* der = nullptr;
    const int bytes = i2d_ECDSA_SIG(pair.get(), &der);
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(bytes, 0)));
    OPENSSL_free(der);
    return text;
}

std::string from_der(std::string_view der) {
    const unsigned char* at = raw(der);
    const Pair pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    CHECK(pair);
    std::string signature(2 * half_bytes, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, half_bytes) == half_bytes);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + half_bytes, half_bytes) == half_bytes);
    return signature;
}

std::string hmac(std::string_view secret, std::string_view input) {
    std::string out(32, '\0');
    unsigned int bytes = 0;
    CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), raw(input), input.size(),
               reinterpret_cast<unsigned char*>(out.data()), &bytes) != nullptr);
    CHECK(bytes == out.size());
    return out;
}

}  // namespace

struct SigningKey::Parts {
    explicit Parts(std::string hmac_secret) : secret(std::move(hmac_secret)) {}
    Parts(EVP_PKEY* ec_key, bool is_private) : key(ec_key), signs(is_private) {}
    ~Parts() { OPENSSL_cleanse(secret.data(), secret.size()); }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    std::string secret;
    std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>> key;  // null: HS256
    bool signs = true;
};

std::variant<SigningKey, std::string> SigningKey::read(std::string_view text) {
    while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
    if (text.size() > text_bytes_max) return "is longer than 4096 bytes: a PEM or a secret is shorter";
    if (text.find("-----BEGIN") != std::string_view::npos) {
        const auto bio = [&] { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); };
        EVP_PKEY* key = PEM_read_bio_PUBKEY(bio().get(), nullptr, no_passphrase, nullptr);
        const bool is_private = key == nullptr;
        if (is_private) key = PEM_read_bio_PrivateKey(bio().get(), nullptr, no_passphrase, nullptr);
        ERR_clear_error();
        if (key == nullptr) return "is a PEM that cannot be read: it must hold a public or a private key, without a passphrase";
        auto parts = std::make_shared<Parts>(key, is_private);
        if (!is_p256(key)) return "is no EC key on P-256: make one with openssl ecparam -name prime256v1 -genkey -noout";
        return SigningKey(std::move(parts));
    }
    // What is no text may be a public key in DER, which anyone may have, and must never be a secret.
    if (text.starts_with('{') || text.starts_with("ssh-") || text.starts_with("ecdsa-") || !is_printable(text))
        return "is neither a PEM nor a secret of printable text: make one with openssl rand -base64 48";
    if (text.size() < secret_bytes_min) return "has less than 32 bytes: make a secret with openssl rand -base64 48";
    return SigningKey(std::make_shared<Parts>(std::string(text)));
}

SigningKey SigningKey::random() {
    std::string secret(48, '\0');
    CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), static_cast<int>(secret.size())) == 1);
    return SigningKey(std::make_shared<Parts>(std::move(secret)));
}

Algorithm SigningKey::algorithm() const { return parts_->key ? Algorithm::es256 : Algorithm::hs256; }
bool SigningKey::can_sign() const { return parts_->signs; }

bool SigningKey::verify(std::string_view input, std::string_view signature) const {
    if (!parts_->key) {
        const std::string right = hmac(parts_->secret, input);
        return equal_in_time(signature, right);
    }
    const std::string der = to_der(signature);
    if (der.empty()) return false;
    const Context context(EVP_MD_CTX_new());
    const bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, parts_->key.get()) == 1 &&
                      EVP_DigestVerify(context.get(), raw(der), der.size(), raw(input), input.size()) == 1;
    ERR_clear_error();  // or TLS on this thread takes it for its own
    return good;
}

std::string SigningKey::sign(std::string_view input) const {
    CHECK(can_sign());
    if (!parts_->key) return hmac(parts_->secret, input);
    const Context context(EVP_MD_CTX_new());
    std::string der(128, '\0');
    std::size_t bytes = der.size();
    CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, parts_->key.get()) == 1);
    CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &bytes, raw(input), input.size()) == 1);
    return from_der(std::string_view(der).substr(0, bytes));
}

bool equal_in_time(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Digest sha256(std::string_view input) {
    Digest digest;
    unsigned int bytes = 0;
    CHECK(EVP_Digest(input.data(), input.size(), digest.data(), &bytes, EVP_sha256(), nullptr) == 1 && bytes == digest.size());
    return digest;
}

}  // namespace tickrelay
