#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/net/url.hpp>

namespace corchestra::net {

/// Which targets are reached without the proxy, as `NO_PROXY` lists them: entries between commas or blanks, each a host
/// name (its subdomains too, with or without a leading `.` or `*.`), an IP address, a block of addresses
/// (`10.0.0.0/8`), any of the first two with a `:port`, or `*` for every target. An entry that is none of these matches
/// nothing. Names are not looked up: addresses match targets that are written as addresses.
class proxy_bypass {
 public:
  proxy_bypass() = default;
  explicit proxy_bypass(std::string_view list);

  bool matches(const url& target) const;
  bool everything() const noexcept { return everything_; }

 private:
  struct entry {
    std::string host;        // of an address: its shortest form
    std::uint16_t port = 0;  // 0: any
    int prefix = -1;         // of a block of addresses; else -1
  };
  bool add_block(std::string_view text);

  std::vector<entry> entries_;
  bool everything_ = false;
};

}  // namespace corchestra::net
