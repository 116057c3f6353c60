#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <corchestra/base/text.hpp>

#include "net/tls_context.hpp"
#include "net/tls_sessions.hpp"

namespace corchestra::net {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

std::shared_ptr<ssl::context> make_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

bool is_address(const std::string& host) {
  error_code ec;
  boost::asio::ip::make_address(host, ec);
  return !ec;
}

}  // namespace

result<std::shared_ptr<ssl::context>> make_client_tls(const std::string& ca_file, bool verify_peer) {
  auto context = make_context(ssl::context::tls_client);
  static constexpr unsigned char http_1_1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context->native_handle(), http_1_1, sizeof http_1_1 - 1);
  tls_sessions::enable(context->native_handle());
  context->set_verify_mode(verify_peer ? ssl::verify_peer : ssl::verify_none);
  error_code ec;
  if (!ca_file.empty()) {
    context->load_verify_file(ca_file, ec);
    if (ec) {
      return fail(errc::invalid_argument,
                  concat("ca_file ", quote(ca_file), ": expected a readable PEM file of certificates: ", ec.message()));
    }
  } else if (verify_peer) {
    context->set_default_verify_paths(ec);
    if (ec) return fail(errc::tls_failed, concat("the system's certificate store cannot be read: ", ec.message()));
  }
  return context;
}

result<std::shared_ptr<ssl::context>> make_server_tls(const std::string& certificate_file,
                                                      const std::string& private_key_file) {
  auto context = make_context(ssl::context::tls_server);
  error_code ec;
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec) {
    return fail(errc::invalid_argument, concat("certificate_file ", quote(certificate_file),
                                               ": expected a readable PEM certificate: ", ec.message()));
  }
  context->use_private_key_file(private_key_file, ssl::context::pem, ec);
  if (ec) {
    return fail(errc::invalid_argument, concat("private_key_file ", quote(private_key_file),
                                               ": expected the certificate's PEM key: ", ec.message()));
  }
  return context;
}

void expect_host(SSL* handle, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(handle);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
    SSL_set_tlsext_host_name(handle, const_cast<char*>(host.c_str()));  // the macro of OpenSSL takes a void*
  }
}

bool handshake_was_cut(const error_code& ec) {
  return ec == ssl::error::stream_truncated || ec == boost::asio::error::eof ||
         ec == boost::asio::error::connection_reset || ec == boost::asio::error::broken_pipe;
}

std::string describe_tls_failure(SSL* handle, const std::string& host, const error_code& ec) {
  const long verdict = SSL_get_verify_result(handle);
  switch (verdict) {
    case X509_V_OK:
      if (handshake_was_cut(ec)) return "the TLS handshake failed: the server ended the connection";
      if (ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_WRONG_VERSION_NUMBER)
        return "the TLS handshake failed: the server does not speak TLS here (http:// instead of https://?)";
      return concat("the TLS handshake failed: ", ec.message());
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return concat("the server's certificate is for another host, not for ", quote(host));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the server's certificate is self-signed and not among the trusted ones";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the server's certificate is signed by an unknown authority";
    default:
      return concat("the server's certificate was refused: ", X509_verify_cert_error_string(verdict));
  }
}

}  // namespace corchestra::net
