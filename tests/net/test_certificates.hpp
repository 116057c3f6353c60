#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/temp_dir.hpp"

namespace corchestra::tests {

struct certificate_files {
  std::string certificate, key;
};

/// A certificate authority of the test's own, its files in a temporary folder.
class test_authority {
 public:
  test_authority()
      : key_(make_key()),
        certificate_(make("Test CA " + std::to_string(number()), "", 0, 1, key_.get(), nullptr, key_.get())) {
    save(ca_file(), nullptr, certificate_.get());
  }

  std::string ca_file() const { return folder_.file("ca.pem"); }
  std::string folder() const { return folder_.path().string(); }

  /// `names` as OpenSSL writes them: `DNS:localhost,IP:127.0.0.1`. Valid from and to that many days from now.
  certificate_files issue(const std::string& names, int from_days = -1, int to_days = 1) {
    return write(names, from_days, to_days, true);
  }
  certificate_files self_signed(const std::string& names) { return write(names, -1, 1, false); }

 private:
  using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

  static key_ptr make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  static long number() {
    static long last = 0;
    return ++last;
  }

  static void extend(X509* to, int nid, const std::string& value) {
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    if (!e) throw std::runtime_error("bad certificate extension: " + value);
    X509_add_ext(to, e, -1);
    X509_EXTENSION_free(e);
  }

  static certificate_ptr make(const std::string& subject, const std::string& names, int from_days, int to_days,
                              EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    certificate_ptr c(X509_new(), X509_free);
    X509_set_version(c.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.get()), number());
    X509_gmtime_adj(X509_getm_notBefore(c.get()), 86400L * from_days);
    X509_gmtime_adj(X509_getm_notAfter(c.get()), 86400L * to_days);
    X509_set_pubkey(c.get(), key);
    X509_NAME* name = X509_get_subject_name(c.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(subject.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(c.get(), issuer ? X509_get_subject_name(issuer) : name);
    if (names.empty()) extend(c.get(), NID_basic_constraints, "critical,CA:TRUE");
    if (!names.empty()) extend(c.get(), NID_subject_alt_name, names);
    X509_sign(c.get(), issuer_key, EVP_sha256());
    return c;
  }

  static void save(const std::string& path, EVP_PKEY* key, X509* certificate) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    if (!file) throw std::runtime_error("cannot write " + path);
    if (key) PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    if (certificate) PEM_write_X509(file.get(), certificate);
  }

  certificate_files write(const std::string& names, int from_days, int to_days, bool by_authority) {
    const auto key = make_key();
    const auto certificate = make("test server", names, from_days, to_days, key.get(),
                                  by_authority ? certificate_.get() : nullptr, by_authority ? key_.get() : key.get());
    const std::string number = std::to_string(++written_);
    const certificate_files files{folder_.file("server" + number + ".pem"), folder_.file("server" + number + ".key")};
    save(files.certificate, nullptr, certificate.get());
    save(files.key, key.get(), nullptr);
    return files;
  }

  temp_dir folder_;
  key_ptr key_;
  certificate_ptr certificate_;
  int written_ = 0;
};

}  // namespace corchestra::tests
