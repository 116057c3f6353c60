#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/base/text.hpp>
#include <corchestra/batch/batch_report.hpp>
#include <corchestra/session/batch_session.hpp>

#include "arguments.hpp"
#include "batch_display.hpp"
#include "log.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

constexpr std::uint64_t most_calls = 100'000, most_requests = 1'000'000'000'000;

// The rest is about plans, chats, streams and telemetry.
bool is_heeded(std::string_view key) {
  constexpr std::string_view others[] = {"first_token_timeout",        "analysis",    "analysis_model", "preset",
                                         "max_concurrent_tasks",       "run_timeout", "fail_fast",      "mode",
                                         "unsafe_ignore_dependencies", "order",       "cache_folder"};
  if (key.starts_with("telemetry.") || key.starts_with("llm.")) return false;
  return std::find(std::begin(others), std::end(others), key) == std::end(others);
}

struct batch_verb {
  setting_arguments settings;
  simulation_arguments simulation;
  color_arguments color;
  std::string input, output, prompt, system, body, max_tokens, concurrency = "64", limit, sample, sample_seed = "0",
                                                               budget, ask_above = "5";
  bool ordered = false, retry_failed = false, dry_run = false, yes = false;
  bool as_json = false, quiet = false, ascii = false;

  exit_code perform() const {
    auto s = settings.load(nullptr);
    if (s.has_error()) return refuse(s.error());
    const auto log = make_log(s->log_level, color.look_at(STDERR_FILENO).color);
    if (log.has_error()) return refuse(log.error());
    auto o = options();
    if (o.has_error()) return refuse(o.error());
    const auto ask_from = parse_dollars(ask_above);
    if (ask_from.has_error()) return refuse(in_place(ask_from.error(), "--ask-above"));

    asio::io_context context(1);
    std::optional<testing::simulated_model> model;
    const std::string endpoint = simulation.wanted() ? "simulated" : s->base_url;
    if (simulation.wanted()) {
      auto started = simulation.start(context.get_executor(), *s, *log);
      if (started.has_error()) return refuse(started.error());
      model.emplace(std::move(*started));
    } else if (s->base_url.empty() && !dry_run) {
      return refuse(open_api(context.get_executor(), *s, 1, *log).error());
    }
    batch_display display;
    display.fd = as_json || ::isatty(STDOUT_FILENO) != 1 ? STDERR_FILENO : STDOUT_FILENO;
    display.shown = color.look_at(display.fd);
    display.quiet = quiet;
    display.ascii = ascii;
    batch::batch_console screen(console_for(display));
    o = with_settings(std::move(*o), *s);
    if (o.has_error()) return refuse(o.error());
    o->endpoint = endpoint;
    o->logger = logger_through(screen, *log, display);
    o->on_progress = [&screen, &display](const batch::batch_progress& p) {
      if (const terminal t = look_at(display.fd, true); t.interactive) screen.resize(t.width);
      screen(p);
    };
    auto job = batch::batch_job::open(std::move(*o));
    if (job.has_error()) return refuse(job.error());
    if (dry_run) return show(*job);
    if (auto agreed = agree(*job, *ask_from, display); agreed.has_error()) return refuse(agreed.error());
    if (!quiet)
      for (const auto& line : batch::plan_lines(*job)) screen.say(line);
    if (simulation.wanted() && !quiet) screen.say("The model is simulated: its answers are invented");
    auto client = open_api(context.get_executor(), *s,
                           static_cast<std::uint32_t>(*count_of("--concurrency", concurrency, 1, most_calls)),
                           logger_through(screen, *log, display));
    if (client.has_error()) return refuse(client.error());
    const auto ended = conduct(context, *job, std::move(*client), screen, display);
    if (ended.has_error()) {  // a file of the batch: what was answered before is kept
      print_error(ended.error().message);
      return exit_code::failure;
    }
    screen.finish(*ended);
    if (as_json) print(dump_json(batch::to_json_value(*ended), 2) + '\n');
    const exit_code code = exit_code_of(*ended);
    if (code == exit_code::unreachable)
      print_error(
          concat("no call reached ", endpoint, " or passed its authentication: check --base-url and OPENAI_API_KEY"));
    return code;
  }

  // Log lines between live ones would leave pieces of them behind.
  static logger logger_through(batch::batch_console& screen, const logger& log, const batch_display& d) {
    if (!d.shown.interactive || d.quiet || ::isatty(STDERR_FILENO) != 1) return log;
    return logger(log_level::trace, [&screen, log](log_level level, std::string_view source, std::string_view message) {
      if (log.enabled(level)) screen.say(concat(to_string(level), ": ", source, ": ", message));
    });
  }

  result<batch::batch_options> options() const {
    batch::batch_options o;
    o.input = input;
    o.output = output;
    if (output.empty())
      return fail(errc::invalid_argument, "--output: expected a file for the answers, such as answers.jsonl");
    for (const auto& [flag, value, to] :
         {std::tuple{"--prompt", &prompt, &o.requests.prompt}, std::tuple{"--system", &system, &o.requests.system}}) {
      auto text = text_or_file(*value);
      if (text.has_error()) return in_place(text.error(), flag);
      *to = std::move(*text);
    }
    if (!body.empty()) {
      const auto text = text_or_file(body);
      if (text.has_error()) return in_place(text.error(), "--body");
      const auto parsed = parse_json(*text);
      if (parsed.has_error()) return in_place(parsed.error(), "--body");
      if (!parsed->is_object()) return fail(errc::invalid_argument, "--body: expected a JSON object");
      o.requests.body = ordered_json::parse(*text, nullptr, false);
    }
    const auto calls = count_of("--concurrency", concurrency, 1, most_calls);
    if (calls.has_error()) return calls.error();
    o.concurrency = static_cast<std::uint32_t>(*calls);
    for (const auto& [flag, value, to] :
         {std::tuple{"--limit", &limit, &o.limit}, std::tuple{"--sample", &sample, &o.sample}}) {
      if (value->empty()) continue;
      const auto n = count_of(flag, *value, 1, most_requests);
      if (n.has_error()) return n.error();
      *to = *n;
    }
    const auto seed = count_of("--sample-seed", sample_seed, 0, std::numeric_limits<std::uint64_t>::max());
    if (seed.has_error()) return seed.error();
    o.sample_seed = *seed;
    if (!max_tokens.empty()) {
      const auto n = count_of("--max-tokens", max_tokens, 1, 100'000'000);
      if (n.has_error()) return n.error();
      o.requests.max_tokens = static_cast<std::int64_t>(*n);
    }
    if (!budget.empty()) {
      const auto dollars = parse_dollars(budget);
      if (dollars.has_error()) return in_place(dollars.error(), "--budget");
      o.budget = *dollars;
    }
    o.ordered = ordered;
    o.retry_failed = retry_failed;
    o.dry_run = dry_run;
    return o;
  }

  // Nobody finds out afterwards that it was expensive.
  result<void> agree(const batch::batch_job& job, const llm::money& ask_from, const batch_display& d) const {
    const batch::cost_estimate cost = job.estimated_cost();
    if (yes || !budget.empty() || cost.likely < ask_from) return {};
    const std::string about = concat("this batch costs ", batch::cost_words(cost));
    if (::isatty(STDIN_FILENO) != 1 || !d.shown.interactive)
      return fail(errc::invalid_argument, concat(about, ": give --yes, or a --budget"));
    write_to(d.fd, concat("Note: ", about, ". Go on? [y/N] "));
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return {};
    return fail(errc::cancelled, "nothing was sent");
  }

  exit_code show(const batch::batch_job& job) const {
    if (as_json) {
      print(dump_json(batch::plan_json(job), 2) + '\n');
    } else {
      for (const auto& line : batch::plan_lines(job)) print(line + '\n');
    }
    return exit_code::success;
  }

  static exit_code refuse(const error& e) {
    print_error(e.message);
    return exit_code_of(e);
  }
};

}  // namespace

verb add_batch(CLI::App& app) {
  auto v = std::make_shared<batch_verb>();
  CLI::App* c = app.add_subcommand("batch", "Send a file of requests, and keep what was answered whatever happens");
  c->add_option("input", v->input,
                "Requests: JSONL (OpenAI's batch lines, 'messages', 'prompt', or columns), or CSV columns")
      ->type_name("FILE")
      ->required();
  c->add_option("-o,--output", v->output, "File for the answers; failures and state go beside it")
      ->type_name("FILE")
      ->required();
  c->add_option("--prompt", v->prompt, "The question about each line of columns: 'Translate: ${text}', or @FILE")
      ->type_name("TEXT");
  c->add_option("--system", v->system, "Goes before each question; may have columns too, or be @FILE")
      ->type_name("TEXT");
  c->add_option("--max-tokens", v->max_tokens, "Longest answer of requests that are made here")->type_name("N");
  c->add_option("--body", v->body, "Further members of their bodies: '{\"temperature\": 0}', or @FILE")
      ->type_name("JSON");
  c->add_option("-c,--concurrency", v->concurrency, "Calls at a time, at most; fewer where the endpoint refuses more")
      ->type_name("N")
      ->capture_default_str();
  c->add_flag("--ordered", v->ordered, "Answers in the order of the input");
  c->add_option("--limit", v->limit, "Only the first N requests")->type_name("N");
  auto* sample = c->add_option("--sample", v->sample, "Only N requests from anywhere in the file")->type_name("N");
  c->add_option("--sample-seed", v->sample_seed, "Chooses another sample")
      ->type_name("N")
      ->capture_default_str()
      ->needs(sample);
  c->add_option("--budget", v->budget, "What all runs of this batch together may cost; it is never exceeded")
      ->type_name("USD");
  c->add_option("--ask-above", v->ask_above, "Ask before a batch that is expected to cost more")
      ->type_name("USD")
      ->capture_default_str();
  c->add_flag("-y,--yes", v->yes, "Do not ask");
  c->add_flag("--retry-failed", v->retry_failed, "Send those again that failed in earlier runs");
  c->add_flag("--dry-run", v->dry_run, "Check the input and say what it may cost; send and write nothing");
  v->simulation.add_to(*c);
  c->add_flag("--json", v->as_json, "Print the closing report as JSON on stdout and nothing else there");
  c->add_flag("-q,--quiet", v->quiet, "Show the closing report only");
  c->add_flag("--ascii", v->ascii, "ASCII characters only");
  v->color.add_to(*c);
  v->settings.add_to(*c, is_heeded);
  c->footer(
      "Examples:\n"
      "  corchestra batch requests.jsonl -o answers.jsonl --dry-run\n"
      "  corchestra batch requests.jsonl -o answers.jsonl --model gpt-4o-mini --budget 5\n"
      "  corchestra batch reviews.csv -o moods.jsonl --prompt 'Is this review kind? ${text}' --max-tokens 5\n"
      "  corchestra batch requests.jsonl -o answers.jsonl            again: goes on where it was ended, by whatever\n\n"
      "Ctrl-C lets what is in flight end and sends nothing more; a second one gives it up.\n"
      "Exit codes: 0 all done; 1 some failed or are left; 2 bad usage or input, nothing was sent;\n"
      "3 no call reached the endpoint or passed its authentication; 130 interrupted.");
  return {c, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
