#include "relay/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace tickrelay {

namespace {

using File = std::unique_ptr<BIO, TlsRelease<BIO_free_all>>;

// "[tls] cert /etc/relay.pem: ", as every message begins.
std::string named(const TlsSettings& settings, const char* key, const std::string& path) {
    return "[" + settings.section + "] " + key + " " + path + ": ";
}

std::variant<File, std::string> open_file(const TlsSettings& settings, const char* key, const std::string& path) {
    if (path.empty()) return "[" + settings.section + "] " + key + " is missing: write " + key + " = \"/path/of/" + key + ".pem\"";
    struct stat found {};
    if (stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) return named(settings, key, path) + "this is no file. Give the path of a PEM file";
    File file(BIO_new_file(path.c_str(), "r"));
    const int cause = errno;
    if (file) return file;
    ERR_clear_error();
    return named(settings, key, path) + std::strerror(cause) +
           (cause == EACCES ? ". Let the relay's user read it (chown, or chmod g+r and its group)" : ". Give the path of a PEM file");
}

int no_passphrase(char*, int, int, void*) { return -1; }

// Certificates up to the end of the file, the first one apart.
std::optional<std::string> read_chain(const TlsSettings& settings, TlsIdentity& identity) {
    auto opened = open_file(settings, "cert", settings.cert);
    if (auto* error = std::get_if<std::string>(&opened)) return std::move(*error);
    BIO* file = std::get<File>(opened).get();
    identity.leaf.reset(PEM_read_bio_X509_AUX(file, nullptr, no_passphrase, nullptr));
    if (!identity.leaf) {
        return named(settings, "cert", settings.cert) + "no certificate in it (" + tls_error_text() + "). It must begin with -----BEGIN CERTIFICATE-----";
    }
    identity.chain.reset(sk_X509_new_null());
    while (X509* next = PEM_read_bio_X509(file, nullptr, no_passphrase, nullptr)) sk_X509_push(identity.chain.get(), next);
    const unsigned long ended = ERR_peek_last_error();
    if (ERR_GET_LIB(ended) != ERR_LIB_PEM || ERR_GET_REASON(ended) != PEM_R_NO_START_LINE) {
        return named(settings, "cert", settings.cert) + "a certificate of its chain is damaged (" + tls_error_text() + "). Write the file anew";
    }
    ERR_clear_error();
    return std::nullopt;
}

std::optional<std::string> read_key(const TlsSettings& settings, TlsIdentity& identity) {
    auto opened = open_file(settings, "key", settings.key);
    if (auto* error = std::get_if<std::string>(&opened)) return std::move(*error);
    struct stat found {};
    if (stat(settings.key.c_str(), &found) == 0 && (found.st_mode & 007) != 0) {
        return named(settings, "key", settings.key) + "everyone on this machine may read it. chmod 600 " + settings.key;
    }
    identity.key.reset(PEM_read_bio_PrivateKey(std::get<File>(opened).get(), nullptr, no_passphrase, nullptr));
    if (identity.key) return std::nullopt;
    return named(settings, "key", settings.key) + "no private key that can be read (" + tls_error_text() +
           "). It must be PEM without a passphrase: openssl pkey -in OLD -out NEW removes one";
}

std::string time_text(const ASN1_TIME* time) {
    tm parts{};
    char text[32] = "";
    if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

std::optional<std::string> check_dates(const TlsSettings& settings, TlsIdentity& identity) {
    const ASN1_TIME* ends = X509_get0_notAfter(identity.leaf.get());
    const ASN1_TIME* begins = X509_get0_notBefore(identity.leaf.get());
    if (X509_cmp_current_time(ends) <= 0) {
        return named(settings, "cert", settings.cert) + "it has expired on " + time_text(ends) + ". Renew it; the relay takes the new file by itself";
    }
    if (X509_cmp_current_time(begins) > 0) {
        return named(settings, "cert", settings.cert) + "it is valid from " + time_text(begins) + " only. Set this machine's clock (timedatectl)";
    }
    tm parts{};
    if (ASN1_TIME_to_tm(ends, &parts) == 1) identity.expires_s = timegm(&parts);
    return std::nullopt;
}

// OpenSSL's own rules, such as a least length of keys.
std::optional<std::string> check_pair(const TlsSettings& settings, const TlsIdentity& identity) {
    if (X509_check_private_key(identity.leaf.get(), identity.key.get()) != 1) {
        ERR_clear_error();
        return "[" + settings.section + "] cert " + settings.cert + " and key " + settings.key +
               " do not belong together. Give the key that the certificate was made for (its public half: openssl x509 -noout -pubkey -in CERT)";
    }
    const std::unique_ptr<SSL_CTX, TlsRelease<SSL_CTX_free>> context(SSL_CTX_new(TLS_server_method()));
    if (SSL_CTX_use_cert_and_key(context.get(), identity.leaf.get(), identity.key.get(), identity.chain.get(), 1) == 1) return std::nullopt;
    return named(settings, "cert", settings.cert) + "OpenSSL does not take it (" + tls_error_text() +
           "). Make one with a key of the curve P-256, or RSA of 2048 bits";
}

std::optional<std::string> read_authorities(const TlsSettings& settings, TlsIdentity& identity) {
    if (settings.client_ca.empty()) return std::nullopt;
    auto opened = open_file(settings, "client_ca", settings.client_ca);
    if (auto* error = std::get_if<std::string>(&opened)) return std::move(*error);
    identity.clients.reset(X509_STORE_new());
    identity.client_names.reset(sk_X509_NAME_new_null());
    while (X509* next = PEM_read_bio_X509(std::get<File>(opened).get(), nullptr, no_passphrase, nullptr)) {
        X509_STORE_add_cert(identity.clients.get(), next);
        sk_X509_NAME_push(identity.client_names.get(), X509_NAME_dup(X509_get_subject_name(next)));
        X509_free(next);
    }
    const bool none = sk_X509_NAME_num(identity.client_names.get()) == 0;
    const std::string why = tls_error_text();
    if (!none) return std::nullopt;
    return named(settings, "client_ca", settings.client_ca) + "no certificate in it (" + why + "). Give the PEM file of whoever signs your clients' certificates";
}

TlsStamp::File stamp_of(const std::string& path) {
    struct stat found {};
    if (path.empty() || stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, found.st_size, std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

}  // namespace

std::string tls_error_text() {
    const unsigned long error = ERR_peek_last_error();
    const char* reason = ERR_reason_error_string(error);
    std::string text = reason != nullptr ? reason : error != 0 && ERR_SYSTEM_ERROR(error) ? std::strerror(ERR_GET_REASON(error)) : "no reason given";
    ERR_clear_error();
    return text;
}

std::variant<std::shared_ptr<const TlsIdentity>, std::string> read_tls_identity(const TlsSettings& settings) {
    ERR_clear_error();
    auto identity = std::make_shared<TlsIdentity>();
    for (const auto step : {read_chain, read_key, read_authorities}) {
        if (auto error = step(settings, *identity)) return std::move(*error);
    }
    if (auto error = check_pair(settings, *identity)) return std::move(*error);
    if (auto error = check_dates(settings, *identity)) return std::move(*error);
    return std::shared_ptr<const TlsIdentity>(std::move(identity));
}

TlsStamp stamp_of(const TlsSettings& settings) {
    return {{stamp_of(settings.cert), stamp_of(settings.key), stamp_of(settings.client_ca)}};
}

}  // namespace tickrelay
