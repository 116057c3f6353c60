#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <corchestra/base/text.hpp>
#include <corchestra/plan/plan_document.hpp>

#include "terminal.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

struct init_verb {
  std::string file = "plan.yaml";
  bool force = false;

  exit_code perform() const {
    if (file == "-") {
      print(plan_template());
      return exit_code::success;
    }
    if (!file.ends_with(".yaml") && !file.ends_with(".yml"))
      return refuse(concat("a plan to start from is YAML: expected a name that ends in .yaml or .yml, got ", quote(file)));
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666);
    if (fd < 0 && errno == EEXIST)
      return refuse(concat(quote(file), " exists: choose another name, or replace it with --force"));
    if (fd < 0) return refuse(concat("cannot write ", quote(file), ": ", std::generic_category().message(errno)));
    const std::string_view text = plan_template();
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int why = errno;
    ::close(fd);
    if (!written) return refuse(concat("cannot write ", quote(file), ": ", std::generic_category().message(why)));
    print(concat("wrote ", file, "; try: corchestra run ", file, " --simulate\n"));
    return exit_code::success;
  }

  static exit_code refuse(const std::string& message) {
    print_error(message);
    return exit_code::usage;
  }
};

}  // namespace

verb add_init(CLI::App& app) {
  auto v = std::make_shared<init_verb>();
  CLI::App* command = app.add_subcommand("init", "Write a commented plan to start from");
  command->add_option("FILE", v->file, "Where to; - is stdout")->capture_default_str();
  command->add_flag("--force", v->force, "Replace an existing file");
  command->footer(
      "Examples:\n"
      "  corchestra init\n"
      "  corchestra init report.yaml\n"
      "  corchestra init -");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
