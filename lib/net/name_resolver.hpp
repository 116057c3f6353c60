#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
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
/// questions that are under way are asked once. An older answer stands in for one that fails or takes long.
/// Thread-safe.
class name_resolver : public std::enable_shared_from_this<name_resolver> {
 public:
  static constexpr duration fresh = std::chrono::seconds(30);
  static constexpr duration stale = std::chrono::minutes(10);    ///< beyond it an answer stands in for no other
  static constexpr duration patience = std::chrono::seconds(1);  ///< with a new answer while there is a stale one

  using on_answer = std::function<void(boost::system::error_code, addresses)>;
  /// Asks for a name and calls back once, never inline.
  using asker = std::function<void(std::string host, on_answer answered)>;

  explicit name_resolver(any_io_executor executor);
  name_resolver(any_io_executor executor, asker a) : executor_(std::move(executor)), ask_(std::move(a)) {}

  /// At least one address, in the system's order of preference. Errors: `resolve_failed`, `timeout`.
  awaitable<result<addresses>> lookup(std::string host, deadline& limits);
  /// After none of the addresses answered: ask again next time.
  void forget(const std::string& host);

 private:
  struct question;
  struct answer {
    addresses found;
    time_point at;
    time_point ask_again;
  };
  std::shared_ptr<question> ask(const std::string& host);
  void close(const std::string& host, const addresses& found);
  void postpone(const std::string& host);

  any_io_executor executor_;
  const asker ask_;
  std::mutex mutex_;
  std::map<std::string, answer> answers_;
  std::map<std::string, std::shared_ptr<question>> asked_;
};

}  // namespace corchestra::net
