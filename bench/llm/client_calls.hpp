#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include <corchestra/core/event.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/money.hpp>

#include "llm/nginx.hpp"

namespace corchestra::bench {

inline constexpr std::size_t connections = 64;

/// The chat client as one uses it: limits, the price of each call, an event of each call to a subscriber; 64 calls in
/// flight on one thread.
class client_calls {
 public:
  explicit client_calls(const nginx& server);

  /// Calls a second, of so many.
  double round(std::size_t calls);

 private:
  awaitable<void> worker(std::size_t& left);
  void ended(const llm::chat_response& reply);

  boost::asio::io_context io_{1};
  std::shared_ptr<llm::chat_model> model_;
  event_sink subscriber_;
  std::uint64_t events_ = 0;
  std::int64_t tokens_ = 0;
  llm::money cost_;
};

/// So many calls, then their number by the seconds of the wall clock.
double per_second(std::size_t calls, const std::function<void()>& work);

}  // namespace corchestra::bench
