#include "llm/nginx.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include <corchestra/base/text.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"

namespace corchestra::bench {

namespace {

using tcp = boost::asio::ip::tcp;

std::uint16_t free_port() {
  boost::asio::io_context io;
  const tcp::acceptor a(io, {boost::asio::ip::address_v4::loopback(), 0});
  return a.local_endpoint().port();
}

bool answers(std::uint16_t port) {
  boost::asio::io_context io;
  tcp::socket s(io);
  boost::system::error_code ec;
  s.connect({boost::asio::ip::address_v4::loopback(), port}, ec);
  return !ec;
}

// A single quote would end the string, a dollar begin a variable.
std::string quoted(const std::string& text) {
  check(text.find_first_of("'$") == std::string::npos, "the reply cannot be written into nginx's configuration");
  std::string out = "'";
  for (const char c : text) out += c == '\\' ? std::string("\\\\") : std::string(1, c);
  return out + '\'';
}

std::string configuration(std::uint16_t port, const std::string& folder, const std::string& reply) {
  return concat(
      "daemon off;\nmaster_process off;\npid ", folder, "/pid;\nerror_log ", folder, "/error.log;\n",
      "events { worker_connections 4096; }\n",
      "http {\n  access_log off;\n  keepalive_requests 1000000000;\n  keepalive_timeout 1h;\n  tcp_nodelay on;\n"
      "  client_body_temp_path ",
      folder, "/body;\n  proxy_temp_path ", folder, "/proxy;\n  fastcgi_temp_path ", folder,
      "/fastcgi;\n  scgi_temp_path ", folder, "/scgi;\n  uwsgi_temp_path ", folder, "/uwsgi;\n",
      "  server {\n    listen 127.0.0.1:", port,
      ";\n    default_type application/json;\n"
      "    add_header x-request-id req_0123456789abcdef0123456789abcdef;\n"
      "    location / { return 200 ",
      quoted(reply), "; }\n  }\n}\n");
}

}  // namespace

nginx::nginx(const two_cores& cores) : nginx(cores, chat_example::reply_body()) {}

nginx::nginx(const two_cores& cores, const std::string& reply) : port_(free_port()) {
  if (!installed("nginx")) skip("nginx is not installed: scripts/setup --bench");
  const std::string name = folder_.path().string();
  const std::string file = folder_.write("nginx.conf", configuration(port_, name, reply));
  process_ = std::make_unique<child>(std::vector<std::string>{"nginx", "-p", name, "-c", file, "-e", folder_.file("error.log")},
                                     cores.server);
  for (int i = 0; !answers(port_); ++i) {
    check(i < 500, "nginx did not start");
    ::usleep(10'000);
  }
}

}  // namespace corchestra::bench
