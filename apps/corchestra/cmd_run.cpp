#include <unistd.h>
#include <boost/asio/io_context.hpp>

#include <corchestra/base/text.hpp>
#include <corchestra/session/learned_durations.hpp>

#include "arguments.hpp"
#include "conductor.hpp"
#include "log.hpp"
#include "questions.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

struct run_verb {
  plan_arguments plan;
  setting_arguments settings;
  simulation_arguments simulation;
  color_arguments color;
  std::vector<std::string> output;
  std::string approve, explain_after, log_style = "standard";
  bool force = false, as_json = false, quiet = false, ascii = false;

  exit_code perform() const {
    if (const auto sound = check_output(); sound.has_error()) return refuse(sound.error());
    auto shown = display();
    if (shown.has_error()) return refuse(shown.error());
    auto document = plan.load();
    if (document.has_error()) return refuse(document.error());
    auto s = settings.load(&*document);
    if (s.has_error()) return refuse(s.error());
    const auto log = make_log(s->log_level, color.look_at(STDERR_FILENO).color);
    if (log.has_error()) return refuse(log.error());
    const std::string endpoint = s->base_url;

    asio::io_context context(1);
    std::optional<testing::simulated_model> model;
    if (simulation.wanted()) {
      auto started = simulation.start(context.get_executor(), *s, *log);
      if (started.has_error()) return refuse(started.error());
      model.emplace(std::move(*started));
    }
    if (const auto answers = approvals(); answers.has_error()) return refuse(answers.error());
    apply_learned_durations(*document, *s);
    session_options o;
    o.approvals = *approvals();
    shown->asks = o.approvals == approval_answers::wait && questions::possible(shown->fd);
    o.somebody_answers = shown->asks;
    o.plan = std::move(*document);
    o.settings = std::move(*s);
    if (!output.empty()) o.output_folder = output.front();
    o.force = force;
    o.simulated = simulation.wanted();
    o.logger = *log;
    const auto ended = conduct(context, std::move(o), *shown);
    if (ended.has_error()) return refuse(ended.error());
    return report(*ended, endpoint);
  }

  result<void> check_output() const {
    if (output.size() > 1)
      return fail(errc::invalid_argument,
                  concat("--output: given twice: ", quote(output[0]), " and ", quote(output[1])));
    return {};
  }

  result<approval_answers> approvals() const {
    if (approve.empty()) return approval_answers::wait;
    if (approve == "all") return approval_answers::approve;
    if (approve == "none") return approval_answers::refuse;
    if (approve == "default") return approval_answers::standard;
    return fail(errc::invalid_argument, concat("--approve: expected all, none or default, got ", quote(approve)));
  }

  // Human text leaves stdout to programs that read it.
  result<display_options> display() const {
    display_options d;
    d.fd = as_json || ::isatty(STDOUT_FILENO) != 1 ? STDERR_FILENO : STDOUT_FILENO;
    d.terminal = color.look_at(d.fd);
    d.quiet = quiet;
    d.ascii = ascii;
    if (log_style == "classic") {
      d.style = console_style::classic;
    } else if (log_style != "standard") {
      return fail(errc::invalid_argument, concat("--log-style: expected standard or classic, got ", quote(log_style)));
    }
    if (!explain_after.empty()) {
      const auto patience = parse_duration(explain_after);
      if (patience.has_error() || *patience <= duration::zero())
        return fail(errc::invalid_argument,
                    concat("--explain-after: expected a duration above zero, at most 36500d, such as 30s, got ", quote(explain_after)));
      d.explain_after = *patience;
    }
    return d;
  }

  exit_code report(const session_result& r, const std::string& endpoint) const {
    if (r.run.unsafe) print_error("warning: dependencies were ignored (mode parallel): results may be wrong");
    for (const auto& name : r.run.quarantined)
      print_error(concat("warning: ", quote(name), " is still held by a task that was given up"));
    if (as_json) print(dump_json(r.summary, 2) + '\n');
    if (r.output_error) print_error(r.output_error->message);
    const exit_code code = exit_code_of(r);
    if (code == exit_code::unreachable)
      print_error(
          concat("no call reached ", endpoint, " or passed its authentication: check --base-url and OPENAI_API_KEY"));
    return code;
  }

  static exit_code refuse(const error& e) {
    print_error(e.message);
    return exit_code_of(e);
  }
};

}  // namespace

verb add_run(CLI::App& app) {
  auto v = std::make_shared<run_verb>();
  CLI::App* command = app.add_subcommand("run", "Run a plan and write its results");
  v->plan.add_to(*command);
  command->add_option("-o,--output", v->output, "Folder for the results [corchestra-runs/RUN_ID]")
      ->type_name("DIR")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command->add_flag("--force", v->force, "Take a folder that is not empty: the files of an earlier run are replaced");
  v->simulation.add_to(*command);
  command->add_flag("--json", v->as_json, "Print summary.json on stdout and nothing else there");
  command->add_flag("-q,--quiet", v->quiet, "Show failures and the last line only");
  command->add_flag("--ascii", v->ascii, "ASCII characters only");
  command->add_option("--log-style", v->log_style, "standard, or classic: the log lines of earlier systems")
      ->type_name("STYLE")
      ->capture_default_str();
  command
      ->add_option("--approve", v->approve,
                   "Answer every question of the plan: all, none, or default (what a rule says)")
      ->type_name("ANSWER");
  command
      ->add_option("--explain-after", v->explain_after,
                   "Tell why tasks wait whenever no task has begun or ended for so long: 30s")
      ->type_name("TIME");
  v->color.add_to(*command);
  v->settings.add_to(*command);
  command->footer(
      "Examples:\n"
      "  corchestra run plan.yaml --simulate\n"
      "  OPENAI_API_KEY=... corchestra run plan.yaml --base-url https://api.openai.com/v1 --output results\n"
      "  corchestra run plan.yaml --base-url http://127.0.0.1:8081/v1 --model tinyllama\n"
      "  corchestra run batch.jsonl --agents agents.yaml --max-concurrent-tasks 50 --json > summary.json\n\n"
      "A question of the plan (approval) is asked on the terminal; without one --approve or its time limit answers "
      "it.\n"
      "SIGUSR1 tells why tasks wait; SIGUSR2 pauses the run (nothing new starts), and lets it go on the next time.\n"
      "Ctrl-C lets running tasks finish and starts nothing new; a second one cancels them.\n"
      "Exit codes: 0 all tasks completed; 1 any other outcome; 2 bad usage, plan or configuration, nothing was run;\n"
      "3 no call reached the endpoint or passed its authentication; 130 interrupted.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
