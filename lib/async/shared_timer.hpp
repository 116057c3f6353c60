#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include <corchestra/async/time_service.hpp>

namespace corchestra::detail {

/// One timer for the next deadlines of many. It is armed only for one that is earlier than what it is armed for, and
/// stays armed over the gap between one run and the next: far deadlines, as nearly all are, then cost no system call.
/// Thread-safe.
class shared_timer : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit shared_timer(asio::execution_context& context) : asio::execution_context::service(context) {}
  static shared_timer& of(const any_io_executor& executor);

  /// Somebody with one deadline. `clear` before it is destroyed.
  class client : public boost::intrusive::set_base_hook<> {
   public:
    explicit client(const any_io_executor& executor) : client(executor, of(executor)) {}
    client(const any_io_executor& executor, shared_timer& timer) : executor_(executor), timer_(&timer) {}
    client(const client&) = delete;
    virtual ~client() = default;

    /// At `due` or later, once; a deadline that was set before is forgotten.
    void set(time_point due);
    /// The same, but a deadline from before the last `rest` may come true first. Costs little when that is not later than `due`.
    void set_again(time_point due);
    /// Wants nothing, but keeps its place for `set_again`.
    void rest();
    void clear();

    friend bool operator<(const client& a, const client& b) noexcept { return a.due_ < b.due_; }

   protected:
    /// What is to be done then, called on the executor; null when the client is about to be destroyed.
    virtual std::function<void()> when_due() = 0;

   private:
    friend shared_timer;
    // With the lock.
    void want();
    void want_not();

    any_io_executor executor_;
    shared_timer* timer_;
    time_point due_{};
    bool wants_ = false;
  };

 private:
  void shutdown() override;
  void arm(const any_io_executor& executor);
  void fire(const any_io_executor& executor, std::uint64_t arming);
  void look_later(const any_io_executor& executor);
  void look();

  static constexpr int patience = 3;
  std::mutex mutex_;
  boost::intrusive::multiset<client> clients_;
  std::size_t wanting_ = 0;  // of them, that do not rest
  std::unique_ptr<timer> timer_;
  time_point armed_ = time_point::max();
  std::uint64_t arming_ = 0;
  any_io_executor looks_on_;
  int looks_ = 0;  // still to come before a timer without clients is given up
};

}  // namespace corchestra::detail
