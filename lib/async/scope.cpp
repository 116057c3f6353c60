#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>

#include <corchestra/async/scope.hpp>

namespace corchestra {

struct scope::state : std::enable_shared_from_this<scope::state> {
  struct child {
    asio::cancellation_signal signal;
    bool begun = false;
    bool ended = false;
    bool cancelled = false;  // before it began
    std::exception_ptr failure;
    std::list<std::shared_ptr<child>>::iterator place;
  };

  /// What a child's coroutine calls at its end. Destroyed instead of called, the child goes with its context.
  class ending {
   public:
    ending(std::shared_ptr<state> s, std::shared_ptr<child> c) : state_(std::move(s)), child_(std::move(c)) {}
    ending(ending&&) noexcept = default;
    ~ending() {
      if (state_) state_->lose(child_);
    }
    void operator()(std::exception_ptr e) {
      const auto s = std::move(state_);
      s->end(child_, child_->failure ? child_->failure : e);
    }

   private:
    std::shared_ptr<state> state_;
    std::shared_ptr<child> child_;
  };

  explicit state(any_io_executor e) : executor(std::move(e)) {}

  void spawn(std::function<awaitable<void>()> f) {
    auto c = std::make_shared<child>();
    c->cancelled = cancelled;
    c->place = children.insert(children.end(), c);
    asio::co_spawn(executor, run(c, std::move(f)),
                   asio::bind_cancellation_slot(c->signal.slot(), ending(shared_from_this(), c)));
  }

  // Asio 1.28 loses the completion of a coroutine that is cancelled before it first runs, and throws out of its closing
  // post when it never suspended: so an unbegun child is only flagged, and the last step forbids throwing.
  static awaitable<void> run(std::shared_ptr<child> c, std::function<awaitable<void>()> f) {
    co_await asio::post(asio::use_awaitable);  // co_spawn may run us inline; a scope never does
    c->begun = true;
    if (!c->cancelled) {
      try {
        co_await f();
      } catch (...) {
        c->failure = std::current_exception();
      }
    }
    co_await asio::this_coro::throw_if_cancelled(false);
  }

  void cancel() {
    cancelled = true;
    for (const auto& c : children) {
      if (!c->begun) {
        c->cancelled = true;
        continue;
      }
      asio::post(executor, [c] {
        if (!c->ended) c->signal.emit(asio::cancellation_type::terminal);
      });
    }
  }

  void end(const std::shared_ptr<child>& c, std::exception_ptr e) {
    c->ended = true;
    children.erase(c->place);
    if (e && !failure && !(cancelled && is_aborted(e))) {
      failure = e;
      cancel();
    }
    if (children.empty() && joiner) {
      asio::post(executor, [j = std::move(joiner)]() mutable {
        auto slot = asio::get_associated_cancellation_slot(j);
        if (slot.is_connected()) slot.clear();
        std::move(j)();
      });
    }
  }

  // Children may use what whoever waits for them owns: that goes after the last of them.
  void lose(const std::shared_ptr<child>& c) noexcept {
    children.erase(c->place);
    if (children.empty()) std::exchange(joiner, nullptr) = nullptr;
  }

  static bool is_aborted(const std::exception_ptr& e) {
    try {
      std::rethrow_exception(e);
    } catch (const boost::system::system_error& x) {
      return x.code() == asio::error::operation_aborted;
    } catch (...) {
      return false;
    }
  }

  void wait(asio::any_completion_handler<void()> handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel();
      });
    }
    joiner = std::move(handler);
  }

  any_io_executor executor;
  std::list<std::shared_ptr<child>> children;
  asio::any_completion_handler<void()> joiner;
  std::exception_ptr failure;
  bool cancelled = false;
};

scope::scope(any_io_executor executor) : state_(std::make_shared<state>(std::move(executor))) {}

scope::~scope() {
  if (!state_->children.empty()) state_->cancel();
}

void scope::spawn(std::function<awaitable<void>()> f) { state_->spawn(std::move(f)); }
void scope::cancel() { state_->cancel(); }
std::size_t scope::size() const noexcept { return state_->children.size(); }

awaitable<void> scope::join() {
  const auto s = state_;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none && !s->children.empty()) s->cancel();
  while (!s->children.empty()) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [s](auto handler) { s->wait(std::move(handler)); }, asio::use_awaitable);
  }
  cancellation = co_await asio::this_coro::cancellation_state;
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (s->failure) std::rethrow_exception(std::exchange(s->failure, nullptr));
  if (throws && cancellation.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace corchestra
