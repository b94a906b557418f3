#include "relay/tls.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>

#include "relay/core/check.h"
#include "relay/tls_files.h"

namespace tickrelay {

namespace {

// Forward secrecy and authenticated encryption alone; those of TLS 1.3 are OpenSSL's own, which are no others.
constexpr const char* ciphers_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK";
constexpr long ticket_life_s = 4 * 3600;  // of what a client may resume with
static_assert(ticket_life_s < Tls::ticket_key_life_s);

std::int64_t now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

struct TicketKey {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> digest{};
    std::int64_t made_ms = 0;  // 0: none yet
};

TicketKey make_ticket_key() {
    TicketKey key;
    const bool random = RAND_bytes(key.name.data(), key.name.size()) == 1 && RAND_priv_bytes(key.cipher.data(), key.cipher.size()) == 1 &&
                        RAND_priv_bytes(key.digest.data(), key.digest.size()) == 1;
    CHECK(random);
    key.made_ms = now_ms();
    return key;
}

}  // namespace

struct Tls::Parts {
    mutable std::mutex mutex;  // a handshake takes it a few times, for moments
    std::shared_ptr<const TlsIdentity> identity;
    TicketKey ticket_key;
    TicketKey ticket_key_before;
    Figures figures;
    TlsStamp loaded;  // what load() tried last
    TlsStamp seen;    // what changed() saw last
    std::unique_ptr<SSL_CTX, TlsRelease<SSL_CTX_free>> unused_client{SSL_CTX_new(TLS_client_method())};

    ~Parts() {
        OPENSSL_cleanse(&ticket_key, sizeof ticket_key);
        OPENSSL_cleanse(&ticket_key_before, sizeof ticket_key_before);
    }

    std::shared_ptr<const TlsIdentity> present() const {
        const std::scoped_lock lock(mutex);
        return identity;
    }

    TicketKey key_to_write() {
        const std::scoped_lock lock(mutex);
        if (ticket_key.made_ms == 0 || now_ms() - ticket_key.made_ms > ticket_key_life_s * 1'000) {
            ticket_key_before = ticket_key;
            ticket_key = make_ticket_key();
        }
        return ticket_key;
    }

    // The key of that name, and whether a newer one is there; no value: forgotten, or never ours.
    std::optional<std::pair<TicketKey, bool>> key_to_read(const unsigned char* name) const {
        const std::scoped_lock lock(mutex);
        for (const TicketKey* key : {&ticket_key, &ticket_key_before}) {
            if (key->made_ms != 0 && std::equal(key->name.begin(), key->name.end(), name)) return std::pair{*key, key == &ticket_key_before};
        }
        return std::nullopt;
    }

    static int context_index() {
        static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }
    // Of a connection: not null where it is counted.
    static int counted_index() {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }
    static Parts& of(const SSL* ssl) { return *static_cast<Parts*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index())); }
};

namespace {

// For each full handshake: what is present now, so that an exchange needs no new context.
int on_certificate(SSL* ssl, void*) {
    const auto identity = Tls::Parts::of(ssl).present();
    if (identity->clients) {
        SSL_set1_verify_cert_store(ssl, identity->clients.get());
        SSL_set_client_CA_list(ssl, SSL_dup_CA_list(identity->client_names.get()));
    }
    return SSL_use_cert_and_key(ssl, identity->leaf.get(), identity->key.get(), identity->chain.get(), 1);
}

bool use_digest(EVP_MAC_CTX* mac, TicketKey& key) {
    char sha256[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.digest.data(), key.digest.size()),
                                     OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// As OpenSSL wants it: 1 go on, 2 go on and give a newer ticket, 0 a full handshake, -1 failed.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int writes) {
    Tls::Parts& parts = Tls::Parts::of(ssl);
    if (writes != 0) {
        TicketKey key = parts.key_to_write();
        std::copy(key.name.begin(), key.name.end(), name);
        const bool made = RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
                          EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 && use_digest(mac, key);
        return made ? 1 : -1;
    }
    auto found = parts.key_to_read(name);
    if (!found) return 0;
    auto& [key, old] = *found;
    if (!use_digest(mac, key) || EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) != 1) return -1;
    return old || SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;  // a ticket of 1.3 is for one connection
}

void on_progress(const SSL* ssl, int where, int) {
    // Once: tickets behind the handshake of 1.3 count as handshakes, too.
    if ((where & SSL_CB_HANDSHAKE_DONE) == 0 || SSL_get_ex_data(ssl, Tls::Parts::counted_index())) return;
    Tls::Parts& parts = Tls::Parts::of(ssl);
    SSL_set_ex_data(const_cast<SSL*>(ssl), Tls::Parts::counted_index(), &parts);
    const std::scoped_lock lock(parts.mutex);
    ++(SSL_session_reused(ssl) != 0 ? parts.figures.resumed : parts.figures.full);
}

}  // namespace

Tls::Tls(TlsSettings settings) : settings_(std::move(settings)), parts_(std::make_unique<Parts>()) {}
Tls::~Tls() = default;

std::optional<std::string> Tls::load() { return load(settings_); }

std::optional<std::string> Tls::load(TlsSettings settings) {
    const TlsStamp stamp = stamp_of(settings);  // before the files: a change while they are read is one
    auto read = read_tls_identity(settings);
    if (settings == settings_) parts_->loaded = stamp;
    if (auto* error = std::get_if<std::string>(&read)) return std::move(*error);
    settings_ = std::move(settings);
    parts_->loaded = parts_->seen = stamp;
    const std::scoped_lock lock(parts_->mutex);
    parts_->identity = std::get<std::shared_ptr<const TlsIdentity>>(std::move(read));
    parts_->figures.expires_s = parts_->identity->expires_s;
    return std::nullopt;
}

bool Tls::changed() {
    const TlsStamp stamp = stamp_of(settings_);
    const bool settled = stamp == parts_->seen;
    parts_->seen = stamp;
    return settled && stamp != parts_->loaded;
}

void Tls::prepare(ssl_ctx_st* context) {
    CHECK(parts_->present());
    static constexpr unsigned char name[] = "tickrelay";
    SSL_CTX_set_ex_data(context, Parts::context_index(), parts_.get());
    SSL_CTX_set_min_proto_version(context, settings_.only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, ciphers_1_2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
    SSL_CTX_set_info_callback(context, on_progress);
    // A name that a client asks for chooses nothing; libwebsockets would look among its vhosts.
    SSL_CTX_set_tlsext_servername_callback(context, nullptr);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets hold all: nothing is kept here per client
    SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
    SSL_CTX_set_timeout(context, ticket_life_s);
    if (!asks_clients()) {
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
        return;
    }
    // A ticket would let in whose certificate's authority has been taken away since.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

ssl_ctx_st* Tls::unused_client_context() const { return parts_->unused_client.get(); }

Tls::Figures Tls::figures() const {
    const std::scoped_lock lock(parts_->mutex);
    return parts_->figures;
}

std::string Tls::host_for(const std::string& host) const {
    const auto identity = parts_->present();
    X509* leaf = identity->leaf.get();
    if (X509_check_ip_asc(leaf, host.c_str(), 0) == 1 || X509_check_host(leaf, host.data(), host.size(), 0, nullptr) == 1) return host;
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    std::string first;
    for (int i = 0; first.empty() && i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        if (text.find('*') == std::string::npos) first = text;
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return first.empty() ? host : first;
}

}  // namespace tickrelay
