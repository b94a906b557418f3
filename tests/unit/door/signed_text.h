// Tokens as anyone can make them, right and wrong, and keys that are nobody's: for tests and the fuzz target.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "relay/core/check.h"
#include "relay/door/base64.h"
#include "relay/door/ticket_keys.h"

namespace tickrelay::test {

inline constexpr const char* secret = "a-secret-of-tests-of-32-bytes-and-more";
inline constexpr const char* other_secret = "another-secret-of-tests-long-enough-too";
inline constexpr const char* private_pem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE+vM12jrueQ8UCzp
DJaS3qhpj4LhV8FBULexHfJSNy6hRANCAAT0S541bOib3GgjHF/dggOC2RW7hiAy
4qhFbZFNZUHFxO2MlIFRB5EbY1PE3vsBopVTWzBdxXoAMslf0KRRndvK
-----END PRIVATE KEY-----
)";
inline constexpr const char* public_pem = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9EueNWzom9xoIxxf3YIDgtkVu4Yg
MuKoRW2RTWVBxcTtjJSBUQeRG2NTxN77AaKVU1swXcV6ADLJX9CkUZ3byg==
-----END PUBLIC KEY-----
)";

inline SigningKey key_of(const std::string& text) {
    auto read = SigningKey::read(text);
    CHECK(std::holds_alternative<SigningKey>(read));
    return std::get<SigningKey>(std::move(read));
}

inline std::string part(const std::string& text) { return encode_base64url(bytes_of(text)); }
inline std::string part_of(const nlohmann::json& value) { return part(value.dump()); }

// Header and claims as they are, signed with the key whatever the header says.
inline std::string sign(const std::string& header_and_claims, const SigningKey& key) {
    return header_and_claims + "." + part(key.sign(header_and_claims));
}
inline std::string mint(const nlohmann::json& header, const nlohmann::json& claims, const SigningKey& key) {
    return sign(part_of(header) + "." + part_of(claims), key);
}

}  // namespace tickrelay::test
