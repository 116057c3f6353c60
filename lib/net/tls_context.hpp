#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include <corchestra/base/error.hpp>

namespace corchestra::net {

/// For every connection of a client. `ca_file` empty: the system's store, or SSL_CERT_FILE and SSL_CERT_DIR.
result<std::shared_ptr<boost::asio::ssl::context>> make_client_tls(const std::string& ca_file, bool verify_peer);

/// For a server, from PEM files.
result<std::shared_ptr<boost::asio::ssl::context>> make_server_tls(const std::string& certificate_file,
                                                                   const std::string& private_key_file);

/// Before a client's handshake: the name that the certificate must carry, and SNI unless `host` is an address.
void expect_host(SSL* ssl, const std::string& host);

/// The connection ended within the handshake: the network's failure rather than one of TLS.
bool handshake_was_cut(const boost::system::error_code& ec);

/// Why a client's handshake failed, in words.
std::string describe_tls_failure(SSL* ssl, const std::string& host, const boost::system::error_code& ec);

}  // namespace corchestra::net
