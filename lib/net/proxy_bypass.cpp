#include <corchestra/net/proxy_bypass.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

#include <corchestra/base/text.hpp>

namespace corchestra::net {

namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

std::string_view without_last_dot(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return name;
}

std::string canonical(std::string_view host, bool& is_address) {
  error_code ec;
  const auto address = ip::make_address(std::string(host), ec);
  is_address = !ec;
  return ec ? to_lower(without_last_dot(host)) : address.to_string();
}

template <class T>
bool read_number(std::string_view text, T& n, T most) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  return ec == std::errc() && end == text.data() + text.size() && n >= 0 && n <= most;
}

bool in_block(const std::string& host, const std::string& block, int prefix) {
  error_code ec;
  const auto address = ip::make_address(host, ec);
  if (ec) return false;
  const auto base = ip::make_address(block);
  if (address.is_v4() != base.is_v4()) return false;
  const auto bits = static_cast<unsigned short>(prefix);
  if (address.is_v4())
    return ip::network_v4(address.to_v4(), bits).canonical() == ip::network_v4(base.to_v4(), bits).canonical();
  return ip::network_v6(address.to_v6(), bits).canonical() == ip::network_v6(base.to_v6(), bits).canonical();
}

}  // namespace

proxy_bypass::proxy_bypass(std::string_view list) {
  constexpr std::string_view between = ", \t\r\n";
  for (auto begin = list.find_first_not_of(between); begin != list.npos; begin = list.find_first_not_of(between)) {
    list.remove_prefix(begin);
    std::string_view text = list.substr(0, list.find_first_of(between));
    list.remove_prefix(text.size());
    if (text == "*") everything_ = true;
    if (text.find('/') != text.npos) {
      add_block(text);
      continue;
    }
    entry e;
    const auto colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    // Of an IPv6 address without brackets the colons are its own.
    if (colon != text.npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon)) {
      if (!read_number<std::uint16_t>(text.substr(colon + 1), e.port, 65535) || e.port == 0) continue;
      text = text.substr(0, colon);
    }
    if (bracketed) {
      if (!text.ends_with(']')) continue;
      text = text.substr(1, text.size() - 2);
    }
    if (text.starts_with("*.")) text.remove_prefix(1);
    if (text.starts_with('.')) text.remove_prefix(1);
    if (text.empty() || text.find('*') != text.npos) continue;
    bool ignored = false;
    e.host = canonical(text, ignored);
    entries_.push_back(std::move(e));
  }
}

bool proxy_bypass::add_block(std::string_view text) {
  const auto slash = text.find('/');
  entry e;
  error_code ec;
  const auto base = ip::make_address(std::string(text.substr(0, slash)), ec);
  if (ec || !read_number(text.substr(slash + 1), e.prefix, base.is_v4() ? 32 : 128)) return false;
  e.host = base.to_string();
  entries_.push_back(std::move(e));
  return true;
}

bool proxy_bypass::matches(const url& target) const {
  if (everything_) return true;
  if (entries_.empty()) return false;
  bool is_address = false;
  const std::string host = canonical(target.host, is_address);
  for (const entry& e : entries_) {
    if (e.port != 0 && e.port != target.port) continue;
    if (e.prefix >= 0) {
      if (in_block(host, e.host, e.prefix)) return true;
    } else if (host == e.host) {
      return true;
    } else if (!is_address && host.size() > e.host.size() && host.ends_with(e.host) &&
               host[host.size() - e.host.size() - 1] == '.') {
      return true;
    }
  }
  return false;
}

}  // namespace corchestra::net
