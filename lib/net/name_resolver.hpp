#pragma once

#include <boost/asio/ip/address.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/time.hpp>

#include "net/deadline.hpp"

namespace corchestra::net {

using addresses = std::vector<asio::ip::address>;

/// Host name lookups: Asio does them one after another on one thread, so answers are kept for a while and equal
/// questions that are under way are asked once. Thread-safe.
class name_resolver : public std::enable_shared_from_this<name_resolver> {
 public:
  explicit name_resolver(any_io_executor executor) : executor_(std::move(executor)) {}

  /// At least one address, in the system's order of preference. Errors: `resolve_failed`, `timeout`.
  awaitable<result<addresses>> lookup(std::string host, const deadline& limits);
  /// After none of the addresses answered: ask again next time.
  void forget(const std::string& host);

 private:
  struct question;
  struct answer {
    addresses found;
    time_point at;
  };
  std::shared_ptr<question> ask(const std::string& host);
  void keep(const std::string& host, const addresses& found);

  any_io_executor executor_;
  std::mutex mutex_;
  std::map<std::string, answer> answers_;
  std::map<std::string, std::shared_ptr<question>> asked_;
};

}  // namespace corchestra::net
