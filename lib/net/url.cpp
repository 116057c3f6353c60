#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <corchestra/base/text.hpp>
#include <corchestra/net/url.hpp>

namespace corchestra::net {

namespace {

namespace urls = boost::urls;

// For messages: without what may be secret (user info, query).
std::string shown(std::string_view text) {
  text = text.substr(0, text.find_first_of("?#"));
  if (const auto at = text.rfind('@'); at != text.npos) return concat("'...", text.substr(at), "'");
  return quote(text, 120);
}

error bad(std::string_view text, std::string_view why) {
  return fail(errc::invalid_argument, concat("URL ", shown(text), ": ", why));
}

bool is_name(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

bool is_v6(std::string_view host) { return host.find(':') != host.npos; }
std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }
std::string bracketed(const std::string& host) { return is_v6(host) ? concat('[', host, ']') : host; }

}  // namespace

result<url> parse_url(std::string_view text) {
  if (text.empty()) return fail(errc::invalid_argument, "URL '': expected http://... or https://...");
  const auto parsed = urls::parse_uri(text);
  if (!parsed) return bad(text, "not an absolute http or https URL");
  const urls::url_view& v = *parsed;
  url u;
  u.scheme = to_lower(v.scheme());
  if (u.scheme != "http" && u.scheme != "https") {
    return bad(text, concat("the scheme is ", quote(u.scheme), ", expected http or https"));
  }
  if (v.has_userinfo()) return bad(text, "user name and password do not belong in a URL");
  if (v.has_fragment()) return bad(text, "a fragment (#...) is not sent to a server");
  if (!v.has_authority() || v.host().empty()) return bad(text, "the host is missing");
  if (v.host_type() == urls::host_type::ipvfuture) return bad(text, "unknown kind of address");
  u.host = to_lower(v.host_address());
  if (v.host_type() == urls::host_type::name && !is_name(u.host)) {
    return bad(text, concat("the host ", quote(u.host), " is not a name or an address"));
  }
  u.port = default_port(u.scheme);
  if (v.has_port() && !v.port().empty()) {
    u.port = v.port_number();
    if (u.port == 0) return bad(text, concat("the port ", quote(v.port()), " is not within 1..65535"));
  }
  u.path = v.encoded_path();
  if (u.path.empty()) u.path = "/";
  if (v.has_query()) u.query = v.encoded_query();
  return u;
}

bool url::loopback() const {
  if (host == "localhost") return true;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  return !ec && address.is_loopback();
}

std::string url::origin() const { return concat(scheme, "://", bracketed(host), ':', port); }
std::string url::target() const { return query.empty() ? path : concat(path, '?', query); }

std::string url::host_header() const {
  return port == default_port(scheme) ? bracketed(host) : concat(bracketed(host), ':', port);
}

std::string url::to_string() const { return concat(scheme, "://", host_header(), target()); }

url url::below(std::string_view suffix) const {
  while (!suffix.empty() && suffix.front() == '/') suffix.remove_prefix(1);
  url u = *this;
  while (!u.path.empty() && u.path.back() == '/') u.path.pop_back();
  u.path += '/';
  u.path += suffix;
  return u;
}

}  // namespace corchestra::net
