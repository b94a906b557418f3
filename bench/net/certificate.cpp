#include "bench/net/certificate.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>

namespace tickrelay::bench {
namespace {

constexpr long clock_slack_s = 3'600, valid_s = 86'400;

template <auto free>
struct Freed {
  template <typename Object>
  void operator()(Object* object) const {
    free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bytes = std::unique_ptr<BIO, Freed<BIO_free>>;

void add_extension(X509* certificate, int name, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> made(X509V3_EXT_conf_nid(nullptr, &context, name, value));
  if (!made || X509_add_ext(certificate, made.get(), -1) != 1) throw std::runtime_error("OpenSSL makes no certificate");
}

std::string text_of(const Bytes& bytes) {
  char* data = nullptr;
  const long count = BIO_get_mem_data(bytes.get(), &data);
  return {data, static_cast<std::size_t>(count)};
}

}  // namespace

ThrowAwayCertificate make_certificate() {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  std::uint32_t serial = 0;
  if (!key || !made || RAND_bytes(reinterpret_cast<std::uint8_t*>(&serial), sizeof serial) != 1) throw std::runtime_error("OpenSSL makes no key");
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -clock_slack_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_s);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const std::uint8_t*>("tickrelay-bench"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  add_extension(made.get(), NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost");
  if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("OpenSSL signs no certificate");
  const Bytes certificate_pem(BIO_new(BIO_s_mem())), key_pem(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_pem.get(), made.get());
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.certificate = text_of(certificate_pem), .key = text_of(key_pem)};
}

}  // namespace tickrelay::bench
