#include <corchestra/batch/batch_job.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "batch/batch_run.hpp"

namespace corchestra::batch {

struct batch_job::impl {
  batch_options options;
  result_files::paths paths;
  opened_batch opened;
  wanted_count wanted;
  std::shared_ptr<batch_run> running;
};

result<batch_job> batch_job::open(batch_options options) {
  const result_files::paths paths(options.output);
  auto opened = open_batch(options, paths);
  if (opened.has_error()) return opened.error();
  auto i = std::make_shared<impl>(impl{std::move(options), paths, std::move(*opened), {}, {}});
  i->wanted = count_wanted(i->options, i->opened.state.lines);
  return batch_job(std::move(i));
}

const batch_input& batch_job::input() const noexcept { return *impl_->opened.state.input(); }
std::uint64_t batch_job::left() const { return impl_->wanted.pending; }
bool batch_job::resumed() const noexcept { return impl_->opened.resumed; }

cost_estimate batch_job::estimated_cost() const {
  cost_estimate whole = estimate(input(), impl_->options.prices ? *impl_->options.prices : llm::price_table());
  const auto part = [this](llm::money m) {
    const double share = static_cast<double>(left()) / static_cast<double>(input().requests);
    return llm::money::of(static_cast<std::int64_t>(static_cast<double>(m.micro_dollars()) * share), 1'000'000'000);
  };
  whole.likely = part(whole.likely);
  if (whole.most) whole.most = part(*whole.most);
  return whole;
}

batch_progress batch_job::progress(time_point now) const {
  if (impl_->running) return impl_->running->progress(now);
  return progress_of(impl_->opened.state, impl_->options, impl_->wanted);
}

void batch_job::drain() {
  if (impl_->running) impl_->running->stop(batch_end::drained);
}

void batch_job::cancel() {
  if (impl_->running) impl_->running->cancel();
}

awaitable<result<batch_result>> batch_job::run(std::shared_ptr<llm::api_client> client) {
  const std::shared_ptr<impl> self = impl_;
  self->running = std::make_shared<batch_run>(co_await asio::this_coro::executor, std::move(client), self->options,
                                              self->opened, self->wanted);
  result<batch_result> ended = co_await self->running->run();
  if (ended) {
    ended->output = self->paths.output;
    ended->errors = self->paths.errors;
    ended->state = self->paths.state;
  }
  co_return ended;
}

}  // namespace corchestra::batch
