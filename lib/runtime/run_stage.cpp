#include "runtime/run_stage.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <iterator>

#include "runtime/run_impl.hpp"
#include "runtime/run_strand.hpp"

namespace corchestra::detail {

namespace {

constexpr int patience = 3;  // turns of the executor: a completion, the next start, and what else may lie between

// An executor of another kind may have its own idea of whose turn it is. (And a strand around the erased executor copies
// it, with its own allocation, at every hop.)
any_io_executor strand_on(const any_io_executor& executor, strand_queue_ptr& queue) {
  constexpr std::size_t handlers = 32;
  const auto with = [&](auto strand) -> any_io_executor {
    queue = strand.queue();
    return strand;
  };
  if (const auto* plain = executor.target<asio::io_context::executor_type>()) return with(run_strand(*plain, handlers, &time_service::of(executor)));
  return with(run_strand(executor, 0));
}

}  // namespace

run_stage::run_stage(const any_io_executor& executor) : alarm(executor), strand_(strand_on(executor, queue_)) {}

run_stage::~run_stage() {
  for (const auto& w : workers) {
    if (w) w->parked = nullptr;
  }
}

void run_stage::keep(std::size_t most) {
  for (std::size_t i = most; i < workers.size(); ++i) {
    if (workers[i]) workers[i]->parked = nullptr;
  }
  if (most >= workers.size()) return;
  workers.resize(most);
  const auto gone = [most](std::uint32_t place) { return place >= most; };
  std::erase_if(idle, gone);
  std::erase_if(free_places, gone);
}

std::unique_ptr<run_stage> stage_pool::take() {
  std::unique_ptr<run_stage> stage;
  bool listed = false;
  {
    const std::lock_guard lock(mutex_);
    listed = std::exchange(listed_, true);
    if (!stages_.empty()) {
      stage = std::move(stages_.back());
      stages_.pop_back();
    }
  }
  if (!listed) shutdown_service::of(executor_).add(weak_from_this());
  return stage ? std::move(stage) : std::make_unique<run_stage>(executor_);
}

void stage_pool::add(entry& e) {
  const std::lock_guard lock(mutex_);
  runs_.push_back(e);
}

void stage_pool::remove(entry& e) noexcept {
  const std::lock_guard lock(mutex_);
  if (e.is_linked()) runs_.erase(runs_.iterator_to(e));
}

std::vector<std::shared_ptr<run_impl>> stage_pool::runs() const {
  std::vector<std::shared_ptr<run_impl>> all;
  const std::lock_guard lock(mutex_);
  for (const entry& e : runs_) {
    if (auto r = e.run.weak_from_this().lock()) all.push_back(std::move(r));  // else it is being destroyed
  }
  return all;
}

void stage_pool::give(std::unique_ptr<run_stage> stage) {
  stage->passed = 0;
  bool looking = false;
  {
    const std::lock_guard lock(mutex_);
    stages_.push_back(std::move(stage));
    looking = std::exchange(looking_, true);
  }
  if (!looking) look();
}

void stage_pool::look() {
  asio::post(executor_, [self = shared_from_this()] {
    std::vector<std::unique_ptr<run_stage>> old;
    bool again = false;
    {
      const std::lock_guard lock(self->mutex_);
      auto& stages = self->stages_;
      const auto stay = std::partition(stages.begin(), stages.end(), [](const auto& s) { return ++s->passed < patience; });
      old.assign(std::make_move_iterator(stay), std::make_move_iterator(stages.end()));
      stages.erase(stay, stages.end());
      self->looking_ = again = !stages.empty();
    }
    if (again) self->look();
    for (auto& s : old) {
      const any_io_executor strand = s->strand();
      asio::post(strand, [own = std::move(s)]() mutable { own.reset(); });
    }
  });
}

void stage_pool::shutdown() noexcept {
  for (const auto& r : runs()) r->shutdown();
  std::vector<std::unique_ptr<run_stage>> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(stages_);
  }
}

}  // namespace corchestra::detail
