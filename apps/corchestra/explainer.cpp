#include "explainer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <map>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra::program {

namespace {

constexpr std::size_t most_tasks = 20;

}  // namespace

struct explainer::state : std::enable_shared_from_this<state> {
  state(any_io_executor e, optional_duration p, std::function<void(const std::string&)> s)
      : executor(e),
        time(time_service::of(e)),
        signals(e, SIGUSR1),
        look(time.make_timer(e)),
        patience(p),
        show(std::move(s)),
        changed(time.now()) {}

  void listen() {
    signals.async_wait([self = shared_from_this()](boost::system::error_code ec, int) {
      if (ec || self->closed) return;
      self->explain(true);
      self->listen();
    });
  }

  void arm() {
    if (!patience || closed) return;
    look->async_wait_until(changed + *patience, [self = shared_from_this()](boost::system::error_code ec) {
      if (ec || self->closed) return;
      if (const time_point now = self->time.now(); now - self->changed >= *self->patience) {
        self->changed = now;
        self->explain(false);
      }
      self->arm();
    });
  }

  void explain(bool asked) {
    if (!watched) return;
    if (waiting.empty()) {
      if (asked) show("no task waits");
      return;
    }
    asio::co_spawn(executor, tell(shared_from_this()), [](std::exception_ptr) {});
  }

  static awaitable<void> tell(std::shared_ptr<state> self) {
    run r = *self->watched;
    std::vector<std::string> ids;
    for (const auto& [task, id] : self->waiting) {
      if (ids.size() == most_tasks) break;
      ids.push_back(id);
    }
    const std::size_t all = self->waiting.size();
    std::vector<std::string> lines{concat(all, all == 1 ? " task waits:" : " tasks wait:")};
    for (const auto& id : ids) {
      const result<std::vector<std::string>> causes = co_await r.why(id);
      if (causes.has_value()) lines.insert(lines.end(), causes->begin(), causes->end());
    }
    if (all > ids.size()) lines.push_back(concat("and ", all - ids.size(), " more"));
    if (self->closed) co_return;
    for (const auto& line : lines) self->show(line);
  }

  any_io_executor executor;
  time_service& time;
  asio::signal_set signals;
  std::unique_ptr<timer> look;
  optional_duration patience;
  std::function<void(const std::string&)> show;
  time_point changed;
  std::map<task_index, std::string> waiting;
  std::optional<run> watched;
  bool closed = false;
};

explainer::explainer(any_io_executor executor, optional_duration patience, std::function<void(const std::string&)> show)
    : state_(std::make_shared<state>(std::move(executor), patience, std::move(show))) {
  state_->listen();
}

explainer::~explainer() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->signals.cancel(ignored);
  state_->look->cancel();
}

void explainer::operator()(const event& e) {
  switch (e.type) {
    case event_type::task_submitted:
      state_->waiting.emplace(e.task, e.task_id);
      break;
    case event_type::attempt_ended:
      if (e.retry_in) state_->waiting.emplace(e.task, e.task_id);
      break;
    case event_type::attempt_started:
    case event_type::task_ended:
      state_->waiting.erase(e.task);
      state_->changed = e.at;
      break;
    default:
      break;
  }
}

void explainer::watch(run r) {
  state_->watched = std::move(r);
  state_->changed = state_->time.now();
  state_->arm();
}

}  // namespace corchestra::program
