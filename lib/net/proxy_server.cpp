#include <corchestra/net/proxy_server.hpp>

#include <boost/url/pct_string_view.hpp>

#include <corchestra/base/text.hpp>

namespace corchestra::net {

namespace {

constexpr std::string_view expected = "expected [http://][USER[:PASSWORD]@]HOST[:PORT]: ";

bool is_text(std::string_view s) {
  for (const unsigned char c : s)
    if (c < 0x20 || c == 0x7f) return false;
  return true;
}

result<std::string> decoded(std::string_view text) {
  const auto view = boost::urls::make_pct_string_view(text);
  if (!view) return fail(errc::invalid_argument, "user or password are not percent-encoded");
  std::string out = view->decode();
  if (!is_text(out)) return fail(errc::invalid_argument, "user or password hold a control character");
  return out;
}

error bad_proxy(std::string_view why) { return fail(errc::invalid_argument, concat(expected, why)); }

}  // namespace

result<proxy_server> parse_proxy(std::string_view text) {
  const std::string_view mark = "://";
  const auto begin = text.find(mark);
  const std::string scheme = begin == text.npos ? "http" : to_lower(text.substr(0, begin));
  if (scheme != "http") return bad_proxy(concat("the scheme ", quote(scheme, 20), " is not supported"));
  std::string_view place = begin == text.npos ? text : text.substr(begin + mark.size());
  proxy_server out;
  if (const auto at = place.rfind('@'); at != place.npos) {
    const std::string_view user = place.substr(0, at);
    // What follows a colon may be a password that was not encoded: it must not come into a message.
    if (user.find_first_of("/?#@") != user.npos) return bad_proxy("user and password must be percent-encoded");
    const auto colon = user.find(':');
    const auto name = decoded(user.substr(0, colon));
    if (!name) return bad_proxy(name.error().message);
    if (name->find(':') != std::string::npos) return bad_proxy("the user holds a colon");
    const auto password = decoded(colon == user.npos ? std::string_view() : user.substr(colon + 1));
    if (!password) return bad_proxy(password.error().message);
    out.credentials = secret(concat(*name, ':', *password));
    place.remove_prefix(at + 1);
  }
  auto at = parse_url(concat("http://", place));
  if (!at) return bad_proxy(at.error().message);
  if (at->path != "/" || !at->query.empty()) return bad_proxy("a proxy has no path");
  out.at = std::move(*at);
  return out;
}

}  // namespace corchestra::net
