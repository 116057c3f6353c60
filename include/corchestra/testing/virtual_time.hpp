#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/async/time_service.hpp>

namespace corchestra::testing {

/// An io_context whose time jumps to the next deadline whenever nothing is left to do: a day passes in microseconds,
/// and every run of a program is the same. Time starts at 0, the calendar at 2026-01-01. While a `time_hold` is alive
/// it waits for real events instead.
class virtual_time_context {
 public:
  virtual_time_context();
  /// With another order of what is ready, and of what is due, at the same moment: the seed decides. See
  /// interleaving_explorer.
  explicit virtual_time_context(std::uint64_t order_seed);
  ~virtual_time_context();

  boost::asio::io_context& context() noexcept;
  any_io_executor executor() noexcept;
  time_point now() const;
  std::uint64_t order() const noexcept;  ///< tells orders apart; the same for all without a seed

  /// Until no work and no deadline is left. Returns the number of times that time was moved.
  std::size_t run();
  /// Runs `work` as a coroutine to its end and gives back its value; rethrows what it throws. Throws when everything
  /// stands still before it has ended (a deadlock), or when virtual time passes `limit`.
  template <class T>
  T run(awaitable<T> work, duration limit = std::chrono::hours(24 * 365));

  /// Everything up to and including now + d.
  void advance(duration d);

 private:
  void drive(const std::function<bool()>& done, duration limit, std::size_t* moves);
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra::testing

#include <corchestra/testing/virtual_time_run.hpp>
