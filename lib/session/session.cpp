#include <corchestra/session/session.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/shield.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/ids.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/core/preset.hpp>
#include <corchestra/monitor/records.hpp>
#include <corchestra/session/learned_durations.hpp>

#include "session/agent_factory.hpp"
#include "session/analysis_step.hpp"
#include "session/approvals.hpp"
#include "session/endpoint.hpp"
#include "session/late_run.hpp"
#include "session/prices.hpp"
#include "session/recorder.hpp"
#include "session/redaction.hpp"
#include "session/session_telemetry.hpp"

namespace corchestra {

namespace {

event_sink observed_by(event_sink first, event_sink second) {
  if (!first || !second) return first ? std::move(first) : std::move(second);
  return [first = std::move(first), second = std::move(second)](const event& e) {
    first(e);
    second(e);
  };
}

/// A session from its checked parts to its end.
class session {
 public:
  static awaitable<result<session_result>> conduct(session_options options);

 private:
  session(any_io_executor executor, session_options options)
      : executor_(std::move(executor)), time_(time_service::of(executor_)), options_(std::move(options)) {}

  result<void> prepare();
  awaitable<result<void>> analyze();
  result<run> start();
  static awaitable<run_result> wait(run r);
  bool simulated() const { return options_.simulated || (endpoint_ && endpoint_->simulated()); }
  /// Its replies took as long as the endpoint needs for them.
  bool real_times() const;
  void learn(const run_result& r);
  session_result finish(run_result ended);

  any_io_executor executor_;
  time_service& time_;
  session_options options_;
  std::string run_id_ = new_run_id();
  std::shared_ptr<endpoint_watch> endpoint_;
  std::shared_ptr<llm::output_capabilities> capabilities_ = std::make_shared<llm::output_capabilities>();
  agent_registry agents_;
  analysis_step step_;
  std::optional<analysis_result> analysis_;
  session_telemetry telemetry_;
  std::shared_ptr<recorder> recorder_;         // shared with the run's callbacks
  std::shared_ptr<standing_answers> answers_;  // also
  std::shared_ptr<late_run> run_ = std::make_shared<late_run>();  // for both
};

result<void> session::prepare() {
  const settings& s = options_.settings;
  auto endpoint = open_endpoint(executor_, s, options_.logger);
  if (endpoint.has_error()) return endpoint.error();
  endpoint_ = std::move(*endpoint);
  auto prices = prices_of(s);
  if (prices.has_error()) return prices.error();
  auto agents = make_agents(options_.plan, s, endpoint_, std::move(*prices), capabilities_);
  if (agents.has_error()) return agents.error();
  agents_ = std::move(*agents);
  for (const std::string& line : missing_programs(options_.plan))
    options_.logger.warn("session", concat(line, ": its tasks fail unless that changes before they start"));
  const auto step = plan_analysis_step(options_.plan, s, endpoint_ != nullptr);
  if (step.has_error()) return step.error();
  step_ = *step;
  run_options& about_run = options_.plan.plan.options;
  apply_settings(s, about_run);
  about_run.name = run_name_of(options_.plan);
  if (options_.approvals != approval_answers::wait) {
    answers_ = std::make_shared<standing_answers>(options_.approvals, run_);
  } else if (!options_.somebody_answers) {
    if (const auto checked = check_approvals(options_.plan); checked.has_error()) return checked.error();
  }
  apply_learned_durations(options_.plan, s);

  auto opened = session_telemetry::open(executor_, s, options_.logger);
  if (opened.has_error()) return opened.error();
  telemetry_ = std::move(*opened);
  about_run.trace = telemetry_.trace();

  auto path = options_.output_folder;
  if (path.empty()) path = std::filesystem::path("corchestra-runs") / run_id_;
  const redactor redact = make_redactor(s);
  auto folder = output_folder::open(std::move(path), options_.force, redact, options_.logger);
  if (folder.has_error()) return folder.error();
  const clock_anchor anchor = time_.anchor();
  auto observer = observed_by(telemetry_.observer(anchor), options_.on_event);
  // Whoever waits for the rest would pay for what nobody can read.
  auto on_loss = [run = run_, log = options_.logger] {
    log.error("session", "a result could not be written: nothing new is started");
    run->ask([](corchestra::run& r) { r.request_drain(); });
  };
  recorder_ = std::make_shared<recorder>(run_id_, anchor, std::move(*folder), redact, std::move(observer), std::move(on_loss));
  return {};
}

awaitable<result<void>> session::analyze() {
  if (!step_.left_out.empty()) options_.logger.warn("analysis", step_.left_out);
  if (!step_.wanted) co_return result<void>();
  recorder_->before_run(
      event_type::analysis_started, time_.now(),
      {{"tasks", options_.plan.plan.tasks.size()}, {"open", step_.open_tasks}, {"model", step_.model}});
  step_.headers = telemetry_.analysis_headers(run_id_);
  result<analysis_result> found = co_await run_analysis_step(step_, options_.plan.plan.tasks, endpoint_, capabilities_,
                                                             options_.settings, options_.simulated, options_.logger);
  if (found.has_error()) co_return found.error();
  analysis_ = std::move(*found);
  recorder_->before_run(event_type::analysis_ended, time_.now(), analysis_record(*analysis_));
  if (options_.on_analysis) options_.on_analysis(*analysis_);
  apply_analysis(options_.plan, *analysis_);
  co_return result<void>();
}

result<run> session::start() {
  orchestrator_options o;
  o.run_id = run_id_;
  o.logger = options_.logger;
  orchestrator orchestra(executor_, std::move(o));
  orchestra.agents() = agents_;
  run_callbacks callbacks;
  callbacks.on_event = [keeper = recorder_, answers = answers_](const event& e) {
    (*keeper)(e);
    if (answers) (*answers)(e);
  };
  auto started = orchestra.start(std::move(options_.plan.plan), std::move(callbacks));
  if (started.has_value()) run_->set(*started);
  return started;
}

awaitable<run_result> session::wait(run r) {
  try {
    run_result ended = co_await r.wait();
    co_return ended;
  } catch (const boost::system::system_error&) {
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  r.request_cancel("the session was cancelled");
  run_result ended = co_await r.wait();
  co_await asio::this_coro::reset_cancellation_state();
  co_return ended;
}

bool session::real_times() const {
  return !simulated() && options_.settings.replay.empty() && !(endpoint_ && endpoint_->remembered());
}

void session::learn(const run_result& r) {
  duration_file before;
  const auto kept = learned_durations_path(options_.settings, r.name);
  if (auto found = kept.empty() ? result<duration_file>(duration_file{}) : load_duration_file(kept);
      found.has_value()) {
    before = std::move(*found);
  }
  const std::string text = dump_json(durations_after(r, before), 2) + '\n';
  recorder_->folder().write("durations.json", text);
  if (!real_times() || kept.empty()) return;
  const auto written = write_file_atomically(kept, make_redactor(options_.settings)(text));
  if (written.has_error())
    options_.logger.warn("session", concat(written.error().message, "; durations are not learnt"));
}

session_result session::finish(run_result ended) {
  session_result r;
  r.run = std::move(ended);
  r.analysis = std::move(analysis_);
  r.output_folder = recorder_->folder().path();
  r.endpoint_unreachable = endpoint_ && endpoint_->unreachable();
  const summary_input about{r.run.run_id, r.run.name, r.run.state, r.run.reason, simulated()};
  r.summary = summary_record(about, r.run.metrics);
  r.summary["analysis"] = r.analysis ? analysis_summary(*r.analysis) : ordered_json(nullptr);
  r.summary["cost"] = recorder_->cost();
  r.time = recorder_->time();
  r.summary["lost_seconds"] = lost_seconds(r.time);
  if (!r.run.contention.empty()) r.summary["contention"] = contention_record(r.run.contention);
  if (!r.run.shared_state.empty()) r.summary["shared_state"] = r.run.shared_state;
  if (r.run.unsafe) r.summary["unsafe_ignore_dependencies"] = true;
  if (!r.run.quarantined.empty()) r.summary["quarantined"] = r.run.quarantined;
  learn(r.run);
  auto clean = ordered_json::parse(make_redactor(options_.settings)(dump_json(r.summary)), nullptr, false);
  if (!clean.is_discarded()) r.summary = std::move(clean);
  recorder_->finish(r.summary);
  r.output_error = recorder_->folder().failure();
  if (const auto lost = recorder_->folder().lost_results(); lost > 0)
    r.output_error->message += concat("; ", lost, lost == 1 ? " result is" : " results are", " missing from results.jsonl");
  return r;
}

awaitable<result<session_result>> session::conduct(session_options options) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  session s(executor, std::move(options));
  if (const auto ready = s.prepare(); ready.has_error()) co_return ready.error();

  result<void> analyzed;
  std::exception_ptr thrown;
  try {
    analyzed = co_await s.analyze();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    co_await asio::this_coro::reset_cancellation_state();
    analyzed = error_from_exception(thrown);
  }
  result<run> started = analyzed.has_error() ? result<run>(analyzed.error()) : s.start();
  if (started.has_error()) {
    s.recorder_->folder().discard();
    co_return started.error();
  }
  if (s.options_.on_started) s.options_.on_started(*started);
  run_result ended = co_await wait(*started);
  session_result r = s.finish(std::move(ended));
  co_await shield([&] { return s.telemetry_.finish(); });
  co_return r;
}

}  // namespace

void apply_settings(const settings& s, run_options& o) {
  if (!s.preset.empty()) (void)apply_preset(s.preset, o);
  if (s.max_concurrent_tasks) o.limits.max_concurrent_tasks = *s.max_concurrent_tasks;
  if (s.run_timeout) o.limits.run_timeout = *s.run_timeout;
  if (s.fail_fast) o.fail_fast = *s.fail_fast;
  if (s.mode) o.mode = *s.mode;
  if (s.unsafe_ignore_dependencies) o.unsafe_ignore_dependencies = *s.unsafe_ignore_dependencies;
  if (s.order) o.order = *s.order;
}

awaitable<result<session_result>> run_session(session_options options) {
  const redactor redact = make_redactor(options.settings);
  options.logger = redacted(options.logger, redact);
  result<session_result> r = co_await session::conduct(std::move(options));
  if (r.has_error()) co_return redacted(r.error(), redact);
  co_return r;
}

awaitable<result<plan_analysis>> analyze_plan(plan_document plan, settings s, bool simulated, logger log) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const redactor redact = make_redactor(s);
  log = redacted(log, redact);
  const auto endpoint = open_endpoint(executor, s, log);
  if (endpoint.has_error()) co_return redacted(endpoint.error(), redact);
  settings insisting = s;
  if (s.analysis == analysis_mode::automatic) insisting.analysis = analysis_mode::always;
  const auto step = plan_analysis_step(plan, insisting, *endpoint != nullptr);
  if (step.has_error()) co_return redacted(step.error(), redact);
  plan_analysis out;
  if (!step->wanted) co_return out;
  result<analysis_result> found =
      co_await run_analysis_step(*step, plan.plan.tasks, *endpoint, nullptr, s, simulated, log);
  if (found.has_error()) co_return redacted(found.error(), redact);
  out.analysis = std::move(*found);
  out.endpoint_unreachable = (*endpoint)->unreachable();
  co_return out;
}

}  // namespace corchestra
