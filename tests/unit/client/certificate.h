// A certificate for localhost, signed by itself, in PEM files that end with this object.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace tickrelay::test {

class Certificate {
 public:
  // Valid from so many seconds before now until so many after.
  explicit Certificate(const std::string& name = "localhost", long before_s = 60, long after_s = 3600) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tickrelay-tls-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    make(name, before_s, after_s);
  }

  // Another one, with another key, in the same files.
  void make(const std::string& name, long before_s = 60, long after_s = 3600) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -before_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), after_s);
    X509_set_pubkey(x509, key);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(x509, subject);
    extend(x509, NID_subject_alt_name, ("DNS:" + name + ",IP:127.0.0.1").c_str());
    extend(x509, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(x509, key, EVP_sha256());
    write(certificate(), [&](FILE* file) { PEM_write_X509(file, x509); });
    write(this->key(), [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    std::filesystem::permissions(this->key(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::string certificate() const { return (folder_ / "certificate.pem").string(); }
  [[nodiscard]] std::string key() const { return (folder_ / "key.pem").string(); }

 private:
  static void extend(X509* x509, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static void write(const std::string& path, Write&& content) {
    FILE* file = std::fopen(path.c_str(), "w");
    content(file);
    std::fclose(file);
  }

  std::filesystem::path folder_;
};

}  // namespace tickrelay::test
