#include <unistd.h>
#include <boost/asio/io_context.hpp>

#include <corchestra/base/text.hpp>

#include "arguments.hpp"
#include "conductor.hpp"
#include "log.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

struct run_verb {
  plan_arguments plan;
  setting_arguments settings;
  simulation_arguments simulation;
  color_arguments color;
  std::string output;
  bool force = false, as_json = false, quiet = false, ascii = false;

  exit_code perform() const {
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
    session_options o;
    o.plan = std::move(*document);
    o.settings = std::move(*s);
    o.output_folder = output;
    o.force = force;
    o.simulated = simulation.wanted();
    o.logger = *log;
    const auto ended = conduct(context, std::move(o), display());
    if (ended.has_error()) return refuse(ended.error());
    return report(*ended, endpoint);
  }

  // Human text leaves stdout to programs that read it.
  display_options display() const {
    display_options d;
    d.fd = as_json || ::isatty(STDOUT_FILENO) != 1 ? STDERR_FILENO : STDOUT_FILENO;
    d.terminal = color.look_at(d.fd);
    d.quiet = quiet;
    d.ascii = ascii;
    return d;
  }

  exit_code report(const session_result& r, const std::string& endpoint) const {
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
  command->add_option("-o,--output", v->output, "Folder for the results [corchestra-runs/RUN_ID]")->type_name("DIR");
  command->add_flag("--force", v->force, "Take a folder that is not empty: the files of an earlier run are replaced");
  v->simulation.add_to(*command);
  command->add_flag("--json", v->as_json, "Print summary.json on stdout and nothing else there");
  command->add_flag("-q,--quiet", v->quiet, "Show failures and the last line only");
  command->add_flag("--ascii", v->ascii, "ASCII characters only");
  v->color.add_to(*command);
  v->settings.add_to(*command);
  command->footer(
      "Examples:\n"
      "  corchestra run plan.yaml --simulate\n"
      "  OPENAI_API_KEY=... corchestra run plan.yaml --base-url https://api.openai.com/v1 --output results\n"
      "  corchestra run plan.yaml --base-url http://127.0.0.1:8081/v1 --model tinyllama\n"
      "  corchestra run batch.jsonl --agents agents.yaml --max-concurrent-tasks 50 --json > summary.json\n\n"
      "Ctrl-C lets running tasks finish and starts nothing new; a second one cancels them.\n"
      "Exit codes: 0 all tasks completed; 1 any other outcome; 2 bad usage, plan or configuration, nothing was run;\n"
      "3 no call reached the endpoint or passed its authentication; 130 interrupted.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
