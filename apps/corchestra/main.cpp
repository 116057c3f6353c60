#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <sstream>

#include <corchestra/base/text.hpp>
#include <corchestra/base/version.hpp>

#include "arguments.hpp"
#include "terminal.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

// Thousands of calls at once are thousands of sockets.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A closed stdin, stdout or stderr stays so for what is written to it, and its number goes to no file of ours.
void keep_standard_descriptors() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) == -1) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* o : command.get_options()) {
    for (const auto& name : o->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = closest(word, known);
  return near.empty() ? std::string() : concat(" (did you mean ", near, "?)");
}

std::string unexpected(const CLI::App& app, const CLI::App& command) {
  const auto extra = command.remaining();
  const std::string word = extra.empty() ? std::string() : extra.front();
  if (word.starts_with('-')) {
    const std::string name = word.substr(0, word.find('='));
    return concat("unknown option ", quote(name), suggestion(name, option_names(command)));
  }
  if (&app != &command) return concat("unexpected argument ", quote(word));
  std::vector<std::string> verbs;
  for (const CLI::App* c : app.get_subcommands([](const CLI::App*) { return true; })) verbs.push_back(c->get_name());
  return concat("unknown command ", quote(word), suggestion(word, verbs));
}

exit_code bad_usage(const CLI::App& app, const CLI::ParseError& e) {
  const auto chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  const std::string name = chosen.empty() ? "corchestra" : concat("corchestra ", command.get_name());
  std::string problem = one_line(e.what(), 500);
  if (dynamic_cast<const CLI::ExtrasError*>(&e)) problem = unexpected(app, command);
  if (chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&e))
    problem = app.remaining().empty() ? "a command is needed" : unexpected(app, command);
  write_to(2, concat(name, ": ", problem, "\ntry '", name, " --help'\n"));
  return exit_code::usage;
}

// The name of the first option that was given an empty value. Settings say themselves what they expect.
std::string without_value(const CLI::App& command) {
  for (const CLI::Option* o : command.get_options()) {
    const std::vector<std::string> given = o->results();
    const bool empty = std::find(given.begin(), given.end(), "") != given.end();
    if (empty && !o->get_group().empty() && o->get_group() != setting_arguments::group) return o->get_name();
  }
  return {};
}

exit_code run_program(int argc, char** argv) {
  CLI::App app(
      "Runs plans of LLM agent task calls, and batches of requests: concurrently, in dependency order, under limits.",
      "corchestra");
  app.set_version_flag("--version", concat("corchestra ", version));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      "Examples:\n"
      "  corchestra init                        a commented plan to start from\n"
      "  corchestra run plan.yaml --simulate    run it against the simulated model\n"
      "  corchestra batch lines.jsonl -o answers.jsonl\n"
      "  corchestra COMMAND --help              more of them");
  const std::vector<verb> verbs{add_run(app),  add_batch(app),    add_check(app),  add_analyze(app), add_schema(app),
                                add_init(app), add_simulate(app), add_config(app), add_plan(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    std::ostringstream text;
    app.exit(e, text, text);
    print(text.str());
    return exit_code::success;
  } catch (const CLI::ParseError& e) {
    return bad_usage(app, e);
  }
  const auto chosen = std::find_if(verbs.begin(), verbs.end(), [](const verb& v) { return v.command->parsed(); });
  if (const std::string name = without_value(*chosen->command); !name.empty()) {
    print_error(concat(name, ": expected a value, got ''"));
    return exit_code::usage;
  }
  return chosen->perform();
}

}  // namespace

}  // namespace corchestra::program

int main(int argc, char** argv) {
  using namespace corchestra;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  program::keep_standard_descriptors();
  program::raise_file_limit();
  try {
    const exit_code code = program::run_program(argc, argv);
    return static_cast<int>(code == exit_code::success && program::print_failed() ? exit_code::failure : code);
  } catch (const std::exception& x) {
    program::print_error(concat("internal error: ", x.what()));
  } catch (...) {
    program::print_error("internal error");
  }
  return static_cast<int>(exit_code::failure);
}
